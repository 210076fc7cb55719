/** Incomplete snapshots, as a person meets them: what a long backup leaves on its way. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { backup } from "../../src/backup/backup.ts";
import { reachTarget } from "../../src/commands/environment.ts";
import { openAsHost, openCache } from "../../src/commands/session.ts";
import type { Problem } from "../../src/disk/walk.ts";
import type { RunName } from "../../src/format/names.ts";
import { snapshotId } from "../../src/repository/snapshots.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { taskOf } from "../support/site.ts";
import { NO_STRACE } from "../support/tracing.ts";
import { filesBelow, fingerprintOf, noise } from "../support/trees.ts";
import { idsOf, succeeded } from "../support/verdicts.ts";
import { environmentOf } from "../support/world.ts";

const SIZES = ["--chunk-size", "16k", "--segment-size", "4k", "--pack-size", "1m"];
const MIB = 2 ** 20;
const FILES = 6;
const FILE_BYTES = 1.25 * MIB;

/** A machine with a repository, and a tree of which each file fills a pack. */
async function machineWithTree(): Promise<{ machine: Machine; tree: string }> {
  const machine = new Machine();
  succeeded(await machine.varve("init", "--no-passphrase", "t", ...SIZES));
  const tree = join(machine.home, "tree");
  mkdirSync(tree);
  for (let at = 0; at < FILES; at += 1) {
    writeFileSync(join(tree, `file-${at}`), noise(FILE_BYTES, at));
  }
  return { machine, tree };
}

/** One run of the machine, which ends at the first checkpoint there can be. */
async function leaveIncomplete(machine: Machine, tree: string): Promise<RunName> {
  const environment = await environmentOf(machine);
  const target = await reachTarget(join(machine.home, "t"), environment);
  const { repository, host, signer } = await openAsHost(target, environment);
  const cache = await openCache(repository, host, environment);
  try {
    const remembered = { heads: [], missed: [] };
    const { means } = environment;
    const tools = { repository, cache, host, signer, remembered, clock: Date.now, means };
    const listener = { problem: ({ message }: Problem) => assert.fail(message), progress() {} };
    const { summary } = await backup({ ...taskOf(tree), checkpoint: 0 }, tools, listener);
    assert.equal(summary.complete, false);
    return summary.run;
  } finally {
    await cache.close();
  }
}

describe("an incomplete snapshot", () => {
  let machine: Machine;
  let tree: string;
  let incomplete: RunName;
  const reading = (command: string, ...args: string[]) =>
    machine.varve(command, "--from", "t", "--snapshot", snapshotId(incomplete), ...args);

  before(async () => {
    ({ machine, tree } = await machineWithTree());
    incomplete = await leaveIncomplete(machine, tree);
  });

  it("is listed as one, and is no latest", async () => {
    const listed = succeeded(await machine.varve("snapshots", "t"));
    assert.match(listed.out, new RegExp(`^${snapshotId(incomplete)} .*  incomplete$`, "m"));
    const { status, err } = await machine.varve("ls", "--from", "t");
    assert.equal(status, 6);
    assert.match(err, /no complete snapshot/);
  });

  it("restores as far as it goes, and says what it is, even to those who hear of problems only", async () => {
    for (const [command, ...args] of [
      ["ls", "-q"],
      ["restore", "--to", "part", "-q"],
    ] as const) {
      const { err } = succeeded(await reading(command, ...args));
      assert.match(err, /^This snapshot is incomplete/m);
    }
    const part = join(machine.home, "part");
    const there = filesBelow(part).map((path) => path.slice(part.length));
    assert.ok(there.length > 0 && there.length < FILES, String(there));
    const other = scratchDirectory();
    for (const [at, name] of there.entries()) {
      assert.equal(name, `/file-${at}`);
      writeFileSync(join(other, name), noise(FILE_BYTES, at));
    }
    assert.equal(fingerprintOf(part), fingerprintOf(other));
    succeeded(await machine.varve("check", "t"));
  });

  it("is gone once a complete one of its source follows, and so may be what only it needs", async () => {
    rmSync(join(tree, "file-0"));
    const [made] = objectsOf(succeeded(await machine.varve("backup", "--to", "t", "--json", tree)));
    assert.deepEqual([made?.["event"], made?.["complete"]], ["snapshot", true]);
    const listed = succeeded(await machine.varve("snapshots", "t", "--json"));
    assert.deepEqual(idsOf(listed), [made?.["id"]]);
    const { status, err } = await reading("restore", "--to", "again");
    assert.equal(status, 6, err);
    assert.match(err, new RegExp(`incomplete, and ${made?.["id"]}, which is complete`));
    // The first pack of the run's first tape holds what was removed, and nothing else.
    rmSync(join(machine.home, "t/packs", incomplete, "00000000"));
    const [checked] = objectsOf(succeeded(await machine.varve("check", "t", "--json")));
    assert.equal(checked?.["snapshots"], 1);
    succeeded(await machine.varve("restore", "--from", "t", "--to", "whole"));
    assert.equal(fingerprintOf(join(machine.home, "whole")), fingerprintOf(tree));
  });
});

describe("backup --checkpoint", () => {
  it("takes a duration", async () => {
    const { machine, tree } = await machineWithTree();
    for (const wrong of ["1", "often", "1h30m"]) {
      const { status, err } = await machine.varve("backup", "--checkpoint", wrong, tree);
      assert.equal(status, 2);
      assert.match(err, /--checkpoint should be a duration/);
    }
  });

  it("goes on in another run each time, until all is there", { skip: NO_STRACE }, async () => {
    const { machine, tree } = await machineWithTree();
    // Each pack takes its time: after three of them more than a second has passed.
    const slow = "strace -f -qq -o /dev/null -e trace=link -e inject=link:delay_enter=350000";
    const args = ["backup", "--to", "t", "--checkpoint", "1s", "--json", tree];
    const made = succeeded(await machine.run(args, { under: slow.split(" ") }));
    const events = objectsOf(made);
    const last = events.pop();
    assert.deepEqual([last?.["event"], last?.["files"]], ["snapshot", FILES]);
    assert.ok(events.length > 0, "no checkpoint came");
    for (const { event, complete } of events)
      assert.deepEqual([event, complete], ["checkpoint", false]);
    const sent = [...events, last].reduce((sum, totals) => sum + Number(totals?.["newBytes"]), 0);
    assert.equal(sent, FILES * FILE_BYTES);
    assert.deepEqual(idsOf(await machine.varve("snapshots", "t", "--json")), [last?.["id"]]);
    succeeded(await machine.varve("check", "t"));
    succeeded(await machine.varve("restore", "--from", "t", "--to", "out"));
    assert.equal(fingerprintOf(join(machine.home, "out")), fingerprintOf(tree));
  });
});
