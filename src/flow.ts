/**
 * The little plumbing that every layer shares. It imports nothing of varve's
 * and knows nothing of backups.
 */
import { randomBytes } from "node:crypto";

/** `count` bytes nobody can guess; an argument, so that tests can repeat a run. */
export type RandomSource = (count: number) => Uint8Array;

/** Node's own randomness, as a source. */
export const systemRandom: RandomSource = (count) => randomBytes(count);

/** Milliseconds since 1970. Never part of a safety argument. */
export type Clock = () => number;

/**
 * Runs `work` on up to `limit` items at once; yields results in source order.
 *
 * The first failure in that order is thrown, and only after everything already
 * begun has settled: nothing runs on behind the caller's back.
 */
export async function* mapInOrder<A, B>(
  source: AsyncIterable<A> | Iterable<A>,
  limit: number,
  work: (item: A) => Promise<B>,
): AsyncGenerator<B> {
  const running: Promise<B>[] = [];
  try {
    for await (const item of source) {
      const result = work(item);
      // It may fail while an earlier one is awaited; unheard, that ends the process.
      result.catch(() => {});
      running.push(result);
      if (running.length === limit) yield (await running.shift()) as B;
    }
    while (running.length > 0) yield (await running.shift()) as B;
  } finally {
    await Promise.allSettled(running);
  }
}
