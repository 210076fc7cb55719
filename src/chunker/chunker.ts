/**
 * Content-defined chunking: cuts a byte stream where its content says so, so
 * that an insertion moves the cuts around it and leaves the others in place.
 *
 * The scan runs in WebAssembly (assembly/gear.ts). Callers read straight into
 * its memory, through `window`, and ask for one chunk after the other. Each is
 * judged from its own start and nothing is kept from call to call: a stream may
 * be taken up again at any of its cuts.
 *
 * Cuts belong to the repository format. The same table, sizes and bytes give
 * the same cuts in every version; test/vectors/cuts.json holds them to that.
 */
import type { Cut, Kernel } from "./kernel.ts";
import { createKernel } from "./kernel.ts";
import type { ChunkSizes } from "./sizes.ts";
import { areSound } from "./sizes.ts";

/**
 * Makes a chunker with a window of its own. Any number of them may live side by side.
 *
 * @param table - 256 entries, one per byte value; keyed: who lacks them cannot foretell the cuts.
 * @param windowBytes - room for the largest chunk, at least. What lies behind the
 * last cut of a window is scanned again: make it several times as large.
 * @throws RangeError if one of them makes no sense.
 */
export function createChunker(table: Uint32Array, sizes: ChunkSizes, windowBytes: number): Chunker {
  return new Chunker(createKernel("release", table, windowBytes), sizes);
}

/** Finds the chunks of what its window holds. */
export class Chunker {
  /**
   * The caller's to fill, and never detached. WebAssembly reads it in place, and
   * so can `fs.readSync`, hashes and ciphers.
   */
  readonly window: Uint8Array;
  readonly #cut: Cut;
  readonly #sizes: ChunkSizes;

  /** @see {@link createChunker} */
  constructor(kernel: Pick<Kernel, "window" | "cut">, sizes: ChunkSizes) {
    if (!areSound(sizes)) {
      throw new RangeError(`no chunk sizes: ${sizes.min}, ${sizes.average}, ${sizes.max}`);
    }
    if (kernel.window.length < sizes.max) {
      throw new RangeError(
        `a window of ${kernel.window.length} bytes cannot hold a chunk of ${sizes.max}`,
      );
    }
    this.window = kernel.window;
    this.#cut = kernel.cut;
    this.#sizes = sizes;
  }

  /**
   * The length of the chunk that begins at `window[from]`, where the stream is
   * there up to `window[to]`; 0 if no cut lies in these bytes, which are then
   * fewer than `max`. Bring more (the scan begins again, so bring many), or take
   * them as the last chunk where the stream ends.
   *
   * @throws RangeError if `[from, to)` does not lie in the window.
   */
  next(from: number, to: number): number {
    // Beyond the window lies memory as well: the scan would read on in silence.
    const inside = 0 <= from && from <= to && to <= this.window.length;
    if (!inside || !Number.isInteger(from) || !Number.isInteger(to)) {
      throw new RangeError(`[${from}, ${to}) is not in a window of ${this.window.length} bytes`);
    }
    const { min, average, max } = this.#sizes;
    const address = this.window.byteOffset;
    return this.#cut(address + from, address + to, min, average, max);
  }

  /**
   * The chunks of a whole stream: views on `bytes`, which they cover in order.
   * No bytes, no chunks. Overwrites the window, so `bytes` cannot lie in it.
   */
  split(bytes: Uint8Array): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    for (let start = 0; start < bytes.length; ) {
      const loaded = bytes.subarray(start, start + this.window.length);
      this.window.set(loaded);
      const isEnd = start + loaded.length === bytes.length;
      let from = 0;
      while (from < loaded.length) {
        const length = this.next(from, loaded.length) || (isEnd ? loaded.length - from : 0);
        if (length === 0) break;
        chunks.push(loaded.subarray(from, from + length));
        from += length;
      }
      // A full window holds a cut at least, so each turn gets on.
      start += from;
    }
    return chunks;
  }
}
