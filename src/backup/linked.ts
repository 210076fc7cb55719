/**
 * Files with several names: the content is read for the first of them, and the
 * others take what came of it.
 *
 * What is kept is bounded: a tree may hold millions of files whose other names
 * are elsewhere. What was let go of is read once more; it is stored once all the same.
 */
import type { KnownFile } from "./known-file.ts";

/** Some 16 MiB, as counted by {@link weightOf}. */
const MAX_WEIGHT = 16 * 2 ** 20;
/** V8's objects, roughly. */
const BYTES_A_FILE = 600;
const BYTES_A_CHUNK = 200;
const BYTES_A_HOLE = 60;
const BYTES_AN_XATTR = 200;

interface Kept<Outcome> {
  readonly outcome: Outcome;
  readonly weight: number;
  /** Names that were not met yet. */
  missing: number;
}

/** @typeParam Outcome - what came of reading a file. */
export class LinkedFiles<Outcome> {
  /** By what the file looked like when it was read; the longest kept one first. */
  readonly #kept = new Map<string, Kept<Outcome>>();
  readonly #maxWeight: number;
  #weight = 0;

  constructor(maxWeight: number = MAX_WEIGHT) {
    this.#maxWeight = maxWeight;
  }

  /** What came of a file that looks like this, for one more name. */
  take(signature: string): Outcome | undefined {
    const kept = this.#kept.get(signature);
    if (kept === undefined) return undefined;
    kept.missing -= 1;
    if (kept.missing <= 0) this.#forget(signature, kept);
    return kept.outcome;
  }

  /** @param missing - names that have not been met. */
  keep(file: KnownFile, outcome: Outcome, missing: number): void {
    const { signature } = file;
    const before = this.#kept.get(signature);
    if (before !== undefined) this.#forget(signature, before);
    if (missing <= 0) return;
    const weight = weightOf(file);
    this.#kept.set(signature, { outcome, weight, missing });
    this.#weight += weight;
    for (const [oldest, kept] of this.#kept) {
      if (this.#weight <= this.#maxWeight) break;
      this.#forget(oldest, kept);
    }
  }

  #forget(signature: string, { weight }: Kept<Outcome>): void {
    this.#kept.delete(signature);
    this.#weight -= weight;
  }
}

function weightOf({ content, spans, unplaced, xattrs = [], holes = [] }: KnownFile): number {
  return (
    BYTES_A_FILE +
    BYTES_A_CHUNK * (content.chunks.length + spans.length + unplaced.length) +
    BYTES_A_HOLE * holes.length +
    xattrs.reduce((sum, { value }) => sum + BYTES_AN_XATTR + value.length, 0)
  );
}
