/**
 * A process of its own for test/fault/cache.test.ts, to be killed or to run out
 * of disk: `node cache-child.js <task> <directory>`.
 */
import { Cache } from "../../src/cache/cache.ts";
import { directoryKey } from "../../src/cache/paths.ts";
import { UnavailableError } from "../../src/errors.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { IDENTITY, packOf, testRun } from "./cache.ts";

const SEGMENTS = 64;

const tasks: Record<string, (cache: Cache) => void> = {
  /** Adds packs until it is killed; each is told of when it is added. */
  add(cache) {
    for (let n = 1; ; n += 1) {
      cache.packs.add(packOf(n, (n - 1) * SEGMENTS, SEGMENTS));
      cache.paths.put(directoryKey("source", "" as RawName), `${n}` as RawName, new Uint8Array(99));
      process.stdout.write(`${n}\n`);
    }
  },

  /** Adds packs until the disk is full, and then one that it had. */
  fill(cache) {
    let n = 1;
    try {
      for (; ; n += 1) cache.packs.add(packOf(n, (n - 1) * SEGMENTS, SEGMENTS, testRun(2)));
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      const held = cache.segments.holds(testRun(2), 0, 0, (n - 1) * SEGMENTS - 1);
      const more = cache.segments.holds(testRun(2), 0, (n - 1) * SEGMENTS, (n - 1) * SEGMENTS);
      process.stdout.write(JSON.stringify({ message: error.message, held, more }));
    }
  },

  /** Leaves without a word to anybody. */
  vanish(cache) {
    cache.packs.add(packOf(1, 0, SEGMENTS));
    process.kill(process.pid, "SIGKILL");
  },
};

const [task = "", directory = ""] = process.argv.slice(2);
const cache = await Cache.open(directory, IDENTITY);
tasks[task]?.(cache);
await cache.close();
