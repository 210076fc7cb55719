/**
 * Runs that end at a checkpoint, on a clock that goes on with each look at it:
 * what they leave is whole as far as it goes, and the next run goes on there.
 */
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { preview } from "../../src/backup/preview.ts";
import { directoryKey } from "../../src/cache/paths.ts";
import { backUp as backUpInFull } from "../../src/commands/backing-up.ts";
import { Output } from "../../src/commands/output.ts";
import type { Exclusion, Found, Problem } from "../../src/disk/walk.ts";
import { endName } from "../../src/format/names.ts";
import type { ObjectHash } from "../../src/format/object-hash.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { Summary } from "../../src/format/snapshot.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import { audit } from "../support/audit.ts";
import { randomBytes } from "../support/random.ts";
import { scratchDirectory } from "../support/scratch.ts";
import type { Site, TaskOptions } from "../support/site.ts";
import { backUp, cacheDirectory, makeSite, session, taskOf } from "../support/site.ts";
import { chunksStored } from "../support/stored.ts";
import type { Survey } from "../support/tree.ts";
import { assertSameTree, directory, file, plant, survey } from "../support/tree.ts";

const MIB = 2 ** 20;
/** More than a run lets wait: the walk has to stop for the readers. */
const MANY_FILES = 1100;
const QUIET = { json: false, quiet: true, verbose: false, "no-progress": true };

/** Large files before and behind directories of small ones. */
function plantTree(source: string): void {
  const large = (seed: number) => file(randomBytes(seed, 0.6 * MIB));
  plant(
    source,
    directory({
      a: directory({ "1": large(1), "2": large(2), "3": large(3) }),
      b: large(4),
      m: directory({ n: directory({ empty: directory({}), o: directory({}), p: large(5) }) }),
      x: directory({ "1": large(6), "2": large(1), z: directory({ last: file("last") }) }),
      y: large(7),
    }),
  );
  writeMany(source, "early");
}

function writeMany(source: string, content: string): void {
  for (let at = 0; at < MANY_FILES; at += 1) {
    writeFileSync(join(source, "m/n/o", `${at}`), `${content} ${at}`);
  }
}

interface Place {
  readonly site: Site;
  readonly store: MemoryTarget;
  readonly source: string;
  readonly cache: string;
}

async function placeAt(source: string): Promise<Place> {
  const store = new MemoryTarget();
  return { site: await makeSite(store), store, source, cache: cacheDirectory() };
}

/** One run of a process of its own. */
async function runOnce(place: Place, options: TaskOptions): Promise<Summary> {
  const { site, store, source, cache } = place;
  return (await backUp(site, store, source, { cache, ...options })).summary;
}

/** Runs until a snapshot is complete. */
async function runAll(place: Place, options: TaskOptions): Promise<Summary[]> {
  const summaries: Summary[] = [];
  while (summaries.at(-1)?.complete !== true) {
    summaries.push(await runOnce(place, options));
    assert.ok(summaries.length < 20, "it gets nowhere");
  }
  return summaries;
}

/** The files that another run would read. */
async function unknownIn({ site, store, source, cache }: Place): Promise<string[]> {
  return await session(site, store, cache, async (tools) => {
    const paths: string[] = [];
    const changed = ({ path }: { readonly path: string }) => paths.push(path);
    await preview(taskOf(source), tools, { problem: () => {}, changed });
    return paths.sort();
  });
}

function filesOf(tree: Survey): string[] {
  return [...tree].flatMap(([path, { looks }]) => (looks.startsWith("file") ? [path] : [])).sort();
}

/** All that is in it is as in the source. */
function assertPart(tree: Survey, source: string): void {
  const whole = [...survey(source)];
  assertSameTree(tree, new Map(whole.filter(([path]) => tree.has(path))));
}

const planted = scratchDirectory();
before(() => plantTree(planted));

describe("a run that comes to a checkpoint", () => {
  /** No thread gets through what it has in hand without a pack being stored. */
  const large = scratchDirectory();
  before(() => {
    for (let at = 0; at < 20; at += 1) plant(join(large, `${at}`), file(randomBytes(at, MIB)));
  });

  for (const [name, source, options] of [
    ["soon", planted, { checkpoint: 0 }],
    ["later", planted, { checkpoint: 4 }],
    ["with threads", large, { checkpoint: 0, workers: 2 }],
  ] as const) {
    it(`leaves what it has, and goes on until all is there: ${name}`, async () => {
      const place = await placeAt(source);
      const summaries = await runAll(place, options);
      assert.ok(summaries.length > 1, "no checkpoint came");
      assert.deepEqual(
        summaries.map(({ complete }) => complete),
        summaries.map((_, at) => at === summaries.length - 1),
      );
      const audited = await audit(place.site, place.store);
      assert.deepEqual(
        audited.map(({ run }) => run),
        summaries.map(({ run }) => run),
      );
      let seen = 0;
      for (const { tree } of audited) {
        assertPart(tree, source);
        assert.ok(filesOf(tree).length > seen, "it got no further");
        seen = filesOf(tree).length;
      }
      assertSameTree(audited.at(-1)?.tree ?? new Map(), survey(source));
      const stored = await chunksStored(place.site, place.store);
      assert.equal(new Set(stored).size, stored.length, "chunks were stored again");
    });
  }

  it("knows the files of the incomplete snapshot, and only those", async () => {
    const place = await placeAt(planted);
    assert.equal((await runOnce(place, { checkpoint: 0 })).complete, false);
    const [{ tree } = { tree: new Map() }] = await audit(place.site, place.store);
    const stored = new Set(filesOf(tree));
    const left = filesOf(survey(planted)).filter((path) => !stored.has(path));
    assert.ok(stored.size > 0 && left.length > MANY_FILES / 2);
    assert.deepEqual(await unknownIn(place), left);
  });

  it("forgets nothing of what it has not come to, and all that is gone once it is complete", async () => {
    const place = await placeAt(scratchDirectory());
    plantTree(place.source);
    await runOnce(place, {});
    appendFileSync(join(place.source, "a/1"), randomBytes(10, 2 * MIB));
    writeMany(place.source, "late");
    appendFileSync(join(place.source, "y"), "changed too");
    assert.equal((await runOnce(place, { checkpoint: 0 })).complete, false);
    const behind = (await unknownIn(place)).filter((path) => !path.startsWith("m/n/o/"));
    assert.deepEqual(behind, ["y"]);
    rmSync(join(place.source, "x"), { recursive: true });
    assert.equal((await runOnce(place, {})).complete, true);
    // What comes back under its name has to be read: it is not known any more.
    mkdirSync(join(place.source, "x"));
    plant(join(place.source, "x/1"), file(randomBytes(6, 0.6 * MIB)));
    assert.deepEqual(await unknownIn(place), ["x/1"]);
  });

  it("leaves nothing behind of a directory that it was in, and that is gone then", async () => {
    const place = await placeAt(scratchDirectory());
    plantTree(place.source);
    const known = (): Promise<number> =>
      session(place.site, place.store, place.cache, async ({ cache }) => {
        const key = directoryKey(rawFromText(place.source), rawFromText("m/n/o"));
        return [...cache.paths.between(key)].length;
      });
    assert.equal((await runOnce(place, { checkpoint: 30 })).complete, false);
    const before = await known();
    assert.ok(before > 0 && before < MANY_FILES, String(before));
    rmSync(join(place.source, "m"), { recursive: true });
    assert.equal((await runOnce(place, {})).complete, true);
    assert.equal(await known(), 0);
  });

  it("reads every file once, in all runs together, where it is to read every file", async () => {
    const place = await placeAt(scratchDirectory());
    plantTree(place.source);
    await runOnce(place, {});
    assert.deepEqual(await unknownIn(place), []);
    appendFileSync(join(place.source, "a/1"), randomBytes(10, 2 * MIB));
    const first = await runOnce(place, { checkpoint: 0, reading: "every file" });
    assert.equal(first.complete, false);
    const tree = (await audit(place.site, place.store)).at(-1)?.tree ?? new Map();
    const stored = new Set(filesOf(tree));
    const left = filesOf(survey(place.source)).filter((path) => !stored.has(path));
    assert.deepEqual(await unknownIn(place), left);
  });

  it("has nothing to leave to another if all is being read by then", async () => {
    const place = await placeAt(scratchDirectory());
    plant(place.source, directory({ only: file(randomBytes(1, 3 * MIB)) }));
    assert.equal((await runOnce(place, { checkpoint: 0 })).complete, true);
    plant(join(place.source, "small"), file("small"));
    // Nothing fills a pack before the end: however long it takes, no checkpoint comes.
    assert.equal((await runOnce(place, { checkpoint: 0 })).complete, true);
  });

  it("goes on where it was even if it died behind an incomplete snapshot, without its cache", async () => {
    const place = await placeAt(planted);
    const first = await runOnce(place, { checkpoint: 0 });
    const stored = await chunksStored(place.site, place.store);
    const lost = { ...place, cache: cacheDirectory() };
    assert.equal((await runOnce(lost, {})).complete, true);
    const all = await chunksStored(place.site, place.store);
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.length > stored.length);
    assert.equal(first.complete, false);
    const [, last] = await audit(place.site, place.store);
    assertSameTree(last?.tree ?? new Map(), survey(planted));
  });
});

/** Hears problems instead of printing them. */
class Ear extends Output {
  readonly told: string[] = [];

  override problem({ path }: Problem): void {
    this.problems += 1;
    this.told.push(path);
  }
}

describe("the backup of a source", () => {
  /** `isGone` is asked in each run: a file that the walk has seen vanishes before it is opened. */
  async function backUpLosing(isGone: (run: number) => boolean) {
    const place = await placeAt(scratchDirectory());
    plantTree(place.source);
    const doomed = join(place.source, "a/0");
    let run = 0;
    const excludes = ({ path }: Found): boolean => {
      if (path === "a") {
        run += 1;
        writeFileSync(doomed, String(run));
      }
      if (path === "a/0" && isGone(run)) rmSync(doomed);
      return false;
    };
    const output = new Ear(QUIET);
    const heads: unknown[] = [];
    const remember = async (seen: readonly ObjectHash[]) => void heads.push(...seen);
    const task = { ...taskOf(place.source), checkpoint: 0 };
    const watching: Exclusion = { excludes, opens: () => true, within: () => watching };
    const filter = Object.assign(task.filter, { exclusion: () => watching });
    const { summary, head } = await session(place.site, place.store, place.cache, (tools) =>
      backUpInFull({ ...task, filter }, tools, { output, remember }),
    );
    assert.equal(summary.complete, true);
    assert.ok(run > 2, `${run} runs`);
    const audited = await audit(place.site, place.store);
    assert.deepEqual(heads.at(-1), head);
    assert.deepEqual(
      heads.map((head) => (head as ObjectHash).object),
      audited.map(({ end }) => endName(end.run)),
    );
    return { summary, output, doomed };
  }

  it("tells a problem once, however many runs meet it", async () => {
    const { summary, output, doomed } = await backUpLosing(() => true);
    assert.deepEqual(output.told, [doomed]);
    assert.deepEqual([output.problems, summary.totals.problems], [1, 1]);
  });

  it("forgets what is known once, in the first of the runs that are to read every file", async (t) => {
    const place = await placeAt(planted);
    const output = new Ear(QUIET);
    await session(place.site, place.store, place.cache, async (tools) => {
      const forget = t.mock.method(tools.cache.paths, "forget");
      const remember = t.mock.fn(async () => {});
      const task = { ...taskOf(planted), checkpoint: 0, reading: "every file" as const };
      await backUpInFull(task, tools, { output, remember });
      assert.ok(remember.mock.callCount() > 2);
      assert.equal(forget.mock.callCount(), 1);
    });
  });

  it("has no problem that its last run did not meet", async () => {
    const { summary, output, doomed } = await backUpLosing((run) => run === 1);
    assert.deepEqual(output.told, [doomed]);
    assert.deepEqual([output.problems, summary.totals.problems], [0, 0]);
  });
});
