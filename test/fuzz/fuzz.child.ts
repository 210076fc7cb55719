/** Tries mutants on one target. The input is in a file before it is tried: this process may not outlive it. */
import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Chance } from "./chance.ts";
import { judge } from "./judge.ts";
import { mutant } from "./mutate.ts";
import { keepSeed, seedsOf } from "./seeds.ts";
import type { FuzzTarget } from "./target.ts";
import { targets } from "./targets.ts";

/** Of one fault there would be thousands. */
const ENOUGH = 5;
/** How often a smaller input is looked for. */
const ATTEMPTS = 400;

const [name, seconds, current = ""] = process.argv.slice(2);
const target = targets.find((one) => one.name === name);
if (target === undefined) throw new Error(`no target ${name}`);

const examples = [...target.examples, ...seedsOf(target).map(({ bytes }) => bytes)];
const chance = new Chance(randomInt(2 ** 32));
const end = Date.now() + 1000 * Number(seconds);
const found: string[] = [];
let tried = 0;
while (Date.now() < end && found.length < ENOUGH) {
  const input = mutant(examples, target.form, chance);
  writeFileSync(current, input);
  tried += 1;
  const verdict = await judge(target, input);
  if (verdict.kind !== "wrong") continue;
  const least = await reduced(target, input);
  found.push(`${keepSeed(target, least)}: ${verdict.problem}`);
}
process.send?.({ tried, found });

/** A shorter input that goes wrong as well: pieces are left out while it does. */
async function reduced(target: FuzzTarget, input: Uint8Array): Promise<Uint8Array> {
  let least = input;
  let piece = least.length >> 1;
  for (let left = ATTEMPTS; left > 0 && piece > 0; left--) {
    const at = chance.number(least.length);
    const shorter = Buffer.concat([least.subarray(0, at), least.subarray(at + piece)]);
    if ((await judge(target, shorter)).kind === "wrong") least = shorter;
    else if (chance.number(8) === 0) piece >>= 1;
    piece = Math.min(piece, least.length);
  }
  return least;
}
