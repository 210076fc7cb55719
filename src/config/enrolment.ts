/**
 * What makes this machine a host of a repository: the repository secret, and
 * the fingerprint that was seen first. Both are in one file that only its owner
 * may read. Nothing in it reads what was backed up.
 */
import { join } from "node:path";
import { CorruptError } from "../errors.ts";
import { encodeBase64 } from "../format/fields.ts";
import { decodeLine } from "../format/lines.ts";
import { KEY_BYTES } from "../format/secret.ts";
import type { Places } from "./places.ts";
import { readPrivate, writePrivate } from "./private-file.ts";

export interface Enrolment {
  /** The repository's id. */
  readonly repository: string;
  /** SHA-256 of settings 0, in hex: another repository that pretends to be this one is refused. */
  readonly fingerprint: string;
  readonly secret: Uint8Array;
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
  const fingerprint = fields.string("fingerprint");
  return { repository, fingerprint, secret: fields.bytes("secret", KEY_BYTES) };
}

export async function writeEnrolment(places: Places, enrolment: Enrolment): Promise<void> {
  const { repository, fingerprint, secret } = enrolment;
  const text = JSON.stringify({ repository, fingerprint, secret: encodeBase64(secret) });
  await writePrivate(pathOf(places, repository), `${text}\n`);
}

function pathOf(places: Places, repository: string): string {
  return join(places.hosts, `${repository}.json`);
}
