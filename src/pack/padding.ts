/**
 * Padding: a zstd skippable frame (RFC 8878 section 3.1.2) that fills up to a
 * size which says little about what it covers. Decoders step over it.
 */
import { CorruptError } from "../errors.ts";

const MAGIC = 0x184d2a50;
/** Magic and length: no skippable frame is shorter. */
export const SKIPPABLE_HEADER_BYTES = 8;

/** The least power of two, from `least` on, that holds `size` bytes and either no padding or a whole header. */
export function paddedSize(size: number, least: number): number {
  let padded = least;
  while (padded < size || (padded > size && padded - size < SKIPPABLE_HEADER_BYTES)) padded *= 2;
  return padded;
}

/** Fills `space` with one skippable frame of zeros; nothing to do if it is empty. */
export function fillSkippable(space: Uint8Array): void {
  if (space.length === 0) return;
  if (space.length < SKIPPABLE_HEADER_BYTES) throw new RangeError("no room for a skippable frame");
  const view = new DataView(space.buffer, space.byteOffset, space.byteLength);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, space.length - SKIPPABLE_HEADER_BYTES, true);
  space.fill(0, SKIPPABLE_HEADER_BYTES);
}

/**
 * What is left behind a skippable frame; `bytes` itself if it begins with none.
 *
 * @throws {@link CorruptError} if the frame is longer than `bytes`.
 */
export function skipPadding(name: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length < SKIPPABLE_HEADER_BYTES) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return bytes;
  const end = SKIPPABLE_HEADER_BYTES + view.getUint32(4, true);
  if (end > bytes.length) throw new CorruptError(name, "its padding is longer than it");
  return bytes.subarray(end);
}
