/** Who writes: worker threads, or, with none, this thread; both run unit.ts. */
import { Thread } from "../threads.ts";
import type { RestorePlan } from "./restore.worker.ts";
import type { Unit, UnitMeans, UnitOutcome } from "./unit.ts";
import { writeUnit } from "./unit.ts";

export interface Writers {
  /** How many units are worth having under way. */
  readonly width: number;
  write(unit: Unit): Promise<UnitOutcome>;
  /** Only when nothing is being written: what is, would be left half-written. */
  close(): Promise<void>;
}

/** Writes on this thread. */
export function inlineWriters(means: UnitMeans): Writers {
  return {
    // The next one is fetched while one is written.
    width: 2,
    write: async (unit) => writeUnit(unit, means),
    close: async () => {},
  };
}

interface Waiting {
  resolve(outcome: UnitOutcome): void;
  reject(reason: unknown): void;
}

/** A thread makes many short-lived views: a larger nursery only keeps them longer. */
const YOUNG_MB = 8;

/** A thread works off its units in the order in which it got them. */
class Writer {
  readonly waiting: Waiting[] = [];
  readonly #thread: Thread<RestorePlan, Unit, UnitOutcome>;
  /** Why it is dead: what it is given from then on is refused, or nobody would ever answer. */
  #death: { readonly reason: unknown } | undefined;

  constructor(plan: RestorePlan) {
    this.#thread = new Thread<RestorePlan, Unit, UnitOutcome>(
      new URL("./restore.worker.js", import.meta.url),
      { data: plan, youngMegabytes: YOUNG_MB },
      {
        reply: (outcome) => this.waiting.shift()?.resolve(outcome),
        failed: (reason) => this.#die(reason),
      },
    );
  }

  write(unit: Unit): Promise<UnitOutcome> {
    if (this.#death !== undefined) return Promise.reject(this.#death.reason);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.#thread.post(unit, buffersOf(unit));
    });
  }

  async close(): Promise<void> {
    await this.#thread.end();
    this.#die(new Error("a worker thread ended before its work"));
  }

  #die(reason: unknown): void {
    this.#death ??= { reason };
    for (const { reject } of this.waiting.splice(0)) reject(reason);
  }
}

/** Writes on `count` threads of its own. */
export function threadWriters(count: number, plan: RestorePlan): Writers {
  const writers = Array.from({ length: count }, () => new Writer(plan));
  return {
    width: 2 * count,
    async write(unit) {
      const [writer] = writers.toSorted((a, b) => a.waiting.length - b.waiting.length);
      if (writer === undefined) throw new RangeError("there are no threads");
      return await writer.write(unit);
    },
    async close() {
      await Promise.all(writers.map((writer) => writer.close()));
    },
  };
}

/** What can be handed over; a view of something larger is copied. */
function buffersOf({ stretches }: Unit): ArrayBuffer[] {
  return stretches
    .filter(({ bytes }) => bytes.byteLength === bytes.buffer.byteLength)
    .map(({ bytes }) => bytes.buffer as ArrayBuffer);
}
