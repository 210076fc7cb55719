/** What a host of the repository can make in another's name: he has the secret, and a key that is not the other's. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { backup } from "../../src/backup/backup.ts";
import { Cache } from "../../src/cache/cache.ts";
import type { Environment } from "../../src/commands/environment.ts";
import { reachTarget } from "../../src/commands/environment.ts";
import type { Hosting } from "../../src/commands/session.ts";
import { openAsHost } from "../../src/commands/session.ts";
import { loadDigests } from "../../src/digest/digest.ts";
import type { RandomSource } from "../../src/flow.ts";
import type { ContentChunk } from "../../src/format/content.ts";
import { encodeBase64 } from "../../src/format/fields.ts";
import type { RunName } from "../../src/format/names.ts";
import { endName } from "../../src/format/names.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { decodeEnd, encodeEnd } from "../../src/format/run.ts";
import { KEY_BYTES } from "../../src/format/secret.ts";
import { decodeSigned } from "../../src/format/signed.ts";
import type { Summary } from "../../src/format/snapshot.ts";
import { decodeSummary, encodeManifest, encodeSummary } from "../../src/format/snapshot.ts";
import type { ChunkId } from "../../src/format/table.ts";
import type { Entry } from "../../src/format/tree.ts";
import { sealDocument } from "../../src/pack/document.ts";
import type { Repository } from "../../src/repository/repository.ts";
import { signLines } from "../../src/repository/signatures.ts";
import { put, take } from "./attacker.ts";
import type { Machine } from "./command.ts";
import { scratchDirectory } from "./scratch.ts";
import { cacheDirectory, taskOf } from "./site.ts";
import type { World } from "./world.ts";
import { environmentOf } from "./world.ts";

const MANY = 2 ** 30;
/** At the chunk size of a {@link World}. */
const LEAST_CUT = 4096;

/** Makes a whole snapshot of a tree as the host `name`, signed by mallory. */
export async function forgeSnapshot(
  { mallory }: World,
  name: string,
  tree: string,
): Promise<RunName> {
  return await makeSnapshot(await hostingOf(mallory), name, tree);
}

async function makeSnapshot(
  { repository, signer, means }: Forger,
  name: string,
  tree: string,
): Promise<RunName> {
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

/** Lays bytes as a chunk of their own; fewer than the least that is cut. */
export type Lay = (bytes: Uint8Array) => ContentChunk;

/**
 * Makes a snapshot of mallory's own, under his good signature, with a tree that no walk would
 * find: its directories were backed up as files that have their bytes.
 */
export async function forgeTree(
  { target, mallory }: World,
  plan: (lay: Lay) => Entry,
): Promise<RunName> {
  const forger = await hostingOf(mallory);
  const { repository, signer, means } = forger;
  const { chunkId } = await loadDigests(repository.keys.chunkId, "fastest");
  const files = scratchDirectory();
  let laid = 0;
  const root = plan((bytes) => {
    assert.ok(bytes.length < LEAST_CUT, `${bytes.length} bytes may be cut`);
    writeFileSync(join(files, String(laid++)), bytes);
    return { id: encodeBase64(chunkId(bytes)) as ChunkId, size: bytes.length };
  });
  let key = new Uint8Array(0);
  const random: RandomSource = (count) => {
    const bytes = means.random(count);
    // The last of this length that a run asks for itself.
    if (count === KEY_BYTES) key = new Uint8Array(bytes);
    return bytes;
  };
  const run = await makeSnapshot({ ...forger, means: { ...means, random } }, "mallory", files);
  const name = endName(run);
  const end = decodeEnd(name, decodeSigned(name, take(target, name)).body);
  assert.ok(end.verdict === "snapshot");
  const lines = encodeManifest({ run, source: rawFromText("/forged"), excludes: [], root });
  const { packets } = repository.settings;
  const manifest = sealDocument(lines, means.zstd, means.sealing.sealer({ packets, key }));
  put(target, name, await signLines(encodeEnd({ ...end, manifest }), [signer]));
  return run;
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

/** Takes the signatures off an index object: each host has its key, and can seal it again. */
export async function stripIndex({ target, mallory }: World, name: string): Promise<void> {
  const { repository } = await hostingOf(mallory);
  const { body } = decodeSigned(name, repository.open(name, take(target, name), MANY));
  put(target, name, repository.seal(body));
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

type Forger = Hosting & Pick<Environment, "means">;

async function hostingOf(machine: Machine): Promise<Forger> {
  const environment = await environmentOf(machine);
  const hosting = await openAsHost(await reachTarget(undefined, environment), environment);
  return { ...hosting, means: environment.means };
}
