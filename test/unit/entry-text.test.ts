import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonLine, longLine } from "../../src/commands/entry-text.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { Entry } from "../../src/format/tree.ts";

const COMMON = { name: "n" as RawName, mode: 0o644, uid: 1000, gid: 100, mtime: 1_500_000_000n };
const FILE: Entry = { ...COMMON, type: "file", content: { size: 123, depth: 0, chunks: [] } };

function longOf(entry: Entry, path = "d/n"): string {
  return longLine({ path: rawFromText(path), entry });
}

describe("a long line", () => {
  it("has type and mode, owner, group, size, time and path", () => {
    assert.equal(longOf(FILE), "-rw-r--r--  1000   100          123 1970-01-01 00:00:01 d/n\n");
  });

  it("has a letter for each type", () => {
    const entries: Entry[] = [
      FILE,
      { ...COMMON, type: "directory", content: { size: 9, depth: 0, chunks: [] } },
      { ...COMMON, type: "symlink", target: "to" as RawName },
      { ...COMMON, type: "fifo" },
      { ...COMMON, type: "socket" },
      { ...COMMON, type: "character", device: [1, 5] },
      { ...COMMON, type: "block", device: [259, 1048575] },
      // A hostile tree may have left them out.
      { ...COMMON, type: "block" },
    ];
    const sizes = entries.map((entry) => longOf(entry).slice(22, 35).trim());
    assert.equal(entries.map((entry) => longOf(entry)[0]).join(""), "-dlpscbb");
    assert.deepEqual(sizes, ["123", "0", "2", "0", "0", "1, 5", "259, 1048575", "0"]);
    assert.match(longOf(entries[2] as Entry), / d\/n -> to\n$/);
  });

  it("has modes as ls has them", () => {
    const modes = [0o0, 0o777, 0o4755, 0o4644, 0o2755, 0o2640, 0o1777, 0o1776, 0o7000, 0o521];
    assert.deepEqual(
      modes.map((mode) => longOf({ ...FILE, mode }).slice(1, 10)),
      [
        ...["---------", "rwxrwxrwx", "rwsr-xr-x", "rwSr--r--", "rwxr-sr-x"],
        ...["rw-r-S---", "rwxrwxrwt", "rwxrwxrwT", "--S--S--T", "r-x-w---x"],
      ],
    );
  });

  it("rounds times down, and takes any", () => {
    const times = [-1n, -1_000_000_000n, 999_999_999n, 2n ** 63n * 1_000_000_000n];
    assert.deepEqual(
      times.map((mtime) => longOf({ ...FILE, mtime }).slice(36, -5)),
      [
        ...["1969-12-31 23:59:59", "1969-12-31 23:59:59", "1970-01-01 00:00:00"],
        "@9223372036854776000",
      ],
    );
  });

  it("has nothing that a terminal obeys", () => {
    const target = rawFromText("\u001b[2J");
    const line = longOf({ ...COMMON, type: "symlink", target }, "a\nb\u009b");
    assert.ok(line.endsWith(" a\\u{a}b\\u{9b} -> \\u{1b}[2J\n"), line);
  });
});

describe("a line of JSON", () => {
  it("has the path, and the entry as it is stored", () => {
    const path = "d/\xff" as RawName;
    assert.deepEqual(JSON.parse(jsonLine({ path, entry: { ...FILE, name: "\xff" as RawName } })), {
      path: "d/\\xff",
      nameBytes: "/w==",
      mode: "0644",
      uid: 1000,
      gid: 100,
      mtime: "1.500000000",
      type: "file",
      content: { size: 123, chunks: [] },
    });
  });
});
