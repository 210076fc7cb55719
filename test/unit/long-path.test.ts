import assert from "node:assert/strict";
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { atPath, openBelow } from "../../src/disk/long-path.ts";
import { joinPath, systemPath } from "../../src/disk/path.ts";
import { readXattrs } from "../../src/disk/xattrs.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { closesAll, deepTree } from "../support/rough.ts";
import { scratchDirectory } from "../support/scratch.ts";

const isLinux = process.platform === "linux";

describe("a path", { skip: !isLinux && "Linux only" }, () => {
  it("that fits is used as it is", () => {
    const path = `/${"x/".repeat(2047)}` as RawName;
    assert.equal(path.length, 4095);
    assert.equal(
      atPath(path, (short) => short),
      path,
    );
  });

  it("of more than 4096 bytes leads where it says, for every call", () => {
    for (const depth of [20, 21, 60]) {
      const { root, name } = deepTree(depth);
      const directory = rawFromText([root, ...new Array<string>(depth).fill(name)].join("/"));
      const file = joinPath(directory, "file" as RawName);
      const call = <T>(path: RawName, action: (short: string | Buffer) => T): T =>
        closesAll(() => atPath(path, (short) => action(systemPath(short))));
      assert.equal(
        call(file, (path) => readFileSync(path, "utf8")),
        "deep\n",
      );
      call(joinPath(directory, "link" as RawName), (path) => symlinkSync("file", path));
      assert.equal(
        call(joinPath(directory, "link" as RawName), (path) => readlinkSync(path)),
        "file",
      );
      assert.deepEqual(
        closesAll(() => atPath(file, readXattrs)),
        [],
      );
    }
  });

  it("fails by the system's error, and leaves nothing open", () => {
    const { root, name } = deepTree(25);
    const directory = rawFromText([root, ...new Array<string>(25).fill(name)].join("/"));
    const lstat = (path: RawName) =>
      closesAll(() => atPath(path, (short) => lstatSync(systemPath(short))));
    assert.throws(() => lstat(joinPath(directory, "none" as RawName)), { code: "ENOENT" });
    const middle = directory.replace(`${name}/${name}`, `${name}/${"e".repeat(200)}`) as RawName;
    assert.throws(() => lstat(middle), { code: "ENOENT" });
    assert.throws(() => lstat(`/${"x".repeat(5000)}` as RawName), { code: "ENAMETOOLONG" });
  });
});

describe("what is opened below a root", { skip: !isLinux && "Linux only" }, () => {
  const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
  const root = scratchDirectory();
  mkdirSync(join(root, "real/a/b"), { recursive: true });
  writeFileSync(join(root, "real/a/b/file"), "real");
  symlinkSync("real", join(root, "link"));
  symlinkSync("b", join(root, "real/a/inner"));
  symlinkSync("file", join(root, "real/a/b/last"));
  const open = (from: string, path: string): string => {
    const descriptor = openBelow(rawFromText(join(root, from)), rawFromText(path), FLAGS);
    const content = readFileSync(descriptor, "utf8");
    closeSync(descriptor);
    return content;
  };

  it("is what lies there, also where the root is a link, or the file itself", () => {
    assert.equal(
      closesAll(() => open("real", "a/b/file")),
      "real",
    );
    assert.equal(
      closesAll(() => open("link", "a/b/file")),
      "real",
    );
    assert.equal(
      closesAll(() => open("real/a/b/file", "")),
      "real",
    );
  });

  it("is nothing behind a link, wherever it is on the way", () => {
    for (const path of ["a/inner/file", "a/b/last", "a/b/none", "none/file", "a/b/file/x"]) {
      assert.throws(() => closesAll(() => open("real", path)), {
        code: /^(ENOTDIR|ELOOP|ENOENT)$/,
      });
    }
  });
});
