import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AccessError, CorruptError } from "../../src/errors.ts";
import { Chance } from "./chance.ts";
import { judge } from "./judge.ts";
import { mutant } from "./mutate.ts";
import { OBJECT } from "./target.ts";

const INPUT = Buffer.from('{"a":[1,"b"]}\n');

async function kindOf(run: (bytes: Uint8Array) => unknown): Promise<string> {
  return (await judge({ name: "x", examples: [], form: "bytes", run }, INPUT)).kind;
}

const throwing = (error: unknown) => () => {
  throw error;
};

describe("the judge of fuzz targets", () => {
  it("lets them return, and refuse in the name of what they read", async () => {
    assert.equal(await kindOf((bytes) => bytes), "taken");
    assert.equal(await kindOf(throwing(new CorruptError(`${OBJECT}, line 1`, "it is"))), "refused");
    assert.equal(await kindOf(throwing(new AccessError("it may not be read"))), "refused");
  });

  it("finds errors that are nobody's, and damage that is told of something else", async () => {
    for (const error of [new TypeError("x"), new RangeError("x"), "x", undefined]) {
      assert.equal(await kindOf(throwing(error)), "wrong");
      assert.equal(await kindOf(() => Promise.reject(error)), "wrong");
    }
    assert.equal(await kindOf(throwing(new CorruptError("cache", "it is"))), "wrong");
  });

  it("finds memory that the input is not worth", async () => {
    assert.equal(await kindOf(() => new Uint8Array(2 ** 28)), "wrong");
  });

  it("gives each target bytes of its own", async () => {
    await kindOf((bytes) => bytes.fill(0));
    assert.equal(INPUT[0], 0x7b);
  });
});

describe("mutants", () => {
  it("are the same under the same seed, and of all kinds under one", () => {
    const some = (seed: number) => {
      const chance = new Chance(seed);
      return Array.from({ length: 200 }, () => String(mutant([INPUT], "lines", chance)));
    };
    assert.deepEqual(some(1), some(1));
    assert.notDeepEqual(some(1), some(2));
    assert.ok(new Set(some(1)).size > 150);
  });
});
