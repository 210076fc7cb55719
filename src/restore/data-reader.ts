/**
 * Reads the data of a file on disk as if it had holes at given places, and
 * looks whether nothing but zeros is there. What is a hole on disk as well
 * costs nothing, where the system can tell.
 */
import { readSync } from "node:fs";
import { libc } from "../disk/libc.ts";
import type { Holes } from "../format/holes.ts";

export class DataReader {
  /** In the file, of what is read next. */
  position = 0;
  /** The first byte in a hole that is not zero. */
  inHole: number | undefined;
  readonly #descriptor: number;
  readonly #holes: Holes;
  readonly #buffer: Uint8Array;
  #next = 0;

  /** @param buffer - for its own use. */
  constructor(descriptor: number, holes: Holes, buffer: Uint8Array) {
    this.#descriptor = descriptor;
    this.#holes = holes;
    this.#buffer = buffer;
  }

  /** The next bytes that are in no hole; fewer where the file ends. */
  read(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      this.passHole();
      const room = (this.#holes[this.#next]?.[0] ?? Number.POSITIVE_INFINITY) - this.position;
      const most = Math.min(length - filled, room);
      const count = readSync(this.#descriptor, bytes, filled, most, this.position);
      if (count === 0) break;
      filled += count;
      this.position += count;
    }
    return bytes.subarray(0, filled);
  }

  /** Passes over a hole, if one begins here. */
  passHole(): void {
    const [offset, length] = this.#holes[this.#next] ?? [];
    if (offset !== this.position || length === undefined) return;
    this.inHole ??= this.#dataIn(offset, offset + length);
    this.position += length;
    this.#next += 1;
  }

  #dataIn(from: number, to: number): number | undefined {
    for (let at = this.#nextData(from) ?? to; at < to; at = this.#nextData(at) ?? to) {
      const most = Math.min(this.#buffer.length, to - at);
      const count = readSync(this.#descriptor, this.#buffer, 0, most, at);
      if (count === 0) return undefined;
      const found = this.#buffer.subarray(0, count).findIndex((byte) => byte !== 0);
      if (found >= 0) return at + found;
      at += count;
    }
    return undefined;
  }

  /** Nothing, where only holes follow. */
  #nextData(from: number): number | undefined {
    const system = libc();
    if (system === undefined) return from;
    try {
      return system.seek(this.#descriptor, from, "data");
    } catch {
      // This file system cannot tell.
      return from;
    }
  }
}
