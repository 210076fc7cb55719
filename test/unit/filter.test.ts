import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Contents } from "../../src/disk/contents.ts";
import { parsePattern } from "../../src/disk/filter/pattern.ts";
import type { LeftOut } from "../../src/disk/filter.ts";
import { Filter } from "../../src/disk/filter.ts";
import type { Found } from "../../src/disk/walk.ts";

const filterOf = (...patterns: string[]) =>
  new Filter(patterns.map((text) => parsePattern(text, "--exclude")));

type Kind = "file" | "directory" | "other";

function found(path: string, kind: Kind, stats: Partial<Found["stats"]> = {}): Found {
  return {
    name: path.slice(path.lastIndexOf("/") + 1) as Found["name"],
    path: path as Found["path"],
    stats: {
      isDirectory: () => kind === "directory",
      isFile: () => kind === "file",
      size: 0n,
      dev: 1n,
      ino: 1n,
      ...stats,
    } as Found["stats"],
  };
}

describe("a filter", () => {
  const verdicts: [patterns: string[], path: string, isLeftOut: boolean][] = [
    [["*.o", "!keep.o"], "a/x.o", true],
    [["*.o", "!keep.o"], "a/keep.o", false],
    [["!keep.o", "*.o"], "a/keep.o", true],
    [["*.o", "!keep.o", "b/*"], "b/keep.o", true],
    [["*.o", "!keep.o", "b/*", "!re:^b/k"], "b/keep.o", false],
    [["re:\\.o$", "!re:^a/"], "a/x.o", false],
    [["!a"], "a", false],
    [[], "a", false],
  ];
  for (const [patterns, path, isLeftOut] of verdicts) {
    it(`of ${patterns.join(" ")} ${isLeftOut ? "leaves out" : "lets in"} ${path}`, () => {
      const exclusion = filterOf(...patterns).exclusion();
      assert.equal(exclusion.excludes(found(path, "file")), isLeftOut);
    });
  }

  it("tells which patterns matched nothing, and none that merely did not decide", () => {
    const filter = filterOf("*.o", "a/*", "!keep.o", "*.tmp", "!gone", "a/*");
    const exclusion = filter.exclusion();
    for (const path of ["a", "a/x.o", "a/keep.o", "b"]) exclusion.excludes(found(path, "file"));
    assert.deepEqual(filter.unused, ["--exclude *.tmp", "--exclude !gone"]);
  });

  it("says of all that it leaves out why", () => {
    const filter = new Filter([parsePattern("*.o", "list:7:")], { largestFile: 10 });
    const repository = found("r", "directory", { dev: 8n, ino: 9n });
    filter.leaveOut(repository.stats);
    const told: LeftOut[] = [];
    const exclusion = filter.exclusion((leftOut) => told.push(leftOut));
    const entries = [
      found("x.o", "file"),
      repository,
      found("large", "file", { size: 11n }),
      found("fits", "file", { size: 10n }),
      found("large directory", "directory", { size: 11n }),
      found("large device", "other", { size: 11n }),
      found("as the repository", "file", { dev: 8n, ino: 9n }),
    ];
    assert.deepEqual(
      entries.map((entry) => exclusion.excludes(entry)),
      [true, true, true, false, false, false, false],
    );
    assert.deepEqual(
      told.map(({ entry, what, because }) => [entry.path, what, because]),
      [
        ["x.o", "it", "list:7: *.o"],
        ["r", "it", "it is the repository, or the cache"],
        ["large", "it", "it is too large"],
      ],
    );
  });

  it("stays on the root's device, and opens nothing beyond", () => {
    const root = found("", "directory");
    const beyond = found("mount", "directory", { dev: 2n });
    const nothing = { names: [] } as Partial<Contents> as Contents;
    const told: LeftOut[] = [];
    const staying = new Filter([], { oneFileSystem: true }).exclusion((out) => told.push(out));
    assert.ok(staying.opens(root));
    const below = staying.within(root, nothing).within(found("a", "directory"), nothing);
    assert.equal(below.opens(beyond), false);
    assert.equal(below.excludes(beyond), false);
    assert.ok(below.opens(found("b", "directory")));
    assert.deepEqual(
      told.map(({ entry, what }) => [entry.path, what]),
      [["mount", "what is in it"]],
    );

    const roaming = new Filter().exclusion();
    assert.ok(roaming.within(root, nothing).opens(beyond));
    // Another walk has another root.
    const elsewhere = new Filter([], { oneFileSystem: true }).exclusion();
    assert.ok(elsewhere.within(beyond, nothing).opens(beyond));
  });
});
