import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { holesOf } from "../../src/disk/holes.ts";
import type { Libc } from "../../src/disk/libc.ts";
import { lackOf, libc } from "../../src/disk/libc.ts";
import { idsOf, namesOf } from "../../src/disk/owners.ts";
import { readXattrs, writeXattrs } from "../../src/disk/xattrs.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { scratchDirectory } from "../support/scratch.ts";

const directory = scratchDirectory();
let count = 0;

function newFile(content = "content"): RawName {
  const path = join(directory, `file-${count++}`);
  writeFileSync(path, content);
  return rawFromText(path);
}

function system(): Libc {
  const found = libc();
  assert.ok(found !== undefined, "this system has a libc");
  return found;
}

const isRoot = process.getuid?.() === 0;

describe("the system's own calls", { skip: process.platform !== "linux" && "Linux only" }, () => {
  for (const time of [
    1_700_000_000_123_456_789n,
    -1n,
    -1_500_000_001n,
    0n,
    4_000_000_000_999_999_999n,
  ]) {
    it(`sets a time to the nanosecond: ${time}`, () => {
      const path = newFile();
      const before = lstatSync(path, { bigint: true }).atimeNs;
      system().setMtime(path, time);
      assert.equal(lstatSync(path, { bigint: true }).mtimeNs, time);
      assert.equal(lstatSync(path, { bigint: true }).atimeNs, before);
      const descriptor = openSync(path, "r");
      system().setMtime(descriptor, time + 1n);
      closeSync(descriptor);
      assert.equal(lstatSync(path, { bigint: true }).mtimeNs, time + 1n);
    });
  }

  it("sets a link's own time", () => {
    const path = newFile();
    const link = join(directory, "a link");
    symlinkSync(path, link);
    const before = lstatSync(path, { bigint: true }).mtimeNs;
    system().setMtime(rawFromText(link), 5n);
    assert.equal(lstatSync(link, { bigint: true }).mtimeNs, 5n);
    assert.equal(lstatSync(path, { bigint: true }).mtimeNs, before);
  });

  it("writes attributes and reads them, of paths and of open files, sorted", () => {
    const path = newFile();
    const long = { name: "user.long" as RawName, value: Buffer.alloc(3000, 7) };
    const bytes = { name: "user.\xff" as RawName, value: Buffer.from([0, 255]) };
    const empty = { name: "user.empty" as RawName, value: Buffer.alloc(0) };
    assert.deepEqual(writeXattrs(path, [long, bytes, empty]), []);
    const expected = [empty, long, bytes];
    assert.deepEqual(readXattrs(path), expected);
    const descriptor = openSync(path, "r+");
    assert.deepEqual(readXattrs(descriptor), expected);
    assert.deepEqual(writeXattrs(descriptor, [long]), []);
    closeSync(descriptor);
    assert.deepEqual(readXattrs(path), [long]);
  });

  it("reads lists that are longer than its buffer", () => {
    const path = newFile();
    const value = Buffer.alloc(0);
    const attributes = Array.from({ length: 30 }, (_, at) => ({
      name: `user.${String(at).padStart(200, "0")}` as RawName,
      value,
    }));
    const refusals = writeXattrs(path, attributes);
    assert.ok(
      refusals.every(({ code }) => code === "ENOSPC"),
      JSON.stringify(refusals),
    );
    assert.equal(readXattrs(path).length + refusals.length, 30);
  });

  it("tells what could not be set, and goes on", () => {
    const path = newFile();
    const odd = { name: "nonsense.a" as RawName, value: Buffer.from("a") };
    const good = { name: "user.b" as RawName, value: Buffer.from("b") };
    assert.deepEqual(writeXattrs(path, [odd, good]), [{ name: odd.name, code: "ENOTSUP" }]);
    assert.deepEqual(readXattrs(path), [good]);
  });

  it("sets capabilities, and takes them off", { skip: !isRoot && "only root may" }, () => {
    const path = newFile();
    const value = Buffer.from("0100000200040000000000000000000000000000", "hex");
    const capability = { name: "security.capability" as RawName, value };
    assert.deepEqual(writeXattrs(path, [capability]), []);
    assert.deepEqual(readXattrs(path), [capability]);
    assert.deepEqual(writeXattrs(path, []), []);
    assert.deepEqual(readXattrs(path), []);
  });

  it("throws as Node does", () => {
    const missing = join(directory, "missing") as RawName;
    assert.throws(() => system().setMtime(missing, 0n), {
      code: "ENOENT",
      errno: -2,
      syscall: "utimensat",
    });
    assert.throws(() => readXattrs(missing), { code: "ENOENT" });
    assert.throws(() => system().setMtime("a\0b" as RawName, 0n), RangeError);
  });

  it("finds holes", () => {
    const path = newFile("");
    const descriptor = openSync(path, "r+");
    ftruncateSync(descriptor, 1_000_001);
    writeSync(descriptor, "data", 400_000);
    const stats = lstatSync(path, { bigint: true });
    const holes = holesOf(descriptor, stats);
    closeSync(descriptor);
    const sum = holes.reduce((all, [, length]) => all + length, 0);
    assert.equal(holes.length, 2);
    assert.equal(holes[0]?.[0], 0);
    assert.equal((holes[1]?.[0] ?? 0) + (holes[1]?.[1] ?? 0), 1_000_001);
    assert.ok(sum > 900_000, String(sum));
  });

  it("finds one hole in a file that is nothing else, and none in a full one", () => {
    const path = newFile("");
    const descriptor = openSync(path, "r+");
    ftruncateSync(descriptor, 10_000_000_000);
    assert.deepEqual(holesOf(descriptor, lstatSync(path, { bigint: true })), [[0, 10_000_000_000]]);
    closeSync(descriptor);
    const full = openSync(newFile("x".repeat(10_000)), "r");
    assert.deepEqual(holesOf(full, { size: 10_000n, blocks: 0n }), []);
    closeSync(full);
  });

  it("knows owners by name and by number", () => {
    assert.deepEqual(namesOf({ uid: 0, gid: 0 }), { user: "root", group: "root" });
    assert.deepEqual(namesOf({ uid: 3_999_999_999, gid: 3_999_999_998 }), {});
    assert.deepEqual(idsOf({ uid: 7, gid: 8, user: "root", group: "root" }), { uid: 0, gid: 0 });
    assert.deepEqual(idsOf({ uid: 7, gid: 8, user: "no such user", group: "" }), {
      uid: 7,
      gid: 8,
    });
    assert.deepEqual(idsOf({ uid: 7, gid: 8 }), { uid: 7, gid: 8 });
  });

  it("says what is lacking where it is not there", () => {
    assert.equal(lackOf(libc()), undefined);
    assert.match(lackOf(undefined) ?? "", /no access to extended attributes, holes/);
  });

  it("renames to a new name only", () => {
    const [from, to, free] = [newFile("from"), newFile("to"), join(directory, "free") as RawName];
    assert.throws(() => system().renameNew(from, to), { code: "EEXIST" });
    system().renameNew(from, free);
    assert.equal(execFileSync("cat", [free], { encoding: "utf8" }), "from");
  });

  it("makes a pipe", () => {
    const [reading, writing] = system().pipe();
    writeSync(writing, "through");
    closeSync(writing);
    const bytes = Buffer.alloc(100);
    assert.equal(bytes.toString("utf8", 0, readSync(reading, bytes)), "through");
    assert.equal(readSync(reading, bytes), 0);
    closeSync(reading);
  });

  it("waits for input, or an end, as long as it is told to and no signal comes", () => {
    const [reading, writing] = system().pipe();
    assert.equal(system().awaitInput(reading, 1), false);
    const ignore = () => {};
    process.on("SIGUSR2", ignore);
    spawn("sh", ["-c", `sleep 0.2; kill -USR2 ${process.pid}`]);
    assert.equal(system().awaitInput(reading, 3000), false);
    process.off("SIGUSR2", ignore);
    writeSync(writing, "x");
    assert.equal(system().awaitInput(reading, 60_000), true);
    assert.equal(readSync(reading, Buffer.alloc(1)), 1);
    closeSync(writing);
    assert.equal(system().awaitInput(reading, 60_000), true);
    closeSync(reading);
  });

  it("makes FIFOs, and devices with large numbers as root", () => {
    const fifo = join(directory, "fifo") as RawName;
    system().makeNode(fifo, 0o010600, [0, 0]);
    assert.ok(lstatSync(fifo).isFIFO());
    if (!isRoot) return;
    const device = join(directory, "device") as RawName;
    system().makeNode(device, 0o060600, [259, 70_000]);
    assert.equal(
      execFileSync("stat", ["-c", "%F %Hr,%Lr", device], { encoding: "utf8" }).trim(),
      "block special file 259,70000",
    );
  });
});
