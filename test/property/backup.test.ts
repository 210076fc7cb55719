import assert from "node:assert/strict";
import { copyFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import type { Sizes } from "../../src/format/settings.ts";
import { DEFAULT_SIZES } from "../../src/format/settings.ts";
import { DirectoryTarget } from "../../src/target/directory.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import type { WritableTarget } from "../../src/target/target.ts";
import { audit } from "../support/audit.ts";
import { edit } from "../support/edit.ts";
import { FaultyTarget } from "../support/faults.ts";
import { restoreAll, rootOf } from "../support/harvest.ts";
import { edits, trees } from "../support/plants.ts";
import { randomBytes } from "../support/random.ts";
import { scratchDirectory } from "../support/scratch.ts";
import type { Site } from "../support/site.ts";
import { backUp, cacheDirectory, makeSite } from "../support/site.ts";
import { chunksStored } from "../support/stored.ts";
import { assertSameTree, directory, file, plant, survey } from "../support/tree.ts";

const RUNS = process.env["SLOW"] ? 300 : 15;
const KIB = 1024;

describe("restore(backup(tree))", () => {
  it("is the tree, before and after it was edited", async () => {
    const many = fc.array(edits, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(trees, many, async (tree, changes) => {
        const source = scratchDirectory();
        const cache = cacheDirectory();
        const target = new MemoryTarget();
        const site = await makeSite(target);
        plant(source, tree);
        const early = survey(source);
        await backUp(site, target, source, { cache });
        for (const change of changes) edit(source, change);
        const late = survey(source);
        await backUp(site, target, source, { cache });

        const [first, second] = await audit(site, target);
        assertSameTree(first?.tree ?? new Map(), early);
        assertSameTree(second?.tree ?? new Map(), late);
      }),
      { numRuns: RUNS },
    );
  });

  it("is the tree, with a name as long as names can be", async () => {
    const source = scratchDirectory();
    plant(source, directory({ ["x".repeat(255)]: file("short") }));
    const target = new MemoryTarget();
    const site = await makeSite(target);
    const { summary } = await backUp(site, target, source);
    const [tree] = await restoreAll(site, target, [summary.run]);
    assertSameTree(tree ?? new Map(), survey(source));
  });

  it("is the file, where that is all the source is", async () => {
    const source = join(scratchDirectory(), "file");
    plant(source, file(randomBytes(1, 100_000)));
    const target = new MemoryTarget();
    const site = await makeSite(target);
    await backUp(site, target, source);
    const [{ tree } = { tree: new Map() }] = await audit(site, target);
    assert.deepEqual([...tree.keys()], ["", "file"]);
    assert.equal(tree.get("file")?.looks, survey(source).get("")?.looks);
  });
});

/** Copies within files and across them, directories, and a file with a list of chunks. */
const varied = directory({
  copy: file(randomBytes(1, 600_000)),
  inner: directory({ copy: file(randomBytes(1, 600_000)), deep: directory({ none: file("") }) }),
  repeated: file(Buffer.concat(new Array<Uint8Array>(20).fill(randomBytes(2, 100_000)))),
  ...Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`small-${at}`, file(randomBytes(at % 50, 3000))]),
  ),
});

describe("however files are read, the tree is the same", () => {
  const source = scratchDirectory();
  before(() => plant(source, varied));

  /** Repositories with the same keys: chunks have the same ids in all of them. */
  async function fresh(): Promise<{ site: Site; target: WritableTarget }> {
    const target = new MemoryTarget();
    return { site: await makeSite(target), target };
  }

  it("with threads or without, and no chunk is stored twice", async () => {
    const roots: unknown[] = [];
    for (const workers of [0, 2, 2, 3]) {
      const { site, target } = await fresh();
      const { summary } = await backUp(site, target, source, { workers });
      const stored = await chunksStored(site, target);
      assert.equal(new Set(stored).size, stored.length);
      const [{ tree } = { tree: new Map() }] = await audit(site, target);
      assertSameTree(tree, survey(source));
      roots.push(await rootOf(site, target, summary.run));
    }
    for (const root of roots) assert.deepEqual(root, roots[0]);
  });

  it("with every file read again, which stores nothing new", async () => {
    const { site, target } = await fresh();
    const cache = cacheDirectory();
    const first = await backUp(site, target, source, { cache });
    const again = await backUp(site, target, source, { cache, reading: "every file" });
    assert.equal(again.summary.totals.newBytes, 0);
    const { run } = again.summary;
    const before = await rootOf(site, target, first.summary.run);
    assert.deepEqual(await rootOf(site, target, run), before);
  });

  it("on a disk as in memory", async () => {
    const target = await DirectoryTarget.create(join(scratchDirectory(), "target"));
    const site = await makeSite(target);
    const { summary } = await backUp(site, target, source);
    const [tree] = await restoreAll(site, target, [summary.run]);
    assertSameTree(tree ?? new Map(), survey(source));
  });
});

describe("another backup", () => {
  /** A tree of a few hundred files that has been backed up once. */
  async function backedUp(sizes?: Sizes): Promise<{
    source: string;
    again: () => Promise<{ bytes: number; newBytes: number; problems: number }>;
  }> {
    const source = scratchDirectory();
    plant(source, varied);
    const target = new FaultyTarget(new MemoryTarget());
    const site = await makeSite(target, sizes);
    const cache = cacheDirectory();
    await backUp(site, target, source, { cache });
    const again = async () => {
      const from = target.log.length;
      const { summary, problems } = await backUp(site, target, source, { cache });
      const bytes = target.log.slice(from).reduce((sum, { size }) => sum + size, 0);
      return { bytes, newBytes: summary.totals.newBytes, problems: problems.length };
    };
    return { source, again };
  }

  it("of an unchanged tree creates less than 24 KiB", async () => {
    const { again } = await backedUp(DEFAULT_SIZES);
    const { bytes, newBytes } = await again();
    assert.equal(newBytes, 0);
    assert.ok(bytes <= 24 * KIB, `${bytes} bytes`);
  });

  it("of an unchanged tree, or file, opens no file", async (t) => {
    const tree = scratchDirectory();
    // A time in the future: each reading moves the time of access, even under relatime.
    const late = { ...file(randomBytes(1, 5000)), mtime: 4e9 };
    plant(tree, directory({ a: late, inner: directory({ b: late }) }));
    const files = ["a", "inner/b"].map((name) => join(tree, name));
    const accessed = () => files.map((path) => statSync(path, { bigint: true }).atimeNs);
    const target = new MemoryTarget();
    const site = await makeSite(target);
    for (const source of [tree, ...files]) {
      const cache = cacheDirectory();
      await backUp(site, target, source, { cache });
      const before = accessed();
      await backUp(site, target, source, { cache });
      assert.deepEqual(accessed(), before);
      await backUp(site, target, source, { cache, reading: "every file" });
      if (accessed().every((time, at) => time === before[at])) t.skip("this disk keeps no times");
    }
  });

  it("after one file of 1 KB changed creates less than 64 KiB", async () => {
    const { source, again } = await backedUp(DEFAULT_SIZES);
    writeFileSync(join(source, "inner/deep/none"), randomBytes(99, 1000));
    const { bytes, newBytes } = await again();
    assert.equal(newBytes, 1000);
    assert.ok(bytes <= 64 * KIB, `${bytes} bytes`);
  });

  it("after a file was copied stores nothing of the copy", async () => {
    const { source, again } = await backedUp();
    copyFileSync(join(source, "repeated"), join(source, "inner/another"));
    assert.equal((await again()).newBytes, 0);
  });
});
