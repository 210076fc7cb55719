import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KnownFile } from "../../src/backup/known-file.ts";
import { LinkedFiles } from "../../src/backup/linked.ts";
import type { RawName } from "../../src/format/raw-name.ts";

const file = (signature: string, change: Partial<KnownFile> = {}): KnownFile => ({
  ...{ signature, content: { size: 0, depth: 0, chunks: [] }, spans: [], unplaced: [] },
  ...change,
});

describe("what came of files with several names", () => {
  it("is there for as many names as are missing, and then forgotten", () => {
    const files = new LinkedFiles<string>();
    files.keep(file("a"), "of a", 2);
    files.keep(file("b"), "of b", 0);
    assert.equal(files.take("b"), undefined);
    assert.deepEqual(
      [1, 2, 3].map(() => files.take("a")),
      ["of a", "of a", undefined],
    );
  });

  it("is what came of the last reading", () => {
    const files = new LinkedFiles<string>();
    files.keep(file("a"), "first", 2);
    files.keep(file("a"), "second", 1);
    assert.deepEqual([files.take("a"), files.take("a")], ["second", undefined]);
  });

  it("is let go of, oldest first, where it would take too much memory", () => {
    const files = new LinkedFiles<number>(10_000);
    for (let at = 0; at < 100; at++) files.keep(file(String(at)), at, 1000);
    const kept = Array.from({ length: 100 }, (_, at) => files.take(String(at))).filter(
      (at) => at !== undefined,
    );
    assert.deepEqual(
      kept,
      Array.from({ length: kept.length }, (_, at) => 100 - kept.length + at),
    );
    assert.ok(kept.length > 5 && kept.length < 20, String(kept.length));
  });

  it("counts what each of them holds, and gives it back", () => {
    const value = new Uint8Array(9000);
    const large = file("large", { xattrs: [{ name: "user.a" as RawName, value }] });
    const files = new LinkedFiles<number>(10_000);
    for (let at = 0; at < 5; at++) {
      files.keep(large, at, 1);
      assert.equal(files.take("large"), at);
    }
    files.keep(file("small"), 1, 1);
    files.keep(large, 2, 1);
    assert.deepEqual([files.take("small"), files.take("large")], [undefined, 2]);
  });
});
