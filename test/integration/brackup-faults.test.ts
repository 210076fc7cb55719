/**
 * What Brackup did wrong when it backed up and restored (BRACKUP.md 1.1, 4.3,
 * 4.4, 6.1). Others of its faults are where their like is:
 *
 * - a file that changes, vanishes or cannot be read: fault/moving-tree.test.ts
 * - a directory that cannot be read, an empty source: failures.test.ts
 * - modes, owners, times of links, setuid, sockets in a whole tree: fidelity.test.ts
 * - a dangling link, a half-written file that is skipped: fault/restore-ground.test.ts
 * - a wrong digest, a missing chunk: fault/restore.test.ts
 * - paths out of --to, forged indexes: hostile-trees.test.ts, hostile-snapshots.test.ts
 */
import assert from "node:assert/strict";
import type { BigIntStats } from "node:fs";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { identityOf, signatureOf } from "../../src/backup/signature.ts";
import { CorruptError, UsageError } from "../../src/errors.ts";
import type { ContentChunk } from "../../src/format/content.ts";
import { restore } from "../../src/restore/restore.ts";
import { inlineWriters } from "../../src/restore/writers.ts";
import { Machine } from "../support/command.ts";
import type { RestoreOptions } from "../support/restore-task.ts";
import { restoreTask } from "../support/restore-task.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { COMMON, Shelf } from "../support/shelf.ts";
import { succeeded } from "../support/verdicts.ts";

describe("a tree that Brackup stumbled over", () => {
  const machine = new Machine();
  const tree = join(machine.home, "tree");

  before(async () => {
    mkdirSync(join(tree, "0"), { recursive: true });
    writeFileSync(join(tree, "0", "0"), "zero");
    writeFileSync(join(tree, "1"), "one");
    const server = createServer().listen(join(tree, "socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      // 1.1: -v twice ended it.
      succeeded(await machine.varve("backup", "-v", "-v", tree));
      assert.ok(lstatSync(join(tree, "socket")).isSocket());
    } finally {
      server.close();
    }
  });

  it("is restored from a path that is called 0, which Perl takes for none (1.2)", async () => {
    succeeded(await machine.varve("restore", "0/0", "--to", "zero"));
    const to = join(machine.home, "zero");
    assert.deepEqual(readdirSync(to, { recursive: true }).sort(), ["0", "0/0"]);
    assert.equal(readFileSync(join(to, "0/0"), "utf8"), "zero");
  });

  it("gets no file where there was a socket (4.1)", async () => {
    const { out } = succeeded(await machine.varve("ls"));
    assert.deepEqual(out.split("\n"), ["0", "0/0", "1", "socket", ""]);
    succeeded(await machine.varve("restore", "--to", "out", "--verify"));
    assert.deepEqual(readdirSync(join(machine.home, "out")).sort(), ["0", "1"]);
  });
});

/** Restores a tree laid by hand. */
async function restoreTo(
  to: string,
  shelf: Shelf,
  root: ReturnType<Shelf["directory"]>,
  options: RestoreOptions = {},
): Promise<void> {
  const means = await shelf.means();
  const task = await restoreTask(root, to, means, options);
  const listener = { problem() {}, progress() {}, kept() {} };
  await restore(task, means, inlineWriters(means), listener);
}

describe("a restore that is broken off", () => {
  /** `first/f`, and behind it `second/g`. */
  function laid() {
    const shelf = new Shelf();
    const f = { ...shelf.file("f", Buffer.from("f")), mode: 0o400 };
    const g = shelf.file("g", Buffer.from("g"));
    const first = { ...shelf.directory("first", f), mode: 0o750 };
    const second = shelf.directory("second", g);
    const root = shelf.directory("", first, second);
    shelf.close();
    const lose = ({ content }: typeof g | typeof second) =>
      shelf.places.delete((content.chunks[0] as ContentChunk).id);
    return { shelf, root, to: scratchDirectory(), lose, g, second };
  }

  it("has put modes and times on all that it has made (4.4)", async () => {
    const { shelf, root, to, lose, g } = laid();
    lose(g);
    await assert.rejects(restoreTo(to, shelf, root), /the file "second\/g"/);
    for (const [name, mode] of [
      ["first", 0o750n],
      ["first/f", 0o400n],
      ["second", 0o755n],
    ] as const) {
      const stats = lstatSync(join(to, name), { bigint: true });
      assert.deepEqual([stats.mode & 0o7777n, stats.mtimeNs], [mode, COMMON.mtime], name);
    }
    assert.deepEqual(readdirSync(join(to, "second")), []);
  });

  it("has opened nothing to others that is not complete", async () => {
    const { shelf, root, to, lose, second } = laid();
    lose(second);
    await assert.rejects(restoreTo(to, shelf, root), CorruptError);
    for (const name of readdirSync(to)) {
      const mode = statSync(join(to, name)).mode & 0o7777;
      assert.ok([0o700, name === "first" ? 0o750 : 0o700].includes(mode), `${name}: ${mode}`);
    }
  });
});

describe("a file of no bytes that is in the way", () => {
  it("is no less a file than others (4.4)", async () => {
    const shelf = new Shelf();
    const root = shelf.directory("", shelf.file("f", Buffer.from("f")));
    shelf.close();
    const to = scratchDirectory();
    writeFileSync(join(to, "f"), "");
    chmodSync(join(to, "f"), 0o600);
    await assert.rejects(restoreTo(to, shelf, root), UsageError);
    await restoreTo(to, shelf, root, { conflict: "skip" });
    assert.equal(statSync(join(to, "f")).size, 0);
    await restoreTo(to, shelf, root, { conflict: "identical" });
    assert.equal(readFileSync(join(to, "f"), "utf8"), "f");
  });
});

describe("what a file is known by", () => {
  it("is also the device that it is on: another disk at its place is another tree (4.3)", () => {
    const path = join(scratchDirectory(), "f");
    writeFileSync(path, "f");
    const stats = lstatSync(path, { bigint: true });
    const elsewhere = Object.assign(Object.create(stats) as BigIntStats, { dev: stats.dev + 1n });
    assert.notEqual(signatureOf(elsewhere), signatureOf(stats));
    assert.notEqual(identityOf(signatureOf(elsewhere)), identityOf(signatureOf(stats)));
    assert.equal(signatureOf(lstatSync(path, { bigint: true })), signatureOf(stats));
  });
});
