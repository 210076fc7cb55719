/**
 * Checks a repository as a whole, from its objects alone: everything that a
 * committed end names is there and is what it was, every chunk of every
 * snapshot is found through the index objects that committed ends name, and in
 * segments that the reach names. Only what is left in the target counts.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Cache } from "../../src/cache/cache.ts";
import type { RunName } from "../../src/format/names.ts";
import { endName, runKeyName, runOfObject } from "../../src/format/names.ts";
import type { ObjectHash } from "../../src/format/object-hash.ts";
import type { TapeReach } from "../../src/format/reach.ts";
import type { RunObjects, SnapshotEnd } from "../../src/format/run.ts";
import { decodeEnd } from "../../src/format/run.ts";
import { decodeSigned } from "../../src/format/signed.ts";
import type { PackTable } from "../../src/format/table.ts";
import { segmentCount } from "../../src/format/table.ts";
import { bodySize, TRAILER_BYTES, tableRange } from "../../src/pack/pack.ts";
import { segmentHash } from "../../src/pack/segment.ts";
import { readIndex } from "../../src/repository/index-objects.ts";
import { spanOf } from "../../src/repository/reach.ts";
import type { Repository } from "../../src/repository/repository.ts";
import { ChunkSource, placeOf } from "../../src/restore/chunk-source.ts";
import { chunksOf } from "../../src/restore/contents.ts";
import { resolve } from "../../src/restore/resolve.ts";
import { Selection } from "../../src/restore/selection.ts";
import type { Target, WritableTarget } from "../../src/target/target.ts";
import type { OpenSnapshot } from "./harvest.ts";
import { openSnapshot, restored } from "./harvest.ts";
import type { Site } from "./site.ts";
import { cacheDirectory, session } from "./site.ts";
import type { Survey } from "./tree.ts";

const MANY = 2 ** 30;

/** A snapshot that passed, and what it restores to. */
export interface Audited {
  readonly run: RunName;
  readonly end: SnapshotEnd;
  readonly tree: Survey;
}

/** Audits a repository in which no two runs committed at once; gives its snapshots in order. */
export function audit(site: Site, target: WritableTarget): Promise<Audited[]> {
  return session(site, target, cacheDirectory(), async ({ repository, cache }) => {
    const ends = await committedEnds(target);
    await checkNames(target, ends);
    checkChain(ends);
    await learnIndex(repository, cache, ends);
    const audited: Audited[] = [];
    for (const { end } of ends) {
      const snapshot = await openSnapshot(site, repository, cache, end.run);
      await checkReach(snapshot, new Set(ends.map((other) => other.end.run)));
      audited.push({ run: end.run, end, tree: await restored(snapshot) });
    }
    return audited;
  });
}

interface StoredEnd {
  readonly end: SnapshotEnd;
  readonly hash: string;
}

async function committedEnds(target: Target): Promise<StoredEnd[]> {
  const ends: StoredEnd[] = [];
  for await (const { name } of target.list("runs/")) {
    const run = runOfObject(name);
    if (run === undefined || name !== endName(run)) continue;
    const bytes = await target.read(name, MANY);
    const end = decodeEnd(name, decodeSigned(name, bytes).body);
    if (end.verdict === "snapshot") ends.push({ end, hash: sha256(bytes) });
  }
  return ends;
}

/** Everything named is there, and has the hash that it is named with. */
async function checkNames(target: Target, ends: readonly StoredEnd[]): Promise<void> {
  const named = ends.flatMap(({ end }) => [...namedBy(end), ...end.heads, ...end.reach]);
  for (const { object, hash } of named) {
    assert.equal(sha256(await target.read(object, MANY)), hash, object);
  }
}

function namedBy(end: SnapshotEnd): ObjectHash[] {
  const objectsOf = ({ run, key, index }: RunObjects) => [
    { object: runKeyName(run), hash: key },
    ...index,
  ];
  return [end, ...end.adopts].flatMap(objectsOf);
}

/** Each end names those that no other did: of all but the last, each is named once. */
function checkChain(ends: readonly StoredEnd[]): void {
  const named = ends.flatMap(({ end }) => end.heads.map(({ object }) => object));
  assert.equal(new Set(named).size, named.length, "an end is named twice");
  assert.equal(named.length, Math.max(ends.length - 1, 0), "the chain has gaps");
}

/** Fills the cache from the index objects that committed ends name. */
async function learnIndex(
  repository: Repository,
  cache: Cache,
  ends: readonly StoredEnd[],
): Promise<void> {
  const names = new Set(ends.flatMap(({ end }) => namedBy(end).map(({ object }) => object)));
  for (const name of [...names].sort()) {
    if (!name.startsWith("index/")) continue;
    const index = await readIndex(repository, name);
    const tables = index.holds === "places" ? [...index.tables] : [];
    for (const table of tables) await checkPack(repository.target, table);
    await cache.packs.addIndexes([{ name, tables }]);
  }
}

/** A pack is there, and holds the segments that the index says. */
async function checkPack(target: Target, table: PackTable): Promise<void> {
  const bytes = await target.read(table.pack, MANY);
  const [offset, length] = tableRange(table.pack, bytes.length, bytes.subarray(-TRAILER_BYTES));
  assert.equal(offset, bodySize(table), table.pack);
  assert.equal(sha256(bytes.subarray(offset, offset + length)), table.hash, table.pack);
  let at = 0;
  for (const group of table.parts.flatMap(({ segments }) => segments)) {
    const hashes: Uint8Array[] = [];
    for (let left = segmentCount(group); left > 0; left--) {
      hashes.push(segmentHash(bytes.subarray(at, at + group.sealedSize)));
      at += group.sealedSize;
    }
    assert.deepEqual(Buffer.concat(hashes), Buffer.from(group.hashes), table.pack);
  }
}

/** The reach names segments that are there, of runs that are answered for, and all that the tree needs. */
async function checkReach(
  { end, manifest, means }: OpenSnapshot,
  committed: ReadonlySet<RunName>,
): Promise<void> {
  const { repository, cache } = means;
  const answered = new Set([...committed, ...end.adopts.map(({ run }) => run)]);
  const reached = new Set<string>();
  for (const { run, tape, segments } of await readReach(repository, end)) {
    assert.ok(answered.has(run), `${run} is neither committed nor adopted`);
    for (const [first, last] of segments) {
      assert.ok(cache.segments.holds(run, tape, first, last), `${run} ${tape} ${first}-${last}`);
      for (let at = first; at <= last; at++) reached.add(`${run} ${tape} ${at}`);
    }
  }
  const source = new ChunkSource(means);
  for await (const step of resolve(manifest.root, source, new Selection([], manifest.source))) {
    const { entry } = step;
    if (entry.type !== "file" && entry.type !== "directory") continue;
    for await (const chunk of chunksOf(entry.name, entry.content, source)) {
      const place = placeOf(cache, chunk);
      const { run, tape, first, last } = spanOf(place, repository.settings.sizes.segment);
      for (let at = first; at <= last; at++) {
        assert.ok(reached.has(`${run} ${tape} ${at}`), `chunk ${chunk.id} of "${entry.name}"`);
      }
    }
  }
}

async function readReach(repository: Repository, { reach }: SnapshotEnd): Promise<TapeReach[]> {
  const ranges: TapeReach[] = [];
  for (const { object, page } of reach) {
    const index = await readIndex(repository, object);
    assert.equal(index.holds, "reach");
    ranges.push(...((index.holds === "reach" && index.pages[page]) || []));
  }
  return ranges;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
