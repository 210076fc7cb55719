/** The slow, obvious twin of assembly/gear.ts: what a chunk is, word for word. */
import type { ChunkSizes } from "../../src/chunker/sizes.ts";

/** The lengths of all chunks of a stream. */
export function chunkLengths(bytes: Uint8Array, table: Uint32Array, sizes: ChunkSizes): number[] {
  const lengths: number[] = [];
  for (let start = 0; start < bytes.length; start += lengths.at(-1) ?? 0) {
    lengths.push(chunkLength(bytes.subarray(start), table, sizes));
  }
  return lengths;
}

/** The length of the first chunk of a stream. */
export function chunkLength(bytes: Uint8Array, table: Uint32Array, sizes: ChunkSizes): number {
  const { min, average, max } = sizes;
  const bits = Math.log2(average);
  const limitBelowAverage = 2 ** (32 - (bits + 2));
  const limitFromThere = 2 ** (32 - (bits - 2));
  let h = 0;
  for (let i = min - 32; i < bytes.length; i++) {
    h = ((h << 1) + (table[bytes[i] ?? 0] ?? 0)) >>> 0;
    const length = i + 1;
    const limit = length < average ? limitBelowAverage : limitFromThere;
    if (length >= min && h < limit) return length;
    if (length === max) return max;
  }
  return bytes.length;
}
