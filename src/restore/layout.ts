/** Where the content of a file goes: it is the data between the holes, end to end. */
import type { Holes } from "../format/holes.ts";

/** Where a chunk goes, in the file. */
export interface Placed {
  readonly at: number;
  /** Where there are holes inside of the chunk: from a byte of it on it goes to another place. */
  readonly jumps?: readonly Jump[];
}

/** From byte `within` of a chunk on, it belongs at `at` in the file. Ascending. */
export interface Jump {
  readonly within: number;
  readonly at: number;
}

/** A stretch of a chunk that goes to one place. */
export interface Piece extends Jump {
  readonly length: number;
}

/** The pieces of a chunk of so many bytes. */
export function* piecesOf({ at, jumps = [] }: Placed, size: number): Generator<Piece> {
  let piece: Jump = { within: 0, at };
  for (const jump of jumps) {
    yield { ...piece, length: jump.within - piece.within };
    piece = jump;
  }
  yield { ...piece, length: size - piece.within };
}

export class Layout {
  readonly #holes: Holes;
  #next = 0;
  #at = 0;

  constructor(holes: Holes = []) {
    this.#holes = holes;
  }

  /** Where in the file what was placed last ends. */
  get at(): number {
    return this.#at;
  }

  /** The place of the next `size` bytes of content. */
  next(size: number): Placed {
    this.#skipHole();
    const at = this.#at;
    const jumps: Jump[] = [];
    for (let within = 0; ; ) {
      const [hole = Number.POSITIVE_INFINITY] = this.#holes[this.#next] ?? [];
      const length = Math.min(size - within, hole - this.#at);
      this.#at += length;
      within += length;
      if (within === size) break;
      this.#skipHole();
      jumps.push({ within, at: this.#at });
    }
    return jumps.length === 0 ? { at } : { at, jumps };
  }

  #skipHole(): void {
    const [offset, length] = this.#holes[this.#next] ?? [-1, 0];
    if (offset !== this.#at) return;
    this.#at += length;
    this.#next += 1;
  }
}
