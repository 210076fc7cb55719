/**
 * Whatever bytes a parser is given, it returns, or throws one of varve's errors
 * in the name of what is damaged. A few thousand mutants each, the same in every
 * run; `node dist/test/fuzz/fuzz.js` tries others for as long as one likes.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Chance } from "./chance.ts";
import { judge } from "./judge.ts";
import { mutant } from "./mutate.ts";
import { seededNames, seedsOf } from "./seeds.ts";
import type { FuzzTarget } from "./target.ts";
import { targets } from "./targets.ts";

const scale = process.env["SLOW"] ? 20 : 1;
const MUTANTS = { cheap: 800 * scale, dear: 80 * scale };
const SEED = 20261125;

/** @throws AssertionError with the input if a target does what it may not. */
async function assertFine(target: FuzzTarget, input: Uint8Array, what: string): Promise<void> {
  const verdict = await judge(target, input);
  if (verdict.kind !== "wrong") return;
  const text = Buffer.from(input.subarray(0, 4096)).toString("base64");
  assert.fail(`${what}: ${verdict.problem}\n${input.length} bytes: ${text}`);
}

for (const target of targets) {
  const { name, examples, form, cost = "cheap" } = target;
  describe(`the parser of: ${name}`, () => {
    const seeds = seedsOf(target);
    const valid = seeds.filter(({ file }) => file.startsWith("valid-"));
    const all = [...examples, ...valid.map(({ bytes }) => bytes)];

    it("takes what is valid", async () => {
      assert.ok(all.length > 0);
      for (const bytes of all) assert.equal((await judge(target, bytes)).kind, "taken");
    });

    it("takes or refuses what once went wrong", async () => {
      for (const { file, bytes } of seeds) await assertFine(target, bytes, file);
    });

    it("takes or refuses mutants", async () => {
      const chance = new Chance(SEED);
      for (let number = 0; number < MUTANTS[cost]; number++) {
        await assertFine(target, mutant(all, form, chance), `mutant ${number}`);
      }
    });
  });
}

describe("the seeds", () => {
  it("are all of targets that there are", () => {
    const names = targets.map(({ name }) => name.replaceAll(" ", "-"));
    for (const name of seededNames()) assert.ok(names.includes(name), name);
    assert.equal(new Set(names).size, names.length);
  });
});
