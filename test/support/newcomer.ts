/** Somebody with the private key who has not been here before, and restores. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { snapshotId } from "../../src/repository/snapshots.ts";
import type { Ended } from "./command.ts";
import { Machine } from "./command.ts";
import { filesBelow, fingerprintOf } from "./trees.ts";
import { assertTells, succeeded } from "./verdicts.ts";
import type { Layer, World } from "./world.ts";
import { keyOf, treeOf } from "./world.ts";

/** The snapshot comes back, and nothing is told. */
export async function assertRestores(world: World, layer: Layer): Promise<void> {
  const { ended, out } = await restored(world, layer);
  succeeded(ended);
  assert.equal(fingerprintOf(out), layer.fingerprint);
}

/** The snapshot comes back, and these are told to be damaged. */
export async function assertRestoresDespite(
  world: World,
  layer: Layer,
  ...damages: string[]
): Promise<void> {
  const { ended, out } = await restored(world, layer);
  assertTells(ended, ...damages);
  assert.equal(fingerprintOf(out), layer.fingerprint);
}

/** It does not, and these are told to be damaged; what there is of the tree is as it was. */
export async function assertRestoresNothingWrong(
  world: World,
  layer: Layer,
  ...damages: string[]
): Promise<void> {
  const { ended, out } = await restored(world, layer);
  assertTells(ended, ...damages);
  if (!existsSync(out)) return;
  for (const path of filesBelow(out)) {
    const original = join(treeOf(world.web), path.slice(out.length));
    assert.ok(readFileSync(path).equals(readFileSync(original)), path);
  }
}

async function restored(
  { target, owner }: World,
  { run }: Layer,
): Promise<{ ended: Ended; out: string }> {
  const machine = new Machine({ VARVE_TARGET: target, VARVE_IDENTITY: keyOf(owner) });
  const ended = await machine.varve("restore", "--to", "out", "--snapshot", snapshotId(run));
  return { ended, out: join(machine.home, "out") };
}
