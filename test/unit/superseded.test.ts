import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { RunName } from "../../src/format/names.ts";
import { runHost } from "../../src/format/names.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { superseded } from "../../src/repository/superseded.ts";

function snapshot(host: string, sequence: number, source: string, complete: boolean) {
  const run = `${host}/${String(sequence).padStart(10, "0")}-0011223344556677` as RunName;
  return { run, source: rawFromText(source), complete };
}

describe("an incomplete snapshot", () => {
  const first = snapshot("a", 2, "/x", false);
  const second = snapshot("a", 3, "/x", false);
  const last = snapshot("a", 10, "/x", true);

  it("is superseded by the first complete one of its host and source that follows", () => {
    const later = snapshot("a", 11, "/x", true);
    assert.deepEqual(
      [...superseded([later, last, second, first])],
      [
        [first.run, last.run],
        [second.run, last.run],
      ],
    );
  });

  it("is not by one that came before, or another host's, or another source's", () => {
    const others = [
      snapshot("a", 1, "/x", true),
      snapshot("b", 10, "/x", true),
      snapshot("a", 10, "/x/y", true),
      snapshot("a", 10, "/", true),
    ];
    assert.equal(superseded([first, second, ...others]).size, 0);
  });

  it("is, for whoever reads them in whatever order, or some of them later", () => {
    const snapshots = fc.uniqueArray(
      fc
        .tuple(fc.constantFrom("a", "b"), fc.nat(20), fc.constantFrom("/x", "/y"), fc.boolean())
        .map((fields) => snapshot(...fields)),
      { selector: ({ run }) => run },
    );
    fc.assert(
      fc.property(snapshots, (all) => {
        const found = superseded(all);
        assert.deepEqual(
          new Map([...superseded(all.toReversed())].sort()),
          new Map([...found].sort()),
        );
        for (const { run, source, complete } of all) {
          const followers = all.filter(
            (other) =>
              other.complete &&
              other.run > run &&
              other.source === source &&
              runHost(other.run) === runHost(run),
          );
          const [by] = followers.map((other) => other.run).sort();
          assert.equal(found.get(run), complete ? undefined : by);
        }
      }),
    );
  });
});
