import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { Claims, claimMemory } from "../../src/repository/claims.ts";

const numRuns = process.env["SLOW"] ? 5000 : 300;

/** Ids of few homes in the table: many share their first word, at its end too. */
const ids = fc.tuple(fc.constantFrom(0, 1, 30, 31, 0xffffffff), fc.nat(5)).map(([word, rest]) => {
  const id = Buffer.alloc(32);
  id.writeUInt32LE(word);
  id[31] = rest;
  return id;
});

type Step =
  | { readonly kind: "claim" | "withdraw"; readonly id: Buffer }
  | { readonly kind: "settle"; readonly ids: readonly Buffer[] };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("claim" as const), id: ids }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("withdraw" as const), id: ids }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("settle" as const), ids: fc.array(ids) }),
    },
  ),
  { maxLength: 80 },
);

/** Does the same to a table and to a set of ids in hex. */
function follow(claims: Claims, steps: readonly Step[]): Set<string> {
  const model = new Set<string>();
  const limit = (claims.memory.byteLength - 16) / 33;
  for (const step of steps) {
    if (step.kind === "settle") {
      const before = claims.commits;
      claims.settle(step.ids);
      assert.equal(claims.commits, before + 1);
      for (const id of step.ids) model.delete(id.toString("hex"));
    } else if (step.kind === "withdraw") {
      claims.withdraw(step.id);
      model.delete(step.id.toString("hex"));
    } else {
      const id = step.id.toString("hex");
      assert.equal(claims.claim(step.id), !model.has(id));
      // A full table lets through what it has no room for.
      if (model.size <= (limit - 1) * 0.75) model.add(id);
    }
    assert.equal(claims.count, model.size);
  }
  return model;
}

describe("claims", () => {
  it("are a set of ids, however they collide", () => {
    fc.assert(
      fc.property(steps, (steps) => {
        follow(new Claims(claimMemory(64)), steps);
      }),
      { numRuns },
    );
  });

  it("let an id through unclaimed where the table is nearly full, and lose none", () => {
    fc.assert(
      fc.property(fc.constantFrom(4, 8, 16), steps, (slots, steps) => {
        follow(new Claims(claimMemory(slots)), steps);
      }),
      { numRuns },
    );
  });

  it("are seen by everybody who has the memory", () => {
    const mine = new Claims();
    const yours = new Claims(mine.memory);
    const id = new Uint8Array(40).fill(1).subarray(3, 35);
    assert.equal(mine.claim(id), true);
    assert.equal(yours.claim(id), false);
    yours.settle([id]);
    assert.equal(mine.commits, 1);
    assert.equal(mine.claim(id), true);
    assert.deepEqual([mine.nextPack(), yours.nextPack(), mine.nextPack()], [0, 1, 2]);
  });

  it("need a table of a power of two, with room to spare", () => {
    for (const slots of [0, 1, 2, 3, 5, 2.5, Number.NaN]) {
      assert.throws(() => claimMemory(slots), RangeError, `${slots}`);
    }
  });

  it("are given to one thread each, of all that race for them", async () => {
    const ids = Array.from({ length: 8000 }, (_, n) => {
      const id = new Uint8Array(createHash("sha256").update(`${n}`).digest());
      // They crowd into a part of the table, and share their first words.
      id.fill(0, 2, 4);
      id[1] = (id[1] ?? 0) & 31;
      return id;
    });
    const racers = 4;
    const start = new Int32Array(new SharedArrayBuffer(4));
    const claims = new Claims(claimMemory(2 ** 14));
    const results = await Promise.all(
      Array.from({ length: racers }, () => race({ memory: claims.memory, start, racers, ids })),
    );
    const got = results.flatMap((result) => result.got).sort((a, b) => a - b);
    assert.deepEqual(got, [...ids.keys()]);
    assert.equal(claims.count, ids.length);
    const packs = results.flatMap((result) => result.packs).sort((a, b) => a - b);
    assert.deepEqual(packs, [...ids.keys()]);
    claims.settle(ids);
    assert.equal(claims.count, 0);
    assert.ok(new Uint8Array(claims.memory).subarray(-(2 ** 14)).every((used) => used === 0));
  });
});

function race(workerData: object): Promise<{ got: number[]; packs: number[] }> {
  return new Promise((resolve, reject) => {
    // Compiled beside this file.
    const worker = new Worker(new URL("../support/claim-racer.js", import.meta.url), {
      workerData,
    });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}
