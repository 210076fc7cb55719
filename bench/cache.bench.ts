/**
 * What the cache costs: `node dist/bench/cache.bench.js [entries]`.
 *
 * The floor is a `Map` where one would do, and LMDB without checksums and
 * packing where one would not. Results are checked before they are timed.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cache } from "../src/cache/cache.ts";
import { directoryKey } from "../src/cache/paths.ts";
import { packName, runName } from "../src/format/names.ts";
import { rawFromText } from "../src/format/raw-name.ts";
import type { ChunkId, PackTable } from "../src/format/table.ts";

const ENTRIES = Number(process.argv[2] ?? 1_000_000);
const SEGMENT = 65_536;
const ROUNDS = 5;
const LOOKUPS = 200_000;
const NAMES = 200_000;
const NAMES_A_DIRECTORY = 100;
const RUN = runName("bench", 1, new Uint8Array(8));
const IDENTITY = { repository: "bench", host: "bench", segmentSize: SEGMENT };

let laid = 0;
let packs = 0;

/** The next pack of a tape: `count` chunks of 4 KB, which share their segments. */
function nextPack(count: number): PackTable {
  const ids = randomBytes(32 * count);
  const first = laid / SEGMENT;
  const frames = Array.from({ length: count }, (_, n) => {
    const id = ids.toString("base64", 32 * n, 32 * n + 32) as ChunkId;
    const frame = { offset: laid, length: 4096, chunks: [{ id, size: 9000 }] };
    laid += 4096;
    return frame;
  });
  laid = Math.ceil(laid / SEGMENT) * SEGMENT;
  packs += 1;
  const hashes = randomBytes(16 * (laid / SEGMENT - first));
  const segments = [{ first, sealedSize: SEGMENT + 64, hashes }];
  return { pack: packName(RUN, packs), parts: [{ run: RUN, tape: 0, segments, frames }] };
}

const ids: Buffer[] = [];

function* someTables(entries: number): Generator<PackTable> {
  for (let left = entries; left > 0; left -= 4000) {
    const table = nextPack(Math.min(left, 4000));
    for (const { chunks } of table.parts[0]?.frames ?? []) {
      const id = chunks[0]?.id;
      if (id !== undefined && ids.length < LOOKUPS) ids.push(Buffer.from(id, "base64"));
    }
    yield table;
  }
}

async function timed(action: () => unknown): Promise<number> {
  const from = performance.now();
  await action();
  return performance.now() - from;
}

function report(what: string, times: readonly number[], count: number): void {
  const sorted = [...times].sort((a, b) => a - b);
  const [median, min, max] = [sorted.length >> 1, 0, sorted.length - 1].map((n) => sorted[n] ?? 0);
  const each = ((1000 * (median ?? 0)) / count).toFixed(2);
  const spread = `${min?.toFixed(1)}..${max?.toFixed(1)}`;
  console.log(
    `${what.padEnd(44)} ${median?.toFixed(1).padStart(9)} ms  (${spread})  ${each} us each`,
  );
}

async function rounds(what: string, count: number, action: () => unknown): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push(await timed(action));
  report(what, times, count);
}

const directory = mkdtempSync(join(tmpdir(), "varve-bench-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));

let cache = await Cache.open(directory, IDENTITY);
const filling = await timed(() =>
  cache.packs.addIndexes([{ name: "index/1", tables: someTables(ENTRIES) }]),
);
report(`addIndexes of ${ENTRIES} chunks`, [filling], ENTRIES);
const bytes = statSync(join(cache.path, "data.mdb")).size;
console.log(
  `${(bytes / ENTRIES).toFixed(0)} bytes an entry, ${process.memoryUsage().rss >> 20} MB resident`,
);

for (const id of ids) assert.equal(cache.chunks.locate(id)?.length, 4096);
ids.sort(() => Math.random() - 0.5);
const absent = ids.map((id) => createHash("sha256").update(id).digest());
const map = new Map(ids.map((id) => [id.toString("latin1"), 1]));
await rounds("locate, known", LOOKUPS, () => ids.forEach((id) => void cache.chunks.locate(id)));
await rounds("locate, unknown", LOOKUPS, () =>
  absent.forEach((id) => void cache.chunks.locate(id)),
);
await rounds("  (a Map in memory)", LOOKUPS, () =>
  ids.forEach((id) => void map.get(id.toString("latin1"))),
);
const last = laid / SEGMENT - 1;
await rounds("holds", LOOKUPS, () => {
  for (let n = 0; n < LOOKUPS; n += 1) cache.segments.holds(RUN, 0, n % last, n % last);
});
await rounds("locateSegments of 16", 10_000, () => {
  for (let n = 0; n < 10_000; n += 1)
    cache.segments.locate(RUN, 0, (n * 37) % (last - 16), ((n * 37) % (last - 16)) + 15);
});
for (const count of [16, 4000, 16_000]) {
  const tables = Array.from({ length: ROUNDS }, () => nextPack(count));
  await rounds(`add a pack of ${count}`, count, () => cache.packs.add(tables.pop() as PackTable));
}

const value = randomBytes(120);
const directories = Array.from({ length: NAMES / NAMES_A_DIRECTORY }, (_, n) =>
  directoryKey("/home", rawFromText(`some/where/${n}`)),
);
const names = Array.from({ length: NAMES_A_DIRECTORY }, (_, n) => rawFromText(`file-${n}.txt`));
let generation = 0;
await rounds(`put and seen, ${NAMES} names`, NAMES, () => {
  generation += 1;
  for (const key of directories) {
    cache.paths.seen(key, generation);
    for (const name of names) cache.paths.put(key, name, value);
  }
  cache.paths.flush();
});
await rounds(`between, ${NAMES} names`, NAMES, () => {
  let count = 0;
  for (const key of directories) for (const _ of cache.paths.between(key)) count += 1;
  assert.equal(count, NAMES);
});
await rounds("sweep of what was all seen", directories.length, () =>
  cache.paths.sweep("/home", generation),
);
await rounds("a state of 100 bytes", 1, () => cache.putState("reach", value));

const gone = packName(RUN, 3);
report("remove a pack", [await timed(() => cache.packs.remove([gone]))], ENTRIES);
const openings: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  await cache.close();
  openings.push(await timed(reopen));
}
report("open after a close", openings, 1);
await cache.close();
rmSync(join(cache.path, "clean"));
report("open after a crash", [await timed(reopen)], ENTRIES);
const after = statSync(join(cache.path, "data.mdb")).size;
console.log(`${after >> 20} MB behind it, ${bytes >> 20} MB at first`);
await cache.close();
console.log(`${process.resourceUsage().maxRSS >> 10} MB at the most`);

async function reopen(): Promise<void> {
  cache = await Cache.open(directory, IDENTITY);
  assert.equal(cache.fresh, false);
}
