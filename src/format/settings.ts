/**
 * What is true of a repository as a whole, public and chained: `settings/<n>`
 * holds the hash of number n - 1. The repository's fingerprint is the hash of
 * settings 0.
 *
 * They are a signed record (signed.ts): whoever can write to the store could
 * else add himself to those who can read.
 */
import { UsageError } from "../errors.ts";
import type { Fields } from "./fields.ts";
import { decodeOnlyLine, encodeLines } from "./lines.ts";
import { parseHost } from "./names.ts";
import type { ObjectHash } from "./object-hash.ts";
import { decodeObjectHash, HASH_DIGITS } from "./object-hash.ts";
import type { PacketVersion } from "./secret.ts";
import { decodePacketVersion } from "./secret.ts";
import { decodeFingerprint } from "./signed.ts";

/** The format that this version writes. 0: it may still change. */
export const FORMAT = 0;

export interface Sizes {
  /** The average chunk of a file, in bytes; a power of two. Trees use a sixteenth. */
  readonly chunk: number;
  /** Bytes of a tape in one sealed segment; a power of two. */
  readonly segment: number;
  /** Bytes of segments in a full pack, about; a power of two. */
  readonly pack: number;
}

/** An armored OpenPGP public key. */
export interface PublicKey {
  /** In hex, as far as signatures and people go by it. */
  readonly fingerprint: string;
  readonly key: string;
}

/** A machine that may back up, and the key that it signs with. */
export interface HostKey extends PublicKey {
  /** Several keys may have one name: a machine that was set up again has a new one. */
  readonly name: string;
  /** Whether it may also change settings, prune and delete. */
  readonly keeper: boolean;
}

export interface Settings {
  /** The repository's id: 32 hexadecimal digits. */
  readonly repository: string;
  readonly n: number;
  /** SHA-256 of settings n - 1, in hex; absent in settings 0. */
  readonly previous?: string;
  readonly sizes: Sizes;
  /** The packet format of new runs: 2 if all recipients read it. */
  readonly packets: PacketVersion;
  /** Who can read. */
  readonly recipients: readonly PublicKey[];
  readonly hosts: readonly HostKey[];
  /** The key messages that count: what else lies below `keys/` was put there by somebody. */
  readonly keys: readonly KeyMessage[];
}

/** An object `keys/<n>.pgp`. */
export interface KeyMessage extends ObjectHash {
  /** How many session keys of earlier runs are in it. */
  readonly sessions: number;
}

export const DEFAULT_SIZES: Sizes = { chunk: 2 ** 20, segment: 2 ** 16, pack: 2 ** 24 };

const LIMITS: Record<keyof Sizes, readonly [number, number]> = {
  chunk: [2 ** 14, 2 ** 24],
  segment: [2 ** 12, 2 ** 20],
  pack: [2 ** 20, 2 ** 30],
};

/** The body of settings, to be signed. */
export function encodeSettings(settings: Settings): Uint8Array {
  return encodeLines([{ varve: "settings", format: FORMAT, ...settings }]);
}

/**
 * @param body - without its signatures.
 * @throws {@link UsageError} if a newer varve wrote them.
 * @throws {@link CorruptError} if they are no settings.
 */
export function decodeSettings(name: string, body: Uint8Array): Settings {
  const line = decodeOnlyLine(name, body, "settings");
  const format = line.integer("format");
  if (format !== FORMAT) {
    throw new UsageError(`${name} is of format ${format}; this varve reads format ${FORMAT}`);
  }
  const sizes = line.object("sizes");
  return {
    repository: line.hex("repository", 32),
    n: line.integer("n"),
    ...(line.has("previous") ? { previous: line.hex("previous", HASH_DIGITS) } : {}),
    sizes: {
      chunk: sizeOf(sizes, "chunk"),
      segment: sizeOf(sizes, "segment"),
      pack: sizeOf(sizes, "pack"),
    },
    packets: decodePacketVersion(line),
    recipients: line.objects("recipients").map(publicKey),
    hosts: line.objects("hosts").map((host) => ({
      name: parseHost(host.name, host.value("name")),
      ...publicKey(host),
      keeper: host.boolean("keeper"),
    })),
    keys: line.objects("keys").map((key) => ({
      ...decodeObjectHash(key, "keys"),
      sessions: key.integer("sessions"),
    })),
  };
}

function publicKey(fields: Fields): PublicKey {
  return { fingerprint: decodeFingerprint(fields, "fingerprint"), key: fields.string("key") };
}

/** @throws {@link UsageError} if a size is out of its range or no power of two. */
export function checkSizes(sizes: Sizes): void {
  for (const field of ["chunk", "segment", "pack"] as const) {
    const [least, most] = LIMITS[field];
    if (!isSize(sizes[field], field)) {
      throw new UsageError(`--${field}-size should be a power of two from ${least} to ${most}`);
    }
  }
}

function sizeOf(sizes: Fields, field: keyof Sizes): number {
  const value = sizes.integer(field);
  return isSize(value, field) ? value : sizes.fail(field, "a power of two in its range");
}

function isSize(value: number, field: keyof Sizes): boolean {
  const [least, most] = LIMITS[field];
  return value >= least && value <= most && Number.isInteger(Math.log2(value));
}
