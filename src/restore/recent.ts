/** Keeps what was used last, up to so many bytes. */

interface Kept<V> {
  readonly value: V;
  readonly size: number;
}

export class Recent<V> {
  readonly #limit: number;
  /** The longest unused first. */
  readonly #kept = new Map<string, Kept<V>>();
  #size = 0;

  /** @param limit - bytes; what was put last is kept even if it alone has more. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): V | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.value;
  }

  put(key: string, value: V, size: number): void {
    this.#drop(key);
    this.#kept.set(key, { value, size });
    this.#size += size;
    for (const oldest of this.#kept.keys()) {
      if (this.#size <= this.#limit || oldest === key) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#size -= this.#kept.get(key)?.size ?? 0;
    this.#kept.delete(key);
  }
}
