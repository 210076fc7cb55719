/** How a command has to end. */
import assert from "node:assert/strict";
import type { Ended, Machine, Variables } from "./command.ts";
import { objectsOf } from "./command.ts";
import { fingerprintOf } from "./trees.ts";

export function succeeded(ended: Ended): Ended {
  assert.equal(ended.status, 0, ended.err);
  return ended;
}

/** What has to happen instead of what was asked for. */
export interface Refusal {
  readonly status: 5 | 7;
  readonly words: RegExp;
}

/** The command refuses, says why, and leaves the store as it is. */
export async function assertRefused(
  machine: Machine,
  args: readonly string[],
  { status, words }: Refusal,
  variables: Variables = {},
): Promise<void> {
  const store = variables["VARVE_TARGET"] ?? machine.variables["VARVE_TARGET"] ?? "";
  const before = fingerprintOf(store);
  const ended = await machine.run(args, { variables });
  assert.equal(ended.status, status, `${args.join(" ")}: ${ended.out}${ended.err}`);
  assert.match(ended.err, words);
  assert.doesNotMatch(ended.err, /fault of varve/);
  assert.equal(fingerprintOf(store), before, "something was stored");
}

/** It tells that these are damaged; what else it did is for the test to say. */
export function assertTells({ status, err }: Ended, ...damages: string[]): void {
  assert.equal(status, 7, err);
  for (const damage of damages) assert.ok(err.includes(damage), err);
  assert.doesNotMatch(err, /fault of varve/);
}

/** The snapshots that `--json` printed. */
export function idsOf(ended: Ended): unknown[] {
  return objectsOf(ended).flatMap(({ id }) => (id === undefined ? [] : [id]));
}
