import assert from "node:assert/strict";
import { lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";
import type { FileJob } from "../../src/backup/content.ts";
import { signatureOf } from "../../src/backup/signature.ts";
import type { ReaderPlan } from "../../src/backup/thread-pool.ts";
import { ThreadPool } from "../../src/backup/thread-pool.ts";
import type { StorePack } from "../../src/backup/upload.ts";
import { Cache } from "../../src/cache/cache.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { endThreads } from "../../src/threads.ts";
import { bracketPlan } from "../support/brackets.ts";
import { randomBytes } from "../support/random.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { cacheDirectory, SMALL } from "../support/site.ts";

const MIB = 2 ** 20;

/** A pool of threads over an empty cache, and jobs of 1 MiB of news each. */
async function poolOf(threads: number, store: StorePack, change: Partial<ReaderPlan> = {}) {
  const identity = { repository: "00", host: "host", segmentSize: SMALL.segment };
  const cache = await Cache.open(cacheDirectory(), identity);
  const plans = Array.from({ length: threads }, (_, at) => ({
    bracket: { ...bracketPlan(), tape: at + 1 },
    cachePath: cache.path,
    digest: "sha1" as const,
    ...change,
  }));
  return { pool: new ThreadPool(plans, store), cache };
}

function jobs(count: number): FileJob[] {
  const directory = scratchDirectory();
  return Array.from({ length: count }, (_, id) => {
    const path = join(directory, String(id));
    writeFileSync(path, randomBytes(id, MIB));
    const signature = signatureOf(lstatSync(path, { bigint: true }));
    return { id, root: rawFromText(path), path: "" as RawName, size: MIB, signature };
  });
}

const stored: StorePack = async ({ bytes }) => new Uint8Array(bytes.buffer);

describe("a pool of threads", () => {
  it("gives each job's last event once, and stores all before it is finished", async () => {
    let packs = 0;
    const { pool, cache } = await poolOf(2, async (pack) => {
      await setImmediate();
      packs += 1;
      return stored(pack);
    });
    pool.submit(jobs(6));
    const done: number[] = [];
    while (pool.pending > 0) {
      for (const { kind, id } of await pool.take()) if (kind === "done") done.push(id);
    }
    await pool.finish();
    assert.deepEqual(done.sort(), [0, 1, 2, 3, 4, 5]);
    assert.ok(packs >= 6, `${packs} packs`);
    await pool.close();
    await cache.close();
  });

  it("gives back what no thread has in hand, and does the rest", async () => {
    const { pool, cache } = await poolOf(1, stored);
    const all = jobs(12);
    pool.submit(all);
    const back = pool.withdraw();
    // Batches of four, and two of them for the one thread.
    assert.deepEqual(back, all.slice(8));
    assert.equal(pool.pending, 8);
    const done: number[] = [];
    while (pool.pending > 0) {
      for (const { kind, id } of await pool.take()) if (kind === "done") done.push(id);
    }
    assert.deepEqual(
      done,
      all.slice(0, 8).map(({ id }) => id),
    );
    assert.deepEqual(pool.withdraw(), []);
    await pool.finish();
    await pool.close();
    await cache.close();
  });

  it("fails with the reason if a thread does", async () => {
    const { pool, cache } = await poolOf(2, stored, { cachePath: "/nowhere/at/all" });
    pool.submit(jobs(1));
    await assert.rejects(pool.take(), Error);
    await pool.close();
    await cache.close();
  });

  it("fails with the reason if a pack cannot be stored", async () => {
    const reason = new Error("no room");
    const { pool, cache } = await poolOf(2, () => Promise.reject(reason));
    pool.submit(jobs(6));
    await assert.rejects(
      async () => {
        while (pool.pending > 0) await pool.take();
        await pool.finish();
      },
      (error) => error === reason,
    );
    await pool.close();
    await cache.close();
  });

  it("can be closed while threads wait for buffers, once what is being stored is", async () => {
    let arrived = () => {};
    const arriving = new Promise<void>((resolve) => (arrived = resolve));
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let under = 0;
    const { pool, cache } = await poolOf(2, async (pack) => {
      under += 1;
      arrived();
      await released;
      under -= 1;
      return stored(pack);
    });
    pool.submit(jobs(8));
    await arriving;
    let isClosed = false;
    const closing = pool.close().then(() => {
      isClosed = true;
    });
    // Longer than threads take to end, most times: it never fails for being too short.
    await setTimeout(100);
    assert.equal(isClosed, false);
    release();
    await closing;
    assert.equal(under, 0);
    await cache.close();
  });

  it("can be closed at its start, while threads load what they need", async () => {
    for (let time = 0; time < 4; time += 1) {
      const { pool, cache } = await poolOf(2, stored);
      pool.submit(jobs(2));
      await pool.close();
      await cache.close();
    }
  });

  it("can be closed while a target does not answer", async () => {
    const { pool, cache } = await poolOf(1, () => new Promise(() => {}));
    pool.submit(jobs(4));
    // One thread: it has given two packs away, and sleeps until a buffer comes back.
    await setTimeout(500);
    await endThreads();
    await cache.close();
  });

  it("needs no thread where there is nothing to read", async () => {
    const { pool, cache } = await poolOf(2, stored, { cachePath: "/nowhere/at/all" });
    assert.deepEqual(await pool.take(), []);
    await pool.finish();
    await pool.close();
    await cache.close();
  });
});
