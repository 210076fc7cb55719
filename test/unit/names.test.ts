import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CorruptError, UsageError } from "../../src/errors.ts";
import * as names from "../../src/format/names.ts";

const random = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 255]);
const run = names.runName("web-1.example", 42, random);

/** What would lead out of a directory, or is no run for another reason. */
const noRuns = [
  "",
  "web",
  "a/0000000001",
  "a/000000001-0011223344556677",
  "a/0000000001-001122334455667",
  "a/0000000001-001122334455667Z",
  "a/0000000001-0011223344556677\n",
  "a/0000000001-0011223344556677/x",
  "../0000000001-0011223344556677",
  "a..b/0000000001-0011223344556677",
  "A/0000000001-0011223344556677",
  `${"a".repeat(64)}/0000000001-0011223344556677`,
  7,
  null,
  undefined,
];

describe("names", () => {
  it("are what the format says", () => {
    assert.equal(run, "web-1.example/0000000042-00010203040506ff");
    assert.equal(names.settingsName(3), "settings/00000003");
    assert.equal(names.keysName(3), "keys/00000003.pgp");
    assert.equal(names.identityName("keys/00000003.pgp"), "keys/00000003.asc");
    assert.equal(names.beginName(run), `runs/${run}/begin`);
    assert.equal(names.runKeyName(run), `runs/${run}/key.pgp`);
    assert.equal(names.endName(run), `runs/${run}/end`);
    assert.equal(names.packName(run, 7), `packs/${run}/00000007`);
    assert.equal(names.indexName(run, 99_999_999), `index/${run}/99999999`);
  });

  it("of runs tell host and number, and sort by number", () => {
    assert.equal(names.runHost(run), "web-1.example");
    assert.equal(names.runSequence(run), 42);
    const sequences = [9, 10, 99, 100, 9_999_999_999];
    const sorted = sequences.map((n) => names.runName("a", n, random)).sort();
    assert.deepEqual(sorted.map(names.runSequence), sequences);
  });

  it("of runs end with their numbers", () => {
    assert.throws(() => names.runName("a", 10_000_000_000, random), UsageError);
    assert.throws(() => names.runName("a..b", 1, random), UsageError);
  });

  it("that somebody stored are checked", () => {
    assert.equal(names.parseRunName("x", run), run);
    assert.throws(() => names.parseRunName("x", [run]), CorruptError);
    for (const name of noRuns) {
      const refused = (error: unknown) => error instanceof CorruptError && error.object === "x";
      assert.throws(() => names.parseRunName("x", name), refused, String(name));
      for (const kind of ["pack", "index", "end"] as const) {
        const object = { pack: `packs/${name}/00000000`, index: `index/${name}/00000000` };
        const spelt = { ...object, end: `runs/${name}/end` }[kind];
        assert.throws(() => names.parseObjectName("x", kind, spelt), refused, String(name));
      }
      assert.equal(names.runOfObject(`packs/${name}`), ownerOf(name), String(name));
    }
  });

  it("of objects are of one kind each", () => {
    const spelt = {
      pack: names.packName(run, 1),
      index: names.indexName(run, 1),
      end: names.endName(run),
    };
    for (const kind of ["pack", "index", "end"] as const) {
      for (const [other, name] of Object.entries(spelt)) {
        if (other === kind) assert.equal(names.parseObjectName("x", kind, name), name);
        else assert.throws(() => names.parseObjectName("x", kind, name), CorruptError);
      }
      assert.throws(() => names.parseObjectName("x", kind, `${spelt[kind]}/x`), CorruptError);
      assert.throws(() => names.parseObjectName("x", kind, [spelt[kind]]), CorruptError);
    }
  });

  it("of objects have numbers that targets and caches can spell", () => {
    for (const kind of ["keys", "pack", "index"] as const) {
      const spelt = (digits: string) =>
        ({
          keys: `keys/${digits}.pgp`,
          pack: `packs/${run}/${digits}`,
          index: `index/${run}/${digits}`,
        })[kind];
      const longest = spelt(String(Number.MAX_SAFE_INTEGER));
      assert.equal(names.parseObjectName("x", kind, longest), longest);
      for (const digits of ["0".repeat(7), "0".repeat(17), "0".repeat(2000)]) {
        assert.throws(() => names.parseObjectName("x", kind, spelt(digits)), CorruptError);
      }
    }
  });

  it("of a run's objects tell the run", () => {
    for (const name of [names.beginName(run), names.packName(run, 1), names.indexName(run, 1)]) {
      assert.equal(names.runOfObject(name), run);
    }
    for (const name of ["settings/00000000", "packs/a", "runs", ""]) {
      assert.equal(names.runOfObject(name), undefined);
    }
  });

  it("of hosts are made of what users say, or refused", () => {
    assert.equal(names.hostName("Ann's Laptop"), "ann-s-laptop");
    assert.equal(names.hostName("web-1.example.org"), "web-1.example.org");
    assert.deepEqual(["web-1.example.org", "Web", "..", "a..b", "a/b", ""].map(names.isHostName), [
      ...[true, false, false, false, false, false],
    ]);
    for (const name of ["", "..", "a..b", "-x", ".x", "a".repeat(64), "é"]) {
      assert.throws(() => names.hostName(name), UsageError, name);
    }
  });
});

/** The one of them that only has something behind it. */
function ownerOf(name: unknown): string | undefined {
  return name === "a/0000000001-0011223344556677/x" ? "a/0000000001-0011223344556677" : undefined;
}
