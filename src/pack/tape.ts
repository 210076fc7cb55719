/**
 * A tape: the frames that a run lays end to end, cut into segments on the way.
 * A chunk's place is where its frame lies on the tape, and never changes,
 * wherever the segments go.
 */
import type { FrameChunk, FrameEntry } from "../format/table.ts";
import type { Packing, PackWriter } from "./pack.ts";
import { fillSkippable, paddedSize, SKIPPABLE_HEADER_BYTES } from "./padding.ts";
import { LEAST_SEGMENT_BYTES } from "./segment.ts";

export class TapeWriter {
  readonly #pack: PackWriter;
  readonly #segment: Uint8Array;
  #number = 0;
  #filled = 0;
  /** Frames that end in the segment being filled: the pack that takes it lists them. */
  #frames: FrameEntry[] = [];

  /** @param segmentSize - plain bytes of a segment. */
  constructor(pack: PackWriter, segmentSize: number) {
    this.#pack = pack;
    this.#segment = new Uint8Array(segmentSize);
  }

  /** Where the next frame will begin, in bytes. */
  get end(): number {
    return this.#number * this.#segment.length + this.#filled;
  }

  /** Lays a frame that holds `chunks` at the tape's end. */
  *append(frame: Uint8Array, chunks: readonly FrameChunk[]): Packing<void> {
    const entry = { offset: this.end, length: frame.length, chunks };
    yield* this.#write(frame, [entry]);
  }

  /** Fills the segment up and closes the pack: all that was laid is in one, and the tape goes on. */
  *flush(): Packing<void> {
    if (this.#filled > 0) {
      const left = this.#segment.length - this.#filled;
      // Where the padding's header does not fit, it goes on through the next segment.
      const isNarrow = left < SKIPPABLE_HEADER_BYTES;
      const padding = new Uint8Array(isNarrow ? left + this.#segment.length : left);
      fillSkippable(padding);
      yield* this.#write(padding, []);
    }
    yield* this.#pack.close();
  }

  /** Seals what is left, padded, and closes the pack: the tape has its end. */
  *finish(): Packing<void> {
    if (this.#filled > 0) {
      const room = this.#segment.length;
      const least = Math.min(LEAST_SEGMENT_BYTES, room);
      const size = paddedSize(this.#filled, least);
      // Too few bytes may be left for the padding's header: it goes on in one more segment.
      const padding = new Uint8Array((size > room ? room + least : size) - this.#filled);
      fillSkippable(padding);
      yield* this.#write(padding, []);
      if (this.#filled > 0) yield* this.#seal();
    }
    yield* this.#pack.close();
  }

  /** @param frames - what ends with the last of `bytes`. */
  *#write(bytes: Uint8Array, frames: readonly FrameEntry[]): Packing<void> {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + this.#segment.length - this.#filled);
      this.#segment.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (at === bytes.length) this.#frames.push(...frames);
      if (this.#filled === this.#segment.length) yield* this.#seal();
    }
  }

  *#seal(): Packing<void> {
    const frames = this.#frames;
    const plain = this.#segment.subarray(0, this.#filled);
    this.#frames = [];
    this.#filled = 0;
    yield* this.#pack.add(this.#number++, plain, frames);
  }
}
