/** What a host of the repository can make in another's name: he has the secret, and a key that is not the other's. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { backup } from "../../src/backup/backup.ts";
import { Cache } from "../../src/cache/cache.ts";
import type { Environment } from "../../src/commands/environment.ts";
import { reachTarget } from "../../src/commands/environment.ts";
import type { Hosting } from "../../src/commands/session.ts";
import { openAsHost } from "../../src/commands/session.ts";
import type { RunName } from "../../src/format/names.ts";
import { endName } from "../../src/format/names.ts";
import { decodeEnd, encodeEnd } from "../../src/format/run.ts";
import { decodeSigned } from "../../src/format/signed.ts";
import type { Summary } from "../../src/format/snapshot.ts";
import { decodeSummary, encodeSummary } from "../../src/format/snapshot.ts";
import type { Repository } from "../../src/repository/repository.ts";
import { signLines } from "../../src/repository/signatures.ts";
import { put, take } from "./attacker.ts";
import type { Machine } from "./command.ts";
import { cacheDirectory, taskOf } from "./site.ts";
import type { World } from "./world.ts";
import { environmentOf } from "./world.ts";

const MANY = 2 ** 30;

/** Makes a whole snapshot of a tree as the host `name`, signed by mallory. */
export async function forgeSnapshot(
  { mallory }: World,
  name: string,
  tree: string,
): Promise<RunName> {
  const { repository, signer, means } = await hostingOf(mallory);
  const segmentSize = repository.settings.sizes.segment;
  const cache = await Cache.open(cacheDirectory(), {
    repository: repository.id,
    host: name,
    segmentSize,
  });
  try {
    const remembered = { heads: [], missed: [] };
    const tools = { repository, cache, host: name, signer, remembered, clock: Date.now, means };
    const listener = { problem: () => {}, progress: () => {} };
    return (await backup(taskOf(tree), tools, listener)).summary.run;
  } finally {
    await cache.close();
  }
}

/** Takes away all that a run stored. */
export function removeRun({ target }: World, run: RunName): void {
  for (const kind of ["runs", "index", "packs"]) {
    rmSync(join(target, kind, run), { recursive: true, force: true });
  }
}

/** Writes what the end of a snapshot of mallory's says of itself anew, under his good signature. */
export async function amendSummary(
  { target, mallory }: World,
  run: RunName,
  change: Partial<Summary>,
): Promise<void> {
  const { repository, signer } = await hostingOf(mallory);
  const name = endName(run);
  const end = decodeEnd(name, decodeSigned(name, take(target, name)).body);
  assert.ok(end.verdict === "snapshot");
  const lines = repository.open(name, end.summary, MANY);
  const summary = { ...decodeSummary(name, run, lines), ...change };
  const amended = { ...end, summary: repository.seal(encodeSummary(summary)) };
  put(target, name, await signLines(encodeEnd(amended), [signer]));
}

/** A message to those who can read, as anybody can write it. */
export async function sealToReaders(
  { mallory }: World,
  payload: (repository: Repository) => Uint8Array,
): Promise<Uint8Array> {
  const { repository, means } = await hostingOf(mallory);
  const { recipients, packets } = repository.settings;
  const keys = recipients.map(({ key }) => key);
  return await means.sealing.message(keys, payload(repository), packets);
}

async function hostingOf(machine: Machine): Promise<Hosting & Pick<Environment, "means">> {
  const environment = await environmentOf(machine);
  const hosting = await openAsHost(await reachTarget(undefined, environment), environment);
  return { ...hosting, means: environment.means };
}
