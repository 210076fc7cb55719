/**
 * What is true of a repository as a whole, public and chained: `settings/<n>`
 * holds the hash of number n - 1. The repository's fingerprint is the hash of
 * settings 0.
 *
 * The first line is the body; every further line is a signature over the
 * bytes of the first, newline included.
 */
import { UsageError } from "../errors.ts";
import type { Fields } from "./fields.ts";
import { decodeBody, encodeLines } from "./lines.ts";

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

export interface Settings {
  /** The repository's id: 32 hexadecimal digits. */
  readonly repository: string;
  readonly n: number;
  /** SHA-256 of settings n - 1, in hex; absent in settings 0. */
  readonly previous?: string;
  readonly sizes: Sizes;
  /** Armored OpenPGP public keys: who can read. */
  readonly recipients: readonly string[];
}

export const DEFAULT_SIZES: Sizes = { chunk: 2 ** 20, segment: 2 ** 16, pack: 2 ** 24 };

const LIMITS: Record<keyof Sizes, readonly [number, number]> = {
  chunk: [2 ** 14, 2 ** 24],
  segment: [2 ** 12, 2 ** 20],
  pack: [2 ** 20, 2 ** 30],
};

export function encodeSettings(settings: Settings): Uint8Array {
  return encodeLines([{ varve: "settings", format: FORMAT, ...settings }]);
}

/**
 * @throws {@link UsageError} if a newer varve wrote them.
 * @throws {@link CorruptError} if they are no settings.
 */
export function decodeSettings(name: string, bytes: Uint8Array): Settings {
  const body = decodeBody(name, bytes, "settings");
  const format = body.integer("format");
  if (format !== FORMAT) {
    throw new UsageError(`${name} is of format ${format}; this varve reads format ${FORMAT}`);
  }
  const sizes = body.object("sizes");
  return {
    repository: body.hex("repository", 32),
    n: body.integer("n"),
    ...(body.has("previous") ? { previous: body.hex("previous", 64) } : {}),
    sizes: {
      chunk: sizeOf(sizes, "chunk"),
      segment: sizeOf(sizes, "segment"),
      pack: sizeOf(sizes, "pack"),
    },
    recipients: body.strings("recipients"),
  };
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
