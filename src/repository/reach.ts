/**
 * Gathers the segments that a snapshot needs, while the backup runs: one bit
 * for each segment of each tape, about 3 MB for a tape of a terabyte.
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
    const tapes = getOrAdd(this.#runs, run, () => new Map<number, SegmentSet>());
    getOrAdd(tapes, tape, () => new SegmentSet()).add(first, last);
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

/** Segments in one sheet of bits: small, for of many old runs little is left. */
const SHEET = 4096;

/**
 * A set of segment numbers. Sheets of bits are made as they are needed: a number
 * comes from an index object, and a huge one must not cost huge memory.
 */
class SegmentSet {
  readonly #sheets = new Map<number, Uint8Array>();

  add(first: number, last: number): void {
    for (let from = first; from <= last; ) {
      const number = Math.floor(from / SHEET);
      const base = number * SHEET;
      const sheet = getOrAdd(this.#sheets, number, () => new Uint8Array(SHEET / 8));
      setBits(sheet, from - base, Math.min(last - base, SHEET - 1));
      from = base + SHEET;
    }
  }

  ranges(): SegmentRanges {
    const ranges: [number, number][] = [];
    for (const [number, sheet] of [...this.#sheets].sort(([a], [b]) => a - b)) {
      for (const [first, last] of stretchesOf(sheet)) {
        const open = ranges.at(-1);
        if (open?.[1] === number * SHEET + first - 1) open[1] = number * SHEET + last;
        else ranges.push([number * SHEET + first, number * SHEET + last]);
      }
    }
    return ranges;
  }
}

function setBits(sheet: Uint8Array, first: number, last: number): void {
  for (let at = first; at <= last; at++) {
    // Whole bytes at once where a large file covers them.
    if ((at & 7) === 0 && at + 7 <= last) {
      sheet[at >> 3] = 0xff;
      at += 7;
    } else {
      sheet[at >> 3] = (sheet[at >> 3] ?? 0) | (1 << (at & 7));
    }
  }
}

/** The bits that are set, `[first, last]`; stretches may touch. */
function* stretchesOf(sheet: Uint8Array): Generator<[number, number]> {
  for (const [at, bits] of sheet.entries()) {
    if (bits === 0xff) yield [at * 8, at * 8 + 7];
    else {
      for (let bit = 0; bits >> bit > 0; bit++) {
        if ((bits & (1 << bit)) !== 0) yield [at * 8 + bit, at * 8 + bit];
      }
    }
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
