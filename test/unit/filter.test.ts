import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Filter } from "../../src/disk/filter.ts";
import type { Found } from "../../src/disk/walk.ts";
import { UsageError } from "../../src/errors.ts";
import type { RawName } from "../../src/format/raw-name.ts";

describe("a filter", () => {
  const at = (path: string, isDirectory = false): Found => ({
    name: path.slice(path.lastIndexOf("/") + 1) as RawName,
    path: path as RawName,
    stats: { isDirectory: () => isDirectory } as Found["stats"],
  });

  it("matches names at any depth, paths from the root, and directories only if asked", () => {
    const cases: [pattern: string, path: string, isDirectory: boolean, excluded: boolean][] = [
      ["*.o", "a/b/c.o", false, true],
      ["*.o", "c.oh", false, false],
      [".*", "a/.git", true, true],
      ["a/b", "a/b", false, true],
      ["/a/b", "a/b", false, true],
      ["a/b", "x/a/b", false, false],
      ["a/**/z", "a/b/c/z", false, true],
      ["build/", "x/build", true, true],
      ["build/", "x/build", false, false],
      ["/build/", "x/build", true, false],
      ["\xff*", "\xff\xfe", false, true],
    ];
    for (const [pattern, path, isDirectory, excluded] of cases) {
      const filter = new Filter([pattern]);
      assert.equal(filter.excludes(at(path, isDirectory)), excluded, `${pattern} on ${path}`);
      assert.deepEqual(filter.unused, excluded ? [] : [pattern]);
    }
  });

  it("refuses what would leave out everything, or nothing", () => {
    for (const pattern of ["", "/", "./", "**", "/**", "**/"]) {
      assert.throws(() => new Filter([pattern]), UsageError, pattern);
    }
  });
});
