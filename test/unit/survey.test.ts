import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { open } from "lmdb";
import { Cache } from "../../src/cache/cache.ts";
import { enter } from "../../src/cache/generation.ts";
import { findCaches, sizeOnDisk, surveyCache } from "../../src/cache/survey.ts";
import { UnavailableError } from "../../src/errors.ts";
import { cacheDirectory, IDENTITY, idBytes, packOf, testRun } from "../support/cache.ts";

const ID = "0123456789abcdef0123456789abcdef";

/** A closed cache of 9 chunks in 3 packs, of which an index object lists 2. */
async function filled(): Promise<string> {
  const directory = cacheDirectory();
  const cache = await Cache.open(directory, IDENTITY);
  const tables = [packOf(1, 0, 4), packOf(2, 4, 3)];
  await cache.packs.addIndexes([{ name: "index/1", tables }]);
  cache.packs.add(packOf(1, 7, 2, testRun(2)));
  await cache.close();
  return directory;
}

const FILLED = { chunks: 9, packs: 3, indexes: 1 };

test("a survey counts what is known, and when it was used", async () => {
  const directory = await filled();
  const data = join(directory, "1", "data.mdb");
  const facts = await surveyCache(directory);
  assert.deepEqual(facts?.known, FILLED);
  assert.ok(facts.bytes >= statSync(data).size, String(facts.bytes));
  const used = statSync(join(directory, "1", "clean"));
  assert.equal(facts.lastUsed, Math.floor(used.mtimeMs));
});

test("a survey leaves everything as it is, and the next opening too", async () => {
  const directory = await filled();
  const before = await surveyCache(directory);
  assert.deepEqual(await surveyCache(directory), before);
  assert.deepEqual(readdirSync(directory), ["1"]);
  const cache = await Cache.open(directory, IDENTITY);
  assert.equal(cache.path, join(directory, "1"));
  assert.ok(cache.chunks.locate(idBytes(8)));
  await cache.close();
});

test("a survey of a cache in use sees what was committed, and does not get in its way", async () => {
  const directory = await filled();
  const cache = await Cache.open(directory, IDENTITY);
  cache.packs.add(packOf(3, 20, 1));
  assert.deepEqual((await surveyCache(directory))?.known, { chunks: 10, packs: 4, indexes: 1 });
  cache.packs.add(packOf(4, 21, 1));
  await cache.close();
  assert.deepEqual((await surveyCache(directory))?.known, { chunks: 11, packs: 5, indexes: 1 });
});

test("a survey finds nothing where there is nothing, and makes nothing", async () => {
  const directory = cacheDirectory();
  const none = join(directory, "none");
  for (const place of [directory, none, join(directory, "file", "below")]) {
    if (place === join(directory, "file", "below")) writeFileSync(join(directory, "file"), "");
    assert.equal(await surveyCache(place), undefined);
    assert.equal(await sizeOnDisk(place), 0);
    assert.deepEqual(await findCaches(place), []);
  }
  assert.equal(existsSync(none), false);
  const discarded = await filled();
  await Cache.discard(discarded);
  assert.equal(await surveyCache(discarded), undefined);
});

test("a survey opens nothing that nobody vouches for: it may be garbage", async () => {
  for (const damage of [
    (file: string) => utimesSync(file, 1, 1),
    (file: string) => appendFileSync(file, "x"),
    (file: string) => writeFileSync(file, Buffer.alloc(50_000, 7)),
  ]) {
    const directory = await filled();
    damage(join(directory, "1", "data.mdb"));
    const facts = await surveyCache(directory);
    assert.ok(facts && facts.bytes > 0);
    assert.equal(facts.known, undefined);
    assert.deepEqual(readdirSync(directory), ["1"]);
  }
});

test("a survey tells nothing of an environment that is not whole yet", async () => {
  const directory = cacheDirectory();
  const path = join(directory, "1");
  mkdirSync(path);
  // Somebody who is alive is making it.
  await enter(path);
  writeFileSync(join(path, "data.mdb"), "");
  assert.equal(await surveyCache(directory), undefined);
  const begun = open({ path: join(path, "data.mdb"), noSubdir: true });
  const facts = await surveyCache(directory);
  await begun.close();
  assert.ok(facts && facts.bytes > 0);
  assert.equal(facts.known, undefined);
});

test("a survey tells nothing of an environment that goes while it looks", async () => {
  const directory = cacheDirectory();
  mkdirSync(join(directory, "1"));
  symlinkSync("gone", join(directory, "1", "data.mdb"));
  assert.equal((await surveyCache(directory))?.known, undefined);
});

test("a survey of what cannot be read says where", async () => {
  const place = join(cacheDirectory(), "loop");
  symlinkSync("loop", place);
  for (const look of [findCaches, surveyCache, sizeOnDisk]) {
    await assert.rejects(look(place), (error: Error) => {
      assert.ok(error instanceof UnavailableError, String(error));
      assert.ok(error.message.includes(place), error.message);
      return true;
    });
  }
});

test("caches are found by their directories, and nothing else is taken for one", async () => {
  const place = cacheDirectory();
  const other = ID.replace("0", "f");
  for (const name of [`${ID}/web-1`, `${ID}/db`, `${other}/db`]) {
    mkdirSync(join(place, name), { recursive: true });
  }
  // VARVE_CACHE_DIR may be somebody's home.
  for (const name of ["photos/2019/1", `${ID}/Not A Host`, `${ID.slice(1)}/db`, `${ID}x/db`]) {
    mkdirSync(join(place, name), { recursive: true });
  }
  const found = (repository: string, host: string) => ({
    repository,
    host,
    directory: join(place, repository, host),
  });
  assert.deepEqual(await findCaches(place), [
    found(ID, "db"),
    found(ID, "web-1"),
    found(other, "db"),
  ]);
  assert.deepEqual(await findCaches(place, other), [found(other, "db")]);
  assert.deepEqual(await findCaches(place, "0".repeat(32)), []);
});
