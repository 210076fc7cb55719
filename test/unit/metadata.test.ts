import assert from "node:assert/strict";
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
import {
  applyToDirectory,
  applyToFile,
  applyToSymlink,
  setDirectoryMode,
} from "../../src/disk/metadata.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { COMMON } from "../support/shelf.ts";

/** The time that a file has once it was given this one. */
function timeAfter(mtime: bigint): bigint {
  const descriptor = openSync(join(scratchDirectory(), "f"), "w");
  try {
    applyToFile(descriptor, { ...COMMON, mtime });
    return fstatSync(descriptor, { bigint: true }).mtimeNs;
  } finally {
    closeSync(descriptor);
  }
}

describe("metadata", () => {
  it("keeps every microsecond", () => {
    for (let at = 0n; at < 200n; at++) {
      const mtime = 1_700_000_000_000_000_000n + at * 7_919_000n;
      assert.equal(timeAfter(mtime), mtime);
    }
  });

  it("cuts off what is below a microsecond", () => {
    assert.equal(timeAfter(1_700_000_000_123_456_999n), 1_700_000_000_123_456_000n);
  });

  it("knows times before 1970, and far ahead", () => {
    for (const mtime of [
      -1_000n,
      -1_500_000_000n,
      -86_400_000_001_000n,
      0n,
      4_102_444_800_000_001_000n,
    ]) {
      assert.equal(timeAfter(mtime), mtime);
    }
  });

  it("brings back no setuid and no setgid, but the sticky bit", () => {
    const directory = join(scratchDirectory(), "d");
    mkdirSync(directory);
    applyToDirectory(directory as RawName, { ...COMMON, mode: 0o7751 });
    assert.equal(statSync(directory).mode & 0o7777, 0o1751);
  });

  it("touches a link, and not what it leads to", () => {
    const root = scratchDirectory();
    const link = join(root, "l") as RawName;
    symlinkSync(root, link);
    const before = lstatSync(root).mtimeMs;
    applyToSymlink(link, COMMON);
    assert.equal(lstatSync(link, { bigint: true }).mtimeNs, COMMON.mtime);
    assert.equal(lstatSync(root).mtimeMs, before);
    assert.throws(() => applyToDirectory(link, COMMON), /ENOTDIR|ELOOP/);
    assert.throws(() => setDirectoryMode(link, 0o777), /ENOTDIR|ELOOP/);
  });
});
