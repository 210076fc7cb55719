import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { UnavailableError } from "../../src/errors.ts";
import { DirectoryTarget } from "../../src/target/directory.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import {
  always,
  bitFlip,
  CrashError,
  crashAt,
  crashBehind,
  FaultyTarget,
  faultsAt,
  fullDisk,
  Gate,
  lostReply,
  notDone,
  tornWrite,
  truncated,
} from "../support/faults.ts";
import { namesOf, scratchDirectory } from "../support/scratch.ts";

const CHILD = fileURLToPath(new URL("../support/target-child.js", import.meta.url));
const BYTES = new Uint8Array([1, 2, 3, 4]);

describe("a directory target", () => {
  it("shows whole objects only, and all that were promised, when its process is killed", async () => {
    const directory = scratchDirectory();
    const promised: string[] = [];
    for (let kill = 1; kill <= 4; kill++) {
      const child = spawn(process.execPath, [CHILD, "create", directory]);
      child.stderr.pipe(process.stderr);
      const exit = once(child, "exit");
      const enough = promised.length + kill * 3;
      for await (const name of createInterface({ input: child.stdout })) {
        promised.push(name);
        if (promised.length === enough) child.kill("SIGKILL");
      }
      assert.deepEqual(await exit, [null, "SIGKILL"]);
    }
    const target = await DirectoryTarget.open(directory);
    const visible = new Set<string>();
    for await (const { name, size } of target.list("")) {
      const bytes = await target.read(name, size);
      assert.equal(`packs/${createHash("sha256").update(bytes).digest("hex")}`, name);
      visible.add(name);
    }
    assert.ok(promised.length >= 30);
    for (const name of promised) assert.ok(visible.has(name), `${name} was promised`);
  });

  it("survives a full disk, and gives back what it could not finish", (t) => {
    onDisk(t, "full", "size=1m");
  });

  it("says that a disk is read-only", (t) => {
    onDisk(t, "read-only", "size=1m,ro");
  });
});

/** Runs a task of target-child.ts on a file system in memory, in a mount namespace of its own. */
function onDisk(t: TestContext, task: string, options: string): void {
  const directory = scratchDirectory();
  const mount = `mount -t tmpfs -o ${options} none "$0"`;
  const mounted = (command: string) =>
    spawnSync("unshare", ["-rm", "sh", "-c", command, directory, process.execPath, CHILD, task], {
      encoding: "utf8",
    });
  if (mounted(mount).status !== 0) {
    t.skip("no file system can be mounted here");
    return;
  }
  const { status, stderr } = mounted(`${mount} && exec "$1" "$2" "$3" "$0"`);
  assert.equal(status, 0, stderr);
}

describe("the faults", () => {
  it("lose replies, or do nothing at all", async () => {
    const store = new MemoryTarget();
    const target = new FaultyTarget(store, faultsAt({ 1: lostReply, 2: notDone }));
    await assert.rejects(target.create("done", BYTES), UnavailableError);
    await assert.rejects(target.create("not-done", BYTES), UnavailableError);
    assert.equal(await target.create("fine", BYTES), "created");
    assert.deepEqual(await namesOf(store.list("")), ["done", "fine"]);
  });

  it("damage what is read, and what is written", async () => {
    const store = new MemoryTarget();
    await store.create("a", BYTES);
    const faults = { 1: bitFlip, 2: truncated, 3: bitFlip, 5: tornWrite, 6: bitFlip };
    const target = new FaultyTarget(store, faultsAt(faults));
    assert.deepEqual(await target.read("a", 4), new Uint8Array([1, 2, 2, 4]));
    assert.deepEqual(await target.read("a", 4), new Uint8Array([1, 2]));
    assert.deepEqual(await target.readRange("a", 3, 1), new Uint8Array([5]));
    assert.deepEqual(await target.read("a", 4), BYTES);
    await assert.rejects(target.create("torn", BYTES), UnavailableError);
    assert.deepEqual(await store.read("torn", 4), new Uint8Array([1, 2]));
    await target.create("rotten", BYTES);
    assert.deepEqual(await store.read("rotten", 4), new Uint8Array([1, 2, 2, 4]));
    assert.deepEqual(BYTES, new Uint8Array([1, 2, 3, 4]));
  });

  it("kill a process at a call, or behind it, for good", async () => {
    for (const [schedule, expected] of [
      [crashAt(2), ["1"]],
      [crashBehind(2), ["1", "2"]],
    ] as const) {
      const store = new MemoryTarget();
      const target = new FaultyTarget(store, schedule);
      await target.create("1", BYTES);
      for (const name of ["2", "3"]) await assert.rejects(target.create(name, BYTES), CrashError);
      await assert.rejects(target.remove(["1"]), CrashError);
      await assert.rejects(target.list("").next(), CrashError);
      assert.deepEqual(await namesOf(store.list("")), [...expected]);
    }
  });

  it("fill the disk", async () => {
    const target = new FaultyTarget(new MemoryTarget(), fullDisk(10));
    await target.create("1", BYTES);
    await target.create("2", BYTES);
    await assert.rejects(target.create("3", BYTES), UnavailableError);
    await target.create("4", BYTES.subarray(2));
    await assert.rejects(target.create("5", BYTES.subarray(3)), UnavailableError);
    assert.deepEqual(await target.read("4", 2), new Uint8Array([3, 4]));
  });

  it("break a list off half way", async () => {
    const store = new MemoryTarget();
    for (const name of ["1", "2", "3", "4"]) await store.create(name, BYTES);
    const target = new FaultyTarget(store, always("list", lostReply));
    const names: string[] = [];
    await assert.rejects(async () => {
      for await (const info of target.list("")) names.push(info.name);
    }, UnavailableError);
    assert.deepEqual(names, ["1", "2"]);
  });

  it("hold calls back until the gate opens", async () => {
    const store = new MemoryTarget();
    const gate = new Gate();
    const target = new FaultyTarget(store, always("create", gate));
    const creating = Promise.all([target.create("1", BYTES), target.create("2", BYTES)]);
    assert.deepEqual(await namesOf(store.list("")), []);
    assert.equal(gate.waiting, 2);
    gate.open();
    await creating;
    assert.deepEqual(await namesOf(store.list("")), ["1", "2"]);
  });

  it("keep a log, and count", async () => {
    const target = new FaultyTarget(new MemoryTarget());
    await target.create("a", BYTES);
    await target.read("a", 4);
    await target.readRange("a", 0, 1);
    for await (const _ of target.list("a", "a")) assert.fail();
    await target.remove(["a", "b"]);
    assert.deepEqual(target.log, [
      { number: 1, operation: "create", name: "a", size: 4 },
      { number: 2, operation: "read", name: "a", size: 0 },
      { number: 3, operation: "readRange", name: "a", size: 0 },
      { number: 4, operation: "list", name: "a", size: 0 },
      { number: 5, operation: "remove", name: "a b", size: 0 },
    ]);
    assert.equal(target.count("create"), 1);
    assert.equal(target.location, "memory:");
  });
});
