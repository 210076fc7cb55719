/**
 * Gathers the segments that a snapshot needs, while the backup runs: one bit
 * for each segment of each tape, 2 MB for a tape of a terabyte.
 */
import type { RunName } from "../format/names.ts";
import type { SegmentRanges, TapeReach } from "../format/reach.ts";

/** Segments of one tape, first and last of a stretch. */
export interface Span {
  readonly run: RunName;
  readonly tape: number;
  readonly first: number;
  readonly last: number;
}

/** The segments that a piece of a tape lies in. */
export function spanOf(
  piece: { run: RunName; tape: number; offset: number; length: number },
  segmentSize: number,
): Span {
  return {
    run: piece.run,
    tape: piece.tape,
    first: Math.floor(piece.offset / segmentSize),
    last: Math.floor((piece.offset + piece.length - 1) / segmentSize),
  };
}

export class Reach {
  readonly #runs = new Map<RunName, Map<number, SegmentSet>>();

  add({ run, tape, first, last }: Span): void {
    let tapes = this.#runs.get(run);
    if (tapes === undefined) this.#runs.set(run, (tapes = new Map()));
    let segments = tapes.get(tape);
    if (segments === undefined) tapes.set(tape, (segments = new SegmentSet()));
    segments.add(first, last);
  }

  /** The runs that hold something the snapshot needs. */
  runs(): RunName[] {
    return [...this.#runs.keys()].sort();
  }

  /** Sorted by run and tape. */
  *tapes(): Generator<TapeReach> {
    for (const run of this.runs()) {
      const tapes = [...(this.#runs.get(run) ?? [])].sort(([a], [b]) => a - b);
      for (const [tape, segments] of tapes) yield { run, tape, segments: segments.ranges() };
    }
  }
}

class SegmentSet {
  #bits = new Uint8Array(64);
  #end = 0;

  add(first: number, last: number): void {
    if (last >= this.#bits.length * 8) this.#grow(last);
    for (let at = first; at <= last; at++) {
      // Whole bytes at once where a large file covers them.
      if ((at & 7) === 0 && at + 7 <= last) {
        this.#bits[at >>> 3] = 0xff;
        at += 7;
      } else {
        this.#bits[at >>> 3] = (this.#bits[at >>> 3] ?? 0) | (1 << (at & 7));
      }
    }
    this.#end = Math.max(this.#end, last + 1);
  }

  ranges(): SegmentRanges {
    const ranges: [number, number][] = [];
    for (let at = 0; at < this.#end; at++) {
      if (!this.#has(at)) continue;
      const first = at;
      while (at + 1 < this.#end && this.#has(at + 1)) at += 1;
      ranges.push([first, at]);
    }
    return ranges;
  }

  #has(at: number): boolean {
    return ((this.#bits[at >>> 3] ?? 0) & (1 << (at & 7))) !== 0;
  }

  #grow(last: number): void {
    const bits = new Uint8Array(Math.max(this.#bits.length * 2, (last >>> 3) + 1));
    bits.set(this.#bits);
    this.#bits = bits;
  }
}
