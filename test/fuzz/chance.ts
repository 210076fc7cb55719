/** Chance that can be had again: mulberry32 under a seed. Good enough to choose bytes by. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `below` - 1. */
  number(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  /** One of some things. */
  pick<T>(things: readonly T[]): T {
    return things[this.number(things.length)] as T;
  }

  /** Small numbers far more often than large ones, all below 2^`bits`. */
  size(bits: number): number {
    return this.number(2 ** this.number(bits + 1));
  }
}
