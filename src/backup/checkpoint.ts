/**
 * When a long run should commit what it has and leave the rest to another.
 *
 * The interval begins with the first pack that this run has stored, not with
 * the run: else one whose walk alone takes longer would never get anywhere.
 * So every run that ends at a checkpoint has stored something new.
 */
import type { Clock } from "../flow.ts";
import type { UploadTotals } from "./upload.ts";

export class Checkpoint {
  readonly #interval: number;
  readonly #clock: Clock;
  readonly #stored: Readonly<UploadTotals>;
  #since: number | undefined;

  /**
   * @param interval - in milliseconds; `Infinity`: there is none.
   * @param stored - what the run has stored so far, as it grows.
   */
  constructor(interval: number, clock: Clock, stored: Readonly<UploadTotals>) {
    this.#interval = interval;
    this.#clock = clock;
    this.#stored = stored;
  }

  /** To be asked often: the first pack is noticed only here. */
  get isDue(): boolean {
    if (this.#interval === Number.POSITIVE_INFINITY || this.#stored.packs === 0) return false;
    const now = this.#clock();
    this.#since ??= now;
    return now - this.#since >= this.#interval;
  }
}
