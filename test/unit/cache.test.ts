import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Cache } from "../../src/cache/cache.ts";
import { directoryKey } from "../../src/cache/paths.ts";
import { CorruptError } from "../../src/errors.ts";
import { packName } from "../../src/format/names.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import {
  cacheDirectory,
  chunkId,
  IDENTITY,
  idBytes,
  packOf,
  RUN,
  SEGMENT,
  testRun,
} from "../support/cache.ts";

const WORKER = new URL("../support/cache-worker.js", import.meta.url);
const HERE = directoryKey("source", "" as RawName);

function openCache(): Promise<Cache> {
  return Cache.open(cacheDirectory(), IDENTITY);
}

async function startWorker(cache: Cache): Promise<Worker> {
  const worker = new Worker(WORKER, { workerData: cache.path });
  assert.deepEqual(await once(worker, "message"), ["ready"]);
  return worker;
}

async function ask(worker: Worker, message: number | string): Promise<unknown> {
  worker.postMessage(message);
  const [answer] = await once(worker, "message");
  return answer;
}

async function stop(worker: Worker): Promise<void> {
  worker.postMessage("close");
  await once(worker, "exit");
}

test("a cache is its owner's alone, and fresh once", async () => {
  const directory = join(cacheDirectory(), "deep", "cache");
  const cache = await Cache.open(directory, IDENTITY);
  assert.equal(cache.fresh, true);
  await cache.close();
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.equal(statSync(cache.path).mode & 0o777, 0o700);
  for (const name of readdirSync(cache.path)) {
    assert.equal(statSync(join(cache.path, name)).mode & 0o077, 0, name);
  }
  const again = await Cache.open(directory, IDENTITY);
  assert.equal(again.fresh, false);
  await again.close();
});

test("a temporary cache works, and is gone when it is closed", async () => {
  const cache = await Cache.temporary(IDENTITY);
  assert.equal(cache.fresh, true);
  cache.packs.add(packOf(1, 0, 2));
  assert.ok(cache.chunks.locate(idBytes(1)));
  await cache.close();
  assert.equal(existsSync(join(cache.path, "..")), false);
});

test("discarding what is not there makes nothing", async () => {
  const directory = join(cacheDirectory(), "none");
  await Cache.discard(directory);
  assert.equal(existsSync(directory), false);
});

test("a chunk's place keeps the largest numbers", async () => {
  const cache = await openCache();
  // The last byte of a tape of 2^48 bytes.
  const first = 2 ** 48 / SEGMENT - 1;
  const chunks = [
    { id: chunkId(1), size: 2 ** 26 },
    { id: chunkId(2), size: 1 },
  ];
  const frames = [{ offset: 2 ** 48 - 20, length: 20, chunks }];
  const segments = [{ first, sealedSize: 2 ** 24, hashes: new Uint8Array(16) }];
  const parts = [{ run: RUN, tape: 0xffff, segments, frames }];
  cache.packs.add({ pack: packName(RUN, 1), parts });
  const place = { run: RUN, tape: 0xffff, offset: 2 ** 48 - 20, length: 20 };
  assert.deepEqual(cache.chunks.locate(idBytes(1)), { ...place, within: 0, size: 2 ** 26 });
  assert.deepEqual(cache.chunks.locate(idBytes(2)), { ...place, within: 2 ** 26, size: 1 });
  await cache.close();
});

test("a chunk whose frame lacks a segment is not known", async () => {
  const cache = await openCache();
  const { parts } = packOf(1, 5, 1);
  const frames = [
    { offset: 5 * SEGMENT - 1, length: 2, chunks: parts[0]?.frames[0]?.chunks ?? [] },
  ];
  cache.packs.add({ pack: packName(RUN, 1), parts: parts.map((part) => ({ ...part, frames })) });
  assert.ok(cache.segments.holds(RUN, 0, 5, 5));
  assert.equal(cache.chunks.locate(idBytes(5)), undefined);
  await cache.close();
});

test("segments lie behind everything in front of them in their pack", async () => {
  const cache = await openCache();
  const group = (first: number, sealedSize: number, count: number) => ({
    first,
    sealedSize,
    hashes: new Uint8Array(16 * count).fill(first),
  });
  const parts = [
    { run: RUN, tape: 3, segments: [group(10, 100, 4), group(20, 7, 1)], frames: [] },
    { run: testRun(2), tape: 0, segments: [group(0, 50, 9)], frames: [] },
  ];
  cache.packs.add({ pack: packName(RUN, 1), parts });
  const [stretch, ...others] = cache.segments.locate(testRun(2), 0, 4, 6);
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...stretch, hashes: stretch?.hashes.length },
    { pack: packName(RUN, 1), first: 4, count: 3, offset: 407 + 200, sealedSize: 50, hashes: 48 },
  );
  // What is not known is left out.
  const found = cache.segments.locate(RUN, 3, 0, 30).map(({ first, count }) => [first, count]);
  assert.deepEqual(found, [
    [10, 4],
    [20, 1],
  ]);
  assert.deepEqual(cache.segments.locate(testRun(7), 0, 0, 9), []);
  await cache.close();
});

test("an index too long for one transaction is entered whole, and its name last", async () => {
  const cache = await openCache();
  const tables = Array.from({ length: 5000 }, (_, n) => packOf(n, n, 1));
  cache.packs.add(packOf(4999, 4999, 1));
  await cache.packs.addIndexes([
    { name: "index/b", tables },
    { name: "index/a", tables: [] },
  ]);
  for (let n = 0; n < tables.length; n += 1) assert.ok(cache.chunks.locate(idBytes(n)));
  assert.deepEqual([...cache.packs.unindexed()], []);
  assert.deepEqual([...cache.packs.indexNames()], ["index/a", "index/b"]);
  await cache.close();
});

test("an index that breaks off is not recorded, and nothing of it believed that is not entered", async () => {
  const cache = await openCache();
  function* broken() {
    yield packOf(1, 0, 3);
    throw new CorruptError("index/1", "it breaks off");
  }
  const adding = cache.packs.addIndexes([{ name: "index/1", tables: broken() }]);
  await assert.rejects(adding, CorruptError);
  assert.equal(cache.segments.holds(RUN, 0, 0, 0), false);
  assert.equal(cache.chunks.locate(idBytes(0)), undefined);
  assert.deepEqual([...cache.packs.indexNames()], []);
  await cache.packs.addIndexes([{ name: "index/1", tables: [packOf(1, 0, 3)] }]);
  assert.deepEqual(cache.chunks.locate(idBytes(2))?.run, RUN);
  await cache.close();
});

test("packs that no index lists come back in order, whole", async () => {
  const cache = await openCache();
  const tables = [packOf(2, 10, 2, testRun(12)), packOf(1, 0, 2, testRun(12)), packOf(7, 0, 2)];
  for (const table of tables) cache.packs.add(table);
  assert.equal(JSON.stringify([...cache.packs.unindexed()]), JSON.stringify(tables.reverse()));
  await cache.close();
});

test("what was put is found before it is flushed, and its bytes may be used again", async () => {
  const cache = await openCache();
  const bytes = Uint8Array.of(1, 2, 3);
  cache.paths.put(HERE, "a" as RawName, bytes);
  bytes.fill(9);
  assert.deepEqual([...cache.paths.between(HERE)], [["a", Buffer.of(1, 2, 3)]]);
  cache.paths.remove(HERE, "a" as RawName);
  assert.deepEqual([...cache.paths.between(HERE)], []);
  await cache.close();
});

test("closing writes what waits", async () => {
  const directory = cacheDirectory();
  const cache = await Cache.open(directory, IDENTITY);
  for (let n = 0; n < 5000; n += 1) cache.paths.put(HERE, `${n}` as RawName, Uint8Array.of(n));
  cache.paths.seen(HERE, 3);
  await cache.close();
  const again = await Cache.open(directory, IDENTITY);
  assert.equal([...again.paths.between(HERE)].length, 5000);
  again.paths.sweep("source", 3);
  assert.equal([...again.paths.between(HERE)].length, 5000);
  again.paths.sweep("another", 4);
  again.paths.sweep("source", 4);
  assert.equal([...again.paths.between(HERE)].length, 0);
  await again.close();
});

test("all names of a source can be forgotten, and no others", async () => {
  const cache = await openCache();
  const others = directoryKey("another", "d" as RawName);
  for (let n = 0; n < 5000; n += 1) cache.paths.put(HERE, `${n}` as RawName, new Uint8Array(1));
  cache.paths.put(others, "kept" as RawName, new Uint8Array(1));
  cache.paths.seen(others, 1);
  // Whether or not anybody has seen their directory.
  cache.paths.forget("source");
  assert.equal([...cache.paths.between(HERE)].length, 0);
  assert.equal([...cache.paths.between(others)].length, 1);
  await cache.close();
});

test("a name as long as file systems have it is kept, a longer one is not", async () => {
  const cache = await openCache();
  const deep = directoryKey("source", "d/".repeat(5000) as RawName);
  const longest = "\xff".repeat(255) as RawName;
  cache.paths.put(deep, longest, new Uint8Array(3));
  cache.paths.put(deep, `${longest}x` as RawName, new Uint8Array(3));
  cache.paths.remove(deep, `${longest}x` as RawName);
  assert.deepEqual(
    [...cache.paths.between(deep)].map(([name]) => name),
    [longest],
  );
  await cache.close();
});

test("a state is what was put last, up to 8 MiB", async () => {
  const cache = await openCache();
  assert.equal(cache.getState("reach"), undefined);
  const large = Buffer.alloc(8 * 2 ** 20, "state");
  cache.putState("reach", Uint8Array.of(1));
  cache.putState("reach", large);
  assert.ok(large.equals(cache.getState("reach") ?? Buffer.alloc(0)));
  assert.throws(() => cache.putState("reach", Buffer.alloc(large.length + 1)), RangeError);
  assert.throws(() => cache.putState("a b", large), RangeError);
  assert.throws(() => cache.getState(""), RangeError);
  assert.ok(large.equals(cache.getState("reach") ?? Buffer.alloc(0)));
  await cache.close();
});

test("a thread finds what another has committed, once it refreshes", async () => {
  const cache = await openCache();
  const worker = await startWorker(cache);
  assert.equal(await ask(worker, "until"), "looked");
  cache.packs.add(packOf(1, 0, 1));
  // The worker has not been back in its event loop: only `refresh` can have shown it.
  assert.deepEqual(await once(worker, "message"), [{ before: false, stale: false, fresh: true }]);
  await stop(worker);
  await cache.close();
});

test("threads look up while packs are added, and miss nothing that was committed", async () => {
  const cache = await openCache();
  const workers = await Promise.all([startWorker(cache), startWorker(cache)]);
  for (let n = 0; n < 20; n += 1) {
    // More of it than they are asked for is already being written when they look.
    cache.packs.add(packOf(n, n * 200, 200));
    const answers = workers.map((worker) => ask(worker, (n + 1) * 200));
    cache.packs.add(packOf(1000 + n, 100_000 + n * 200, 200));
    for (const answer of answers) assert.equal(await answer, (n + 1) * 200);
  }
  await Promise.all(workers.map(stop));
  // With its threads gone it still works.
  assert.ok(cache.chunks.locate(idBytes(100_001)));
  await cache.close();
});

test("what is cleared is forgotten, and can be entered again", async () => {
  const directory = cacheDirectory();
  const cache = await Cache.open(directory, IDENTITY);
  await cache.packs.addIndexes([{ name: "index/1", tables: [packOf(1, 0, 3)] }]);
  cache.packs.add(packOf(2, 3, 3));
  cache.paths.put(HERE, "a" as RawName, Uint8Array.of(1));
  cache.putState("s", Uint8Array.of(1));
  cache.clear();
  assert.equal(cache.chunks.locate(idBytes(2)), undefined);
  assert.equal(cache.segments.holds(RUN, 1, 0, 0), false);
  assert.deepEqual([...cache.packs.indexNames()], []);
  assert.deepEqual([...cache.packs.unindexed()], []);
  assert.deepEqual([...cache.paths.between(HERE)], []);
  assert.equal(cache.getState("s"), undefined);
  await cache.packs.addIndexes([{ name: "index/1", tables: [packOf(1, 0, 3)] }]);
  assert.deepEqual(cache.chunks.locate(idBytes(2))?.run, RUN);
  await cache.close();
  const again = await Cache.open(directory, IDENTITY);
  assert.equal(again.fresh, false);
  await again.close();
});

test("packs that an index object was written for are listed, and stay known", async () => {
  const cache = await openCache();
  const [first, second] = [packOf(1, 0, 2), packOf(2, 2, 2)];
  for (const table of [first, second]) cache.packs.add(table);
  cache.packs.listed("index/1", [first.pack]);
  assert.deepEqual([...cache.packs.indexNames()], ["index/1"]);
  assert.deepEqual(
    [...cache.packs.unindexed()].map(({ pack }) => pack),
    [second.pack],
  );
  assert.deepEqual(cache.chunks.locate(idBytes(1))?.run, RUN);
  await cache.close();
});
