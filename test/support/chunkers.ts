/** Every form of the chunker: they all have to cut alike. */
import { Chunker } from "../../src/chunker/chunker.ts";
import type { Kernel } from "../../src/chunker/kernel.ts";
import { createKernel } from "../../src/chunker/kernel.ts";
import type { ChunkSizes } from "../../src/chunker/sizes.ts";

export interface Form {
  readonly name: string;
  make(table: Uint32Array, sizes: ChunkSizes, windowBytes: number): Chunker;
}

export const forms: readonly Form[] = (["release", "debug"] as const).flatMap((build) =>
  (["cut", "cutPlain"] as const).map((form) => ({
    name: `${form} of the ${build} build`,
    make: (table, sizes, windowBytes) => {
      const kernel: Kernel = createKernel(build, table, windowBytes);
      return new Chunker({ window: kernel.window, cut: kernel[form] }, sizes);
    },
  })),
);

/** What `split` does, for a stream that comes in reads of at most so many bytes. */
export function lengthsOfReads(
  chunker: Chunker,
  bytes: Uint8Array,
  readBytes: () => number,
): number[] {
  const { window } = chunker;
  const lengths: number[] = [];
  let read = 0;
  let from = 0;
  let to = 0;
  while (read < bytes.length) {
    if (to === window.length) {
      window.copyWithin(0, from, to);
      to -= from;
      from = 0;
    }
    const piece = bytes.subarray(read, read + Math.min(readBytes(), window.length - to));
    window.set(piece, to);
    read += piece.length;
    to += piece.length;
    for (let length = chunker.next(from, to); length > 0; length = chunker.next(from, to)) {
      lengths.push(length);
      from += length;
    }
  }
  if (from < to) lengths.push(to - from);
  return lengths;
}
