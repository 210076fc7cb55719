/** zstd frames written by hand, after RFC 8878 section 3.1.1: honest ones and others. */

/** Blocks of 5 bytes: 3 bytes of header (last, type, size), then `hello`, or what is repeated. */
export const RAW_BLOCK: readonly number[] = [0x29, 0, 0, 104, 101, 108, 108, 111];
export const NOT_LAST_RAW_BLOCK: readonly number[] = [0x28, 0, 0, 104, 101, 108, 108, 111];
export const RLE_BLOCK: readonly number[] = [0x2b, 0, 0, 104];
export const RESERVED_BLOCK: readonly number[] = [0x2f, 0, 0, 104, 101, 108, 108, 111];

export const SKIPPABLE_FRAME: readonly number[] = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0];

export interface FrameParts {
  /** Bytes of the content size field: 0, 1, 2, 4 or 8. */
  sizeBytes: 0 | 1 | 2 | 4 | 8;
  contentSize: number;
  /** Absent in a single segment. A byte of exponent and mantissa. */
  window?: number;
  dictionaryId?: readonly number[];
  checksum?: readonly number[];
  blocks: readonly number[];
}

export function frameOf(parts: FrameParts): Uint8Array {
  const { sizeBytes, contentSize, window, dictionaryId = [], checksum = [], blocks } = parts;
  const size = new DataView(new ArrayBuffer(8));
  size.setBigUint64(0, BigInt(contentSize - (sizeBytes === 2 ? 256 : 0)), true);
  const descriptor =
    (sizeBytes <= 1 ? 0 : Math.log2(sizeBytes) << 6) |
    (window === undefined ? 0x20 : 0) |
    (checksum.length > 0 ? 4 : 0) |
    [0, 1, 2, 4].indexOf(dictionaryId.length);
  return Uint8Array.from([
    ...[0x28, 0xb5, 0x2f, 0xfd, descriptor],
    ...(window === undefined ? [] : [window]),
    ...dictionaryId,
    ...new Uint8Array(size.buffer, 0, sizeBytes),
    ...blocks,
    ...checksum,
  ]);
}
