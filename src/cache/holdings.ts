/**
 * Sets of whole numbers that are mostly one long stretch: which segments of a
 * tape are known. A tape that lost nothing to gc costs one stretch, whatever
 * its length.
 */
export class NumberSet {
  /** Begin and end (excluded) of each stretch, ascending; they do not touch. */
  readonly #bounds: number[] = [];

  /** Adds `count` numbers from `first` on. */
  add(first: number, count: number): void {
    const end = first + count;
    // The stretches that the new one touches become one with it.
    const from = this.#stretchAt(first);
    let to = from;
    while (to < this.#bounds.length && (this.#bounds[to] as number) <= end) to += 2;
    const begin = from < to ? Math.min(first, this.#bounds[from] as number) : first;
    const last = from < to ? Math.max(end, this.#bounds[to - 1] as number) : end;
    this.#bounds.splice(from, to - from, begin, last);
  }

  /** Whether all of `[first, last]` are in it. */
  has(first: number, last: number): boolean {
    const at = this.#stretchAt(first);
    const begin = this.#bounds[at];
    const end = this.#bounds[at + 1];
    return begin !== undefined && end !== undefined && begin <= first && last < end;
  }

  /** The least number from `from` on that is in it. */
  next(from: number): number | undefined {
    const at = this.#stretchAt(from + 1);
    const begin = this.#bounds[at];
    return begin === undefined ? undefined : Math.max(begin, from);
  }

  /** Index of the first stretch that ends at `number` or behind it. */
  #stretchAt(number: number): number {
    let low = 0;
    let high = this.#bounds.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#bounds[2 * middle + 1] as number) < number) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }
}
