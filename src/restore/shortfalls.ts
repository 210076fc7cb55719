/**
 * Metadata that the system refused: counted by what and why, and told once
 * each. The content is there; who restores as an ordinary user cannot have
 * everything.
 */
import type { Refusal } from "../disk/xattrs.ts";
import type { RawName } from "../format/raw-name.ts";

/** What was refused, of how many entries. */
export interface Shortfall {
  readonly what: string;
  /** The system's reason: `EPERM`. */
  readonly code: string;
  /** The first of them. */
  readonly path: RawName;
  count: number;
}

export class Shortfalls {
  readonly #found = new Map<string, Shortfall>();

  add(path: RawName, refusals: readonly Refusal[]): void {
    for (const { name, code } of refusals) {
      const key = `${code} ${name}`;
      const known = this.#found.get(key);
      if (known === undefined) this.#found.set(key, { what: name, code, path, count: 1 });
      else known.count += 1;
    }
  }

  get all(): readonly Shortfall[] {
    return [...this.#found.values()];
  }
}
