/** What `backup` takes, leaves out, and does again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { ended, Machine, objectsOf } from "../support/command.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { filesBelow, fingerprintOf, noise, sampleTree } from "../support/trees.ts";

/** The paths in the latest snapshot. */
async function pathsOn(machine: Machine): Promise<string[]> {
  const entries = objectsOf(await machine.varve("manifest", "--json"));
  return entries.map(({ path }) => String(path)).filter((path) => path !== "");
}

function snapshotOf(ended: Ended): Record<string, unknown> {
  const found = objectsOf(ended).find(({ event }) => event === "snapshot");
  assert.ok(found, ended.err);
  return found;
}

/** Waits until so many packs are stored. */
async function packsIn(target: string, count: number): Promise<void> {
  const packs = join(target, "packs");
  const deadline = Date.now() + 60_000;
  while (!existsSync(packs) || filesBelow(packs).length < count) {
    assert.ok(Date.now() < deadline, `no ${count} packs came`);
    await new Promise((resume) => setTimeout(resume, 10));
  }
}

// Each on a machine of its own.
describe("backup", { concurrency: 2 }, () => {
  describe("--exclude and --tag", () => {
    it("take one value each, and tell a pattern that matched nothing", async () => {
      const machine = new Machine();
      const tree = join(machine.home, "tree");
      for (const name of ["a/node_modules", "b/deep", "cache", "keep"]) {
        mkdirSync(join(tree, name), { recursive: true });
        writeFileSync(join(tree, name, "x.o"), "");
        writeFileSync(join(tree, name, "y"), "");
      }
      writeFileSync(join(tree, "keep/cache"), "a file");
      const patterns = ["node_modules", "b/**/y", "cache/", "*.o", "nothing/*"];
      const flags = patterns.flatMap((pattern) => ["--exclude", pattern]);
      // The source stands behind them: none of them swallows it.
      const other = join(machine.home, "other");
      mkdirSync(other);
      const made = await machine.varve(
        "backup",
        other,
        "--tag",
        "one",
        "--tag",
        "two",
        ...flags,
        tree,
      );
      assert.equal(made.status, 0, made.err);
      assert.deepEqual(made.err.match(/.*matched nothing/g), [
        "--exclude nothing/* matched nothing",
      ]);
      assert.deepEqual(await pathsOn(machine), [
        "a",
        "b",
        "b/deep",
        "keep",
        "keep/cache",
        "keep/y",
      ]);
      const listed = objectsOf(await machine.varve("snapshots", "--tag", "two", "--json"));
      assert.deepEqual(
        listed.map(({ source }) => source),
        [other, tree],
      );
    });
  });

  describe("--dry-run", () => {
    it("says what would be read, and stores nothing", async () => {
      const machine = new Machine();
      const source = sampleTree();
      await machine.varve("backup", "--workers", "0", source);
      const before = fingerprintOf(machine.repository);
      writeFileSync(join(source, "added"), "12345");
      const told = await machine.varve("backup", "--dry-run", "-v", `${source}/`);
      assert.match(told.err, /^would read added$/m);
      assert.match(told.out, /would read 1 file of 9, 5 B of/);
      const forced = await machine.varve("backup", "--dry-run", "--force", "--json", source);
      assert.equal(objectsOf(forced)[0]?.["changedFiles"], 9);
      assert.equal(fingerprintOf(machine.repository), before);
      // A run without threads left nothing out, and one with two reads it as known.
      const next = snapshotOf(await machine.varve("backup", "--workers", "2", "--json", source));
      assert.deepEqual([next["files"], next["newBytes"]], [9, 5]);
      const all = snapshotOf(await machine.varve("backup", "--force", "--json", source));
      assert.equal(all["newBytes"], 0);
    });
  });

  describe("a source", () => {
    it("is followed if it is a link to a directory, and keeps its name", async () => {
      const machine = new Machine();
      mkdirSync(join(machine.home, "release-1"));
      writeFileSync(join(machine.home, "release-1/file"), "");
      symlinkSync("release-1", join(machine.home, "current"));
      const made = snapshotOf(await machine.varve("backup", "--json", "current"));
      assert.equal(made["source"], join(machine.home, "current"));
      assert.deepEqual(await pathsOn(machine), ["file"]);
    });

    it("may hold its own repository, which is left out", async () => {
      const machine = new Machine();
      writeFileSync(join(machine.home, "large"), noise(200_000));
      await machine.varve("backup", ".");
      const again = snapshotOf(await machine.varve("backup", "--json", "."));
      assert.ok(Number(again["newBytes"]) < 10_000, JSON.stringify(again));
      const paths = await pathsOn(machine);
      assert.ok(paths.includes("large"));
      assert.ok(
        !paths.some((path) => path.includes("varve/default") || path.includes(".cache/varve")),
      );
    });
  });

  describe("an interrupted backup", () => {
    it("exits with 130; the next one sends again only what was under way", async () => {
      const machine = new Machine();
      const source = scratchDirectory();
      const total = 48 * 2 ** 20;
      for (let at = 0; at < 24; at += 1) {
        writeFileSync(join(source, `${at}`), noise(total / 24, at));
      }
      const init = ["init", "--no-passphrase", "t", "--pack-size", "1m"];
      assert.equal((await machine.varve(...init)).status, 0);
      const child = machine.start(["backup", "--to", "t", "--workers", "1", source]);
      const end = ended(child);
      await packsIn(join(machine.home, "t"), 12);
      child.kill("SIGINT");
      assert.equal((await end).status, 130);
      const listed = await machine.varve("snapshots", "t");
      assert.deepEqual([listed.status, listed.out], [0, ""]);
      const next = snapshotOf(await machine.varve("backup", "--to", "t", "--json", source));
      assert.ok(Number(next["newBytes"]) < total - 5 * 2 ** 20, JSON.stringify(next));
      const args = ["restore", "--from", "t", "--to", "out"];
      assert.equal((await machine.varve(...args)).status, 0);
      assert.equal(fingerprintOf(source), fingerprintOf(join(machine.home, "out")));
    });
  });

  describe("whoever reads the output", () => {
    it("may stop reading, and the backup goes on", async () => {
      const machine = new Machine();
      const source = scratchDirectory();
      const child = machine.start(["backup", "--json", source]);
      child.stdout?.destroy();
      const [status] = (await once(child, "close")) as [number | null];
      assert.equal(status, 0);
      assert.equal(readdirSync(join(machine.repository, "runs")).length, 1);
      assert.match((await machine.varve("snapshots")).out, /0 files/);
    });
  });
});
