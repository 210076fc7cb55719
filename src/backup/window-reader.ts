/**
 * Reads a file or a stream through a chunker's window: synchronously, straight
 * into WASM memory. What waits to be cut lies in `window[from, to)`. Holes are passed
 * over: what is cut is the data between them, end to end.
 */
import { readSync } from "node:fs";
import type { Holes } from "../format/holes.ts";
import { systemCode } from "../target/file-failure.ts";

/** The file could not be read; the run goes on. */
export class Unreadable extends Error {}

/** What a file is expected to be like. */
export interface Shape {
  /** Then its end is found without another read. */
  readonly size: number;
  readonly holes: Holes;
}

/** Reads into a buffer what comes at a position. @returns how many bytes; 0: there are no more. */
export type Reads = (into: Uint8Array, position: number) => number;

/** What lies in an open file. */
export function readsOf(descriptor: number): Reads {
  return (into, position) => readSync(descriptor, into, 0, into.length, position);
}

/** Is shown all of a file, in order, once. */
export interface Onlooker {
  data(bytes: Uint8Array): void;
  hole(length: number): void;
}

export class WindowReader {
  /** Where the next chunk begins; the reader's user moves it on. */
  from = 0;
  to = 0;
  readonly #reads: Reads;
  readonly #window: Uint8Array;
  readonly #shape: Shape;
  #holes = 0;
  #position = 0;
  #atEnd = false;

  constructor(reads: Reads, window: Uint8Array, shape: Shape) {
    this.#reads = reads;
    this.#window = window;
    this.#shape = shape;
  }

  /** The holes that were passed over: of a file that was cut off meanwhile, not all there were. */
  get passed(): Holes {
    return this.#shape.holes.slice(0, this.#holes);
  }

  /**
   * Sees to it that the window holds a whole chunk, or all that is left of the file.
   *
   * The largest chunk is half a window; while more than that is there, nothing is read.
   *
   * @returns whether any bytes are left to be cut.
   * @throws {@link Unreadable} if the system cannot read it.
   */
  fill(onlooker: Onlooker): boolean {
    if (!this.#atEnd && this.to - this.from < this.#window.length / 2) {
      this.#window.copyWithin(0, this.from, this.to);
      this.to -= this.from;
      this.from = 0;
      while (!this.#atEnd && this.to < this.#window.length) this.#advance(onlooker);
    }
    return this.from < this.to;
  }

  /** Reads on to the next hole, or passes over it. */
  #advance(onlooker: Onlooker): void {
    const [offset, length] = this.#shape.holes[this.#holes] ?? [Number.POSITIVE_INFINITY, 0];
    if (this.#position === offset) {
      onlooker.hole(length);
      this.#holes += 1;
      this.#position += length;
      this.#atEnd = this.#position === this.#shape.size;
      return;
    }
    const most = Math.min(this.#window.length, this.to + offset - this.#position);
    const count = this.#read(this.#window.subarray(this.to, most));
    if (count > 0) onlooker.data(this.#window.subarray(this.to, this.to + count));
    this.to += count;
    this.#position += count;
    this.#atEnd = count === 0 || this.#position === this.#shape.size;
  }

  #read(into: Uint8Array): number {
    try {
      return this.#reads(into, this.#position);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      throw new Unreadable(`cannot read it: ${(error as Error).message}`);
    }
  }
}
