/**
 * What makes this machine a host of a repository: the repository secret, and
 * the key that signs what it commits. Both are in one file that only its owner
 * may read. Nothing in it reads what was backed up.
 *
 * A machine that backs others up is a host under their names as well, each with
 * a key of its own, in a file of its own.
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

/** Whether it is the machine's name, or one that was named for some runs only. */
export type NameKind = "own" | "named";

/**
 * What makes this machine a host of a repository under its own name, or under the one named.
 *
 * @returns nothing if it is none.
 */
export async function readEnrolment(
  places: Places,
  repository: string,
  named?: string,
): Promise<Enrolment | undefined> {
  const own = await readAt(ownPath(places, repository), repository);
  if (named === undefined || own?.host === named) return own;
  const path = namedPath(places, repository, named);
  const enrolment = await readAt(path, repository);
  if (enrolment === undefined || enrolment.host === named) return enrolment;
  throw new CorruptError(path, `it belongs to host ${enrolment.host}`);
}

async function readAt(path: string, repository: string): Promise<Enrolment | undefined> {
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
export async function writeEnrolment(
  places: Places,
  enrolment: Enrolment,
  kind: NameKind = "own",
): Promise<void> {
  const { secret, ...rest } = enrolment;
  const { repository, host } = rest;
  const text = JSON.stringify({ ...rest, secret: encodeBase64(secret) });
  const path = kind === "own" ? ownPath(places, repository) : namedPath(places, repository, host);
  await writePrivate(path, `${text}\n`);
}

/** Forgets it: nothing came of it. */
export async function dropEnrolment(places: Places, repository: string): Promise<void> {
  await rm(ownPath(places, repository), { force: true });
}

function ownPath(places: Places, repository: string): string {
  return join(places.hosts, `${repository}.json`);
}

function namedPath(places: Places, repository: string, host: string): string {
  return join(places.hosts, `${repository}.${host}.json`);
}
