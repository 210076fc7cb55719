/**
 * What makes this machine a host of a repository: the repository secret, and
 * the key that signs what it commits. Both are in one file that only its owner
 * may read. Nothing in it reads what was backed up.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CorruptError } from "../errors.ts";
import { encodeBase64 } from "../format/fields.ts";
import { decodeLine } from "../format/lines.ts";
import { parseHost } from "../format/names.ts";
import { KEY_BYTES } from "../format/secret.ts";
import type { Places } from "./places.ts";
import { readPrivate, writePrivate } from "./private-file.ts";

export interface Enrolment {
  /** The repository's id. */
  readonly repository: string;
  /** The name that this machine has in it. */
  readonly host: string;
  readonly secret: Uint8Array;
  /** An armored private key, not locked: it opens nothing. */
  readonly signingKey: string;
}

/** @returns nothing if this machine is no host of the repository. */
export async function readEnrolment(
  places: Places,
  repository: string,
): Promise<Enrolment | undefined> {
  const path = pathOf(places, repository);
  const text = await readPrivate(path);
  if (text === undefined) return undefined;
  const fields = decodeLine(path, text);
  if (fields.value("repository") !== repository) {
    throw new CorruptError(path, "it belongs to another repository");
  }
  return {
    repository,
    host: parseHost(path, fields.value("host")),
    secret: fields.bytes("secret", KEY_BYTES),
    signingKey: fields.string("signingKey"),
  };
}

/** On the disk when it returns. @throws {@link UnavailableError} if it cannot be written. */
export async function writeEnrolment(places: Places, enrolment: Enrolment): Promise<void> {
  const { secret, ...rest } = enrolment;
  const text = JSON.stringify({ ...rest, secret: encodeBase64(secret) });
  await writePrivate(pathOf(places, enrolment.repository), `${text}\n`);
}

/** Forgets it: nothing came of it. */
export async function dropEnrolment(places: Places, repository: string): Promise<void> {
  await rm(pathOf(places, repository), { force: true });
}

function pathOf(places: Places, repository: string): string {
  return join(places.hosts, `${repository}.json`);
}
