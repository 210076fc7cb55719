/**
 * Reads a file through a chunker's window: synchronously, straight into WASM
 * memory. What waits to be cut lies in `window[from, to)`.
 */
import { readSync } from "node:fs";

/** The file could not be read; the run goes on. */
export class Unreadable extends Error {}

export class WindowReader {
  /** Where the next chunk begins; the reader's user moves it on. */
  from = 0;
  to = 0;
  readonly #descriptor: number;
  readonly #window: Uint8Array;
  readonly #size: number;
  #position = 0;
  #atEnd = false;

  /** @param size - what the file is expected to have: then its end is found without another read. */
  constructor(descriptor: number, window: Uint8Array, size: number) {
    this.#descriptor = descriptor;
    this.#window = window;
    this.#size = size;
  }

  /**
   * Sees to it that the window holds a whole chunk, or all that is left of the file.
   *
   * The largest chunk is half a window; while more than that is there, nothing is read.
   *
   * @param see - is shown each piece of the file, in order, once.
   * @returns whether any bytes are left to be cut.
   * @throws {@link Unreadable} if the system cannot read it.
   */
  fill(see: (bytes: Uint8Array) => void): boolean {
    if (!this.#atEnd && this.to - this.from < this.#window.length / 2) {
      this.#window.copyWithin(0, this.from, this.to);
      this.to -= this.from;
      this.from = 0;
      while (!this.#atEnd && this.to < this.#window.length) {
        const count = this.#read(this.#window.subarray(this.to));
        if (count > 0) see(this.#window.subarray(this.to, this.to + count));
        this.to += count;
        this.#position += count;
        this.#atEnd = count === 0 || this.#position === this.#size;
      }
    }
    return this.from < this.to;
  }

  #read(into: Uint8Array): number {
    try {
      return readSync(this.#descriptor, into, 0, into.length, this.#position);
    } catch (error) {
      throw new Unreadable(`cannot read it: ${(error as Error).message}`);
    }
  }
}
