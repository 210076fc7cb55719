/**
 * Delivers a batch: its chunks are planned, fetched in the order in which they
 * lie in packs, and given to the writers. What is damaged fails the files that
 * need it, and no others.
 */
import { CorruptError } from "../errors.ts";
import { mapInOrder } from "../flow.ts";
import { spanOf } from "../repository/reach.ts";
import type { Batch } from "./batch.ts";
import type { ReadingMeans } from "./chunk-source.ts";
import { segmentStore } from "./chunk-source.ts";
import type { SegmentStore } from "./fetch.ts";
import { fetchSpan } from "./fetch.ts";
import type { PlannedUnit } from "./plan.ts";
import { planUnits } from "./plan.ts";
import type { Unit, UnitOutcome } from "./unit.ts";
import { destinationsOf, failureOf } from "./unit.ts";
import type { Writers } from "./writers.ts";

export class Delivery {
  readonly #means: ReadingMeans;
  readonly #store: SegmentStore;
  readonly #writers: Writers;

  constructor(means: ReadingMeans, writers: Writers) {
    this.#means = means;
    this.#store = segmentStore(means);
    this.#writers = writers;
  }

  /**
   * Writes what a batch wants. Memory: the writers' width in units.
   *
   * @throws what keeps it from reading at all; damage is noted at the batch's files.
   */
  async deliver({ wants, files }: Batch): Promise<void> {
    const units = planUnits(wants, this.#store.segmentSize);
    const written = mapInOrder(units, this.#writers.width, (unit) => this.#write(unit));
    for await (const { failures, refused } of written) {
      for (const { file, kind, message } of failures) {
        const pending = files[file];
        if (pending !== undefined) pending.failure ??= { kind, message };
      }
      for (const { file, refusals } of refused) files[file]?.refusals.push(...refusals);
    }
  }

  async #write(planned: PlannedUnit): Promise<UnitOutcome> {
    let unit: Unit;
    try {
      unit = await this.#fetch(planned);
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      return await this.#writeApart(planned, error);
    }
    return await this.#writers.write(unit);
  }

  /** Frame by frame: some of them may lie in what can be fetched. */
  async #writeApart({ frames }: PlannedUnit, error: CorruptError): Promise<UnitOutcome> {
    const [first, ...more] = frames;
    if (first !== undefined && more.length === 0) {
      const failure = failureOf(error);
      const failures = destinationsOf(first).map(({ file }) => ({ file, ...failure }));
      return { failures, refused: [] };
    }
    const outcome: UnitOutcome = { failures: [], refused: [] };
    for (const frame of frames) {
      const span = spanOf(frame[0].place, this.#store.segmentSize);
      const { failures, refused } = await this.#write({ span, frames: [frame] });
      outcome.failures.push(...failures);
      outcome.refused.push(...refused);
    }
    return outcome;
  }

  async #fetch({ span, frames }: PlannedUnit): Promise<Unit> {
    const key = await this.#means.keys.key(span.run);
    const stretches = await fetchSpan(this.#store, span);
    return { frames, stretches, key, segmentSize: this.#store.segmentSize };
  }
}
