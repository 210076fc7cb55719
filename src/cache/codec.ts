/**
 * The bytes of keys and values that more than one table uses. Numbers are
 * big-endian, so that keys sort by value.
 */
import type { RunName } from "../format/names.ts";
import type { Place } from "../format/table.ts";

/** What {@link Place} says, but the run by its local number (runs.ts). */
export type LocalPlace = Omit<Place, "run"> & { readonly runNumber: number };

export const PLACE_BYTES = 24;

export function encodePlace(target: Buffer, at: number, place: LocalPlace): void {
  target.writeUInt32BE(place.runNumber, at);
  target.writeUInt16BE(place.tape, at + 4);
  target.writeUIntBE(place.offset, at + 6, 6);
  target.writeUInt32BE(place.length, at + 12);
  target.writeUInt32BE(place.within, at + 16);
  target.writeUInt32BE(place.size, at + 20);
}

/** The inverse of {@link encodePlace}, once somebody knows the run; what follows is left alone. */
export function decodePlace(bytes: Buffer, run: RunName): Place {
  // Field by field: it is asked for every chunk, and a spread takes four times as long.
  return {
    run,
    tape: bytes.readUInt16BE(4),
    offset: bytes.readUIntBE(6, 6),
    length: bytes.readUInt32BE(12),
    within: bytes.readUInt32BE(16),
    size: bytes.readUInt32BE(20),
  };
}

/** The number of the run in a place, for {@link decodePlace}. */
export function placeRun(bytes: Buffer): number {
  return bytes.readUInt32BE(0);
}

/** Of a place, only what tells its segments. */
export function decodeExtent(bytes: Buffer): {
  runNumber: number;
  tape: number;
  offset: number;
  length: number;
} {
  return {
    runNumber: bytes.readUInt32BE(0),
    tape: bytes.readUInt16BE(4),
    offset: bytes.readUIntBE(6, 6),
    length: bytes.readUInt32BE(12),
  };
}

/** Where a group of segments lies on its tape. */
export interface Span {
  readonly runNumber: number;
  readonly tape: number;
  readonly first: number;
  readonly count: number;
}

export const SPAN_BYTES = 16;

export function encodeSpan({ runNumber, tape, first, count }: Span): Buffer {
  const bytes = Buffer.allocUnsafe(SPAN_BYTES);
  bytes.writeUInt32BE(runNumber, 0);
  bytes.writeUInt16BE(tape, 4);
  bytes.writeUIntBE(first, 6, 6);
  bytes.writeUInt32BE(count, 12);
  return bytes;
}

/** The inverse of {@link encodeSpan}; what follows the span is left alone. */
export function decodeSpan(bytes: Buffer): Span {
  return {
    runNumber: bytes.readUInt32BE(0),
    tape: bytes.readUInt16BE(4),
    first: bytes.readUIntBE(6, 6),
    count: bytes.readUInt32BE(12),
  };
}

/** The key behind all keys that begin with `prefix`; nothing if there can be none. */
export function behindPrefix(prefix: Uint8Array): Buffer | undefined {
  const key = Buffer.from(prefix);
  for (let at = key.length - 1; at >= 0; at -= 1) {
    if (key[at] !== 0xff) {
      key[at] = (key[at] ?? 0) + 1;
      return key.subarray(0, at + 1);
    }
  }
  return undefined;
}
