/** What every target must do, whatever it is made of. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CorruptError, NotFoundError } from "../../src/errors.ts";
import type { ObjectInfo, PrunableTarget } from "../../src/target/target.ts";
import { namesOf } from "../support/scratch.ts";

const MIB = 1024 * 1024;
const HOSTILE = [
  "",
  "/",
  "/etc/passwd",
  "..",
  "../x",
  "a/../b",
  "a/./b",
  "a//b",
  "a/",
  "a b",
  "a\\b",
  "a\nb",
  "a\0b",
  "tmp~/x",
  "ä",
  "x".repeat(256),
  `${"x/".repeat(512)}x`,
];

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function filled(make: () => Promise<PrunableTarget>, names: Iterable<string>) {
  const target = await make();
  const create = async (name: string) =>
    assert.equal(await target.create(name, bytesOf(name)), "created");
  await Promise.all(Array.from(names, create));
  return target;
}

/** @param make - gives an empty target. */
export function targetContract(name: string, make: () => Promise<PrunableTarget>): void {
  describe(name, () => {
    createContract(make);
    readContract(make);
    listContract(make);
    removeContract(make);
  });
}

function createContract(make: () => Promise<PrunableTarget>): void {
  it("keeps what it is given", async () => {
    const target = await make();
    const large = new Uint8Array(MIB + 1).map((_, i) => i * 31);
    assert.equal(await target.create("packs/a/1", large), "created");
    assert.equal(await target.create("empty", new Uint8Array(0)), "created");
    assert.deepEqual(await target.read("packs/a/1", large.length), large);
    assert.deepEqual(await target.read("empty", 0), new Uint8Array(0));
  });

  it("says that a taken name exists, and leaves its bytes alone", async () => {
    const target = await filled(make, ["runs/a/end"]);
    assert.equal(await target.create("runs/a/end", bytesOf("other")), "exists");
    assert.deepEqual(await target.read("runs/a/end", 100), bytesOf("runs/a/end"));
  });

  it("lets exactly one of many racing creators win, and keeps the winner's bytes", async () => {
    const target = await make();
    for (let round = 0; round < 4; round++) {
      const rivals = Array.from({ length: 16 }, (_, i) => bytesOf(`${i} `.repeat(1000 * i + 1)));
      const replies = await Promise.all(rivals.map((b) => target.create(`gc/${round}/begin`, b)));
      assert.deepEqual(replies.toSorted(), ["created", ...new Array(15).fill("exists")]);
      const winner = rivals[replies.indexOf("created")];
      assert.deepEqual(await target.read(`gc/${round}/begin`, MIB), winner);
    }
  });

  it("shares no memory with the bytes it was given or gave", async () => {
    const target = await make();
    for (const [name, bytes] of [
      ["array", new Uint8Array(64)],
      ["buffer", Buffer.alloc(64)],
    ] as const) {
      await target.create(name, bytes);
      bytes.fill(1);
      (await target.read(name, 64)).fill(2);
      (await target.readRange(name, 8, 8)).fill(3);
      assert.deepEqual(await target.read(name, 64), new Uint8Array(64));
    }
  });

  it("stores a view of a larger buffer, and nothing around it", async () => {
    const target = await make();
    await target.create("view", new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4));
    assert.deepEqual(await target.read("view", 9), new Uint8Array([2, 3, 4]));
  });

  it("takes every name that is one", async () => {
    const names = [
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz/0123456789._-",
      ".hidden/...",
      "-rf/--",
      "x".repeat(255),
      "tmp/x",
    ];
    const target = await filled(make, names);
    for (const name of names) assert.deepEqual(await target.read(name, 1024), bytesOf(name));
    assert.deepEqual(await namesOf(target.list("")), names.toSorted());
  });

  it("refuses names that are none", async () => {
    const target = await make();
    for (const name of HOSTILE) {
      await assert.rejects(target.create(name, new Uint8Array(1)), RangeError, name);
      await assert.rejects(target.read(name, 1), RangeError, name);
      await assert.rejects(target.readRange(name, 0, 1), RangeError, name);
      await assert.rejects(target.remove(["fine", name]), RangeError, name);
    }
    for (const prefix of ["/", "../", "a/../", "a//", "./a", "a b", "x".repeat(256)]) {
      await assert.rejects(namesOf(target.list(prefix)), RangeError, prefix);
    }
    assert.deepEqual(await namesOf(target.list("")), []);
  });
}

function readContract(make: () => Promise<PrunableTarget>): void {
  it("reads no object that is longer than the caller can hold", async () => {
    const target = await filled(make, ["12345"]);
    assert.deepEqual(await target.read("12345", 5), bytesOf("12345"));
    await assert.rejects(target.read("12345", 4), CorruptError);
  });

  it("reads exactly the range it is asked for", async () => {
    const target = await filled(make, ["0123456789"]);
    assert.deepEqual(await target.readRange("0123456789", 0, 10), bytesOf("0123456789"));
    assert.deepEqual(await target.readRange("0123456789", 3, 4), bytesOf("3456"));
    assert.deepEqual(await target.readRange("0123456789", 9, 1), bytesOf("9"));
    for (const [offset, length] of [
      [0, 11],
      [9, 2],
      [10, 1],
      [5000, 5],
    ] as const) {
      await assert.rejects(target.readRange("0123456789", offset, length), CorruptError);
    }
  });

  it("reads a range of nothing without looking", async () => {
    const target = await filled(make, ["0123456789"]);
    for (const offset of [0, 10, 11]) {
      assert.deepEqual(await target.readRange("0123456789", offset, 0), new Uint8Array(0));
    }
    assert.deepEqual(await target.readRange("missing", 0, 0), new Uint8Array(0));
  });

  it("refuses ranges that are none", async () => {
    const target = await filled(make, ["0123456789"]);
    for (const [offset, length] of [
      [-1, 2],
      [0, -1],
      [0.5, 1],
      [0, 0.5],
      [Number.MAX_SAFE_INTEGER, 1],
      [0, Number.NaN],
    ] as const) {
      await assert.rejects(target.readRange("0123456789", offset, length), RangeError);
    }
  });

  it("finds nothing where nothing is", async () => {
    const target = await filled(make, ["a/b"]);
    for (const name of ["missing", "a", "a/c", "a/b/c", "c/d"]) {
      await assert.rejects(target.read(name, 1), NotFoundError, name);
      await assert.rejects(target.readRange(name, 0, 1), NotFoundError, name);
    }
  });
}

function listContract(make: () => Promise<PrunableTarget>): void {
  const component = fc.constantFrom("a", "b", "a-b", "a.b", "a0", "A", "_", "-");
  const path = fc
    .array(component, { minLength: 1, maxLength: 3 })
    // The last one tells objects from directories: no name may be both.
    .map((components) => [...components.slice(0, -1), `${components.at(-1)}.o`].join("/"));

  it("lists by the bytes of whole names, whatever the prefix and the start", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(path, { maxLength: 12 }), path, async (names, other) => {
        const target = await filled(make, names);
        const starts = [undefined, "", "a/", "a0", "~", "ü", other, ...names];
        const prefixes = ["", "a", "a/", "a-", "b/a", other.slice(0, -3), other];
        for (const prefix of prefixes) {
          for (const after of starts) {
            const expected = names
              .filter((name) => name.startsWith(prefix) && name > (after ?? ""))
              .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
            assert.deepEqual(await namesOf(target.list(prefix, after)), expected);
          }
        }
      }),
      { numRuns: process.env["SLOW"] ? 200 : 12 },
    );
  });

  it("lists sizes", async () => {
    const target = await filled(make, ["a/123", "b"]);
    const all: ObjectInfo[] = [];
    for await (const info of target.list("")) all.push(info);
    assert.deepEqual(all, [
      { name: "a/123", size: 5 },
      { name: "b", size: 1 },
    ]);
  });

  it("lists many objects, each once, from any of them on", async () => {
    const names = Array.from({ length: 100 }, (_, i) => `packs/h${i % 2}/${String(i)}`);
    const target = await filled(make, names);
    const sorted = names.toSorted();
    assert.deepEqual(await namesOf(target.list("packs/")), sorted);
    assert.deepEqual(await namesOf(target.list("packs/", sorted[60])), sorted.slice(61));
  });

  it("lets a reader stop in the middle of a list", async () => {
    const target = await filled(make, ["a/1", "a/2", "b/1"]);
    for await (const info of target.list("")) {
      assert.equal(info.name, "a/1");
      break;
    }
    assert.deepEqual(await namesOf(target.list("", "a/1")), ["a/2", "b/1"]);
  });
}

function removeContract(make: () => Promise<PrunableTarget>): void {
  it("removes what it is told to, and nothing else", async () => {
    const target = await filled(make, ["a/1", "a/2", "a/3"]);
    await target.remove(["a/1", "missing", "a/3", "no/where"]);
    await target.remove([]);
    assert.deepEqual(await namesOf(target.list("")), ["a/2"]);
    await assert.rejects(target.read("a/1", 9), NotFoundError);
  });
}
