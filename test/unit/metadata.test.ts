import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Metadata } from "../../src/disk/metadata.ts";
import {
  applyToDirectory,
  applyToFile,
  applyToLink,
  applyToNode,
  hasMetadata,
} from "../../src/disk/metadata.ts";
import { readXattrs } from "../../src/disk/xattrs.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { COMMON } from "../support/shelf.ts";

const isRoot = process.getuid?.() === 0;

const METADATA = { ...COMMON, owner: undefined, xattrs: undefined };

/** The time that a file has once it was given this one. */
function timeAfter(mtime: bigint): bigint {
  const descriptor = openSync(join(scratchDirectory(), "f"), "w");
  try {
    applyToFile(descriptor, { ...METADATA, mtime });
    return fstatSync(descriptor, { bigint: true }).mtimeNs;
  } finally {
    closeSync(descriptor);
  }
}

describe("metadata", () => {
  it("keeps every nanosecond, before 1970 and far ahead", () => {
    for (const mtime of [
      1_700_000_000_123_456_789n,
      -1n,
      -1_500_000_000n,
      -86_400_000_001_001n,
      0n,
      4_102_444_800_000_001_001n,
    ]) {
      assert.equal(timeAfter(mtime), mtime);
    }
  });

  it("puts modes on files and directories, setuid and all", () => {
    const directory = join(scratchDirectory(), "d");
    mkdirSync(directory);
    applyToDirectory(directory as RawName, { ...METADATA, mode: 0o3751 });
    assert.equal(statSync(directory).mode & 0o7777, 0o3751);
    const descriptor = openSync(join(directory, "f"), "w");
    applyToFile(descriptor, { ...METADATA, mode: 0o4751 });
    assert.equal(fstatSync(descriptor).mode & 0o7777, 0o4751);
    closeSync(descriptor);
  });

  it("tells who may not give things away, and does the rest", { skip: isRoot && "as root" }, () => {
    const path = join(scratchDirectory(), "f");
    const descriptor = openSync(path, "w");
    const refusals = applyToFile(descriptor, { ...METADATA, owner: { uid: 0, gid: 0 } });
    closeSync(descriptor);
    assert.deepEqual(refusals, [{ name: "owner", code: "EPERM" }]);
    assert.equal(lstatSync(path, { bigint: true }).mtimeNs, COMMON.mtime);
  });

  it("changes the owner before the mode, which would lose setuid", {
    skip: !isRoot && "root",
  }, () => {
    const path = join(scratchDirectory(), "f");
    const descriptor = openSync(path, "w");
    const owner = { uid: 1234, gid: 4321 };
    assert.deepEqual(applyToFile(descriptor, { ...METADATA, mode: 0o6711, owner }), []);
    closeSync(descriptor);
    const { mode, uid, gid } = statSync(path);
    assert.deepEqual([mode & 0o7777, uid, gid], [0o6711, 1234, 4321]);
  });

  it("touches a link, and not what it leads to", () => {
    const root = scratchDirectory();
    const link = join(root, "l") as RawName;
    symlinkSync(root, link);
    const before = lstatSync(root).mtimeMs;
    applyToLink(link, METADATA);
    assert.equal(lstatSync(link, { bigint: true }).mtimeNs, COMMON.mtime);
    assert.equal(lstatSync(root).mtimeMs, before);
  });

  describe("of a FIFO", { skip: process.platform !== "linux" && "Linux only" }, () => {
    it("is put on with its mode, setuid and all, whoever it becomes", () => {
      const fifo = join(scratchDirectory(), "p") as RawName;
      execFileSync("mkfifo", [fifo]);
      const owner = isRoot ? { uid: 1234, gid: 4321 } : undefined;
      assert.deepEqual(applyToNode(fifo, { ...METADATA, mode: 0o7640, owner }), []);
      const { mode, mtimeNs } = lstatSync(fifo, { bigint: true });
      assert.deepEqual([mode & 0o7777n, mtimeNs], [0o7640n, COMMON.mtime]);
    });

    it("is not put on what a link in its place leads to", () => {
      const root = scratchDirectory();
      const link = join(root, "l") as RawName;
      symlinkSync(root, link);
      assert.throws(() => applyToNode(link, { ...METADATA, mode: 0o777 }), /ENOTSUP|ELOOP/);
      assert.equal(lstatSync(root).mode & 0o7777, 0o700);
    });
  });

  it("is known to be there already only if all of it is", () => {
    const path = join(scratchDirectory(), "f") as RawName;
    const descriptor = openSync(path, "w");
    const { uid, gid } = COMMON;
    const attribute = (name: string, value = "1") => ({
      name: name as RawName,
      value: Buffer.from(value),
    });
    const full = { ...METADATA, owner: { uid, gid }, xattrs: [attribute("user.a")] };
    applyToFile(descriptor, full);
    const has = (changed: Partial<Metadata>) => {
      const stats = fstatSync(descriptor, { bigint: true });
      const metadata = { ...full, ...changed };
      assert.equal(hasMetadata(path, stats, metadata), hasMetadata(descriptor, stats, metadata));
      return hasMetadata(path, stats, metadata);
    };
    // Where there are no attributes, none can be missing.
    const hasAttributes = readXattrs(path).length > 0;
    assert.equal(has({}), hasAttributes);
    assert.ok(has({ owner: undefined, xattrs: undefined }));
    assert.ok(!has({ mode: 0o640, xattrs: undefined }));
    assert.ok(!has({ mtime: COMMON.mtime + 1n, xattrs: undefined }));
    assert.ok(!has({ owner: { uid: uid + 1, gid }, xattrs: undefined }));
    assert.ok(!has({ owner: { uid, gid: gid + 1 }, xattrs: undefined }));
    assert.equal(has({ xattrs: [] }), !hasAttributes);
    assert.ok(!has({ xattrs: [attribute("user.b")] }));
    assert.ok(!has({ xattrs: [attribute("user.a", "2")] }));
    assert.ok(!has({ xattrs: [...full.xattrs, attribute("security.label")] }));
    closeSync(descriptor);
  });
});
