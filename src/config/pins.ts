/**
 * What this machine remembers of repositories, one small file for each. It
 * holds no secret, but whoever can change it can make this machine believe in
 * another repository: only its owner may.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { AccessError } from "../errors.ts";
import type { Fields } from "../format/fields.ts";
import { decodeLine } from "../format/lines.ts";
import type { ObjectHash } from "../format/object-hash.ts";
import { decodeObjectHash, HASH_DIGITS } from "../format/object-hash.ts";
import type { Places } from "./places.ts";
import { readPrivate, writePrivate } from "./private-file.ts";

/** What is remembered of a repository. */
export interface Pin {
  /** The repository's id. */
  readonly repository: string;
  readonly fingerprint: string;
  /** The newest settings that were accepted. */
  readonly settings: { readonly n: number; readonly hash: string };
  /** The newest that were seen: perhaps nobody has agreed to them yet. */
  readonly seen: { readonly n: number; readonly hash: string };
  /** Addresses where it was found. */
  readonly locations: readonly string[];
  /** For each host the last ends of its chain that were seen. */
  readonly heads: Readonly<Record<string, readonly ObjectHash[]>>;
  /** Ends that are missing, and that the user knows of. */
  readonly missed: readonly string[];
}

/** @returns nothing if the repository was never seen. */
export async function readPin(places: Places, repository: string): Promise<Pin | undefined> {
  const path = pathOf(places, repository);
  const text = await readPrivate(path);
  return text === undefined ? undefined : decodePin(decodeLine(path, text));
}

/** The repositories that were found at an address. */
export async function pinsAt(places: Places, location: string): Promise<Pin[]> {
  const pins: Pin[] = [];
  for (const name of await namesIn(places.pins)) {
    const pin = name.endsWith(SUFFIX)
      ? await readPin(places, name.slice(0, -SUFFIX.length))
      : undefined;
    if (pin?.locations.includes(location)) pins.push(pin);
  }
  return pins;
}

/** On the disk when it returns. @throws {@link UnavailableError} if it cannot be written. */
export async function writePin(places: Places, pin: Pin): Promise<void> {
  await writePrivate(pathOf(places, pin.repository), `${JSON.stringify(pin)}\n`);
}

const SUFFIX = ".json";

function pathOf(places: Places, repository: string): string {
  return join(places.pins, repository + SUFFIX);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new AccessError(`cannot read ${directory}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function decodePin(fields: Fields): Pin {
  const mark = (name: string) => {
    const settings = fields.object(name);
    return { n: settings.integer("n"), hash: settings.hex("hash", HASH_DIGITS) };
  };
  const heads = fields.object("heads");
  return {
    repository: fields.hex("repository", 32),
    fingerprint: fields.hex("fingerprint", HASH_DIGITS),
    settings: mark("settings"),
    seen: mark("seen"),
    locations: fields.strings("locations"),
    heads: Object.fromEntries(
      heads
        .names()
        .map((host) => [host, heads.objects(host).map((head) => decodeObjectHash(head, "end"))]),
    ),
    missed: fields.strings("missed"),
  };
}
