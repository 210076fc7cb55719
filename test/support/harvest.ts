/** Restores snapshots, and looks into them, through a cache of their own. */
import { join } from "node:path";
import type { Cache } from "../../src/cache/cache.ts";
import { loadDigests } from "../../src/digest/digest.ts";
import type { RunName } from "../../src/format/names.ts";
import { endName } from "../../src/format/names.ts";
import type { SnapshotEnd } from "../../src/format/run.ts";
import type { Manifest } from "../../src/format/snapshot.ts";
import { decodeManifest } from "../../src/format/snapshot.ts";
import { openDocument } from "../../src/pack/document.ts";
import { followChain } from "../../src/repository/chain.ts";
import { readHistory } from "../../src/repository/history.ts";
import type { Repository } from "../../src/repository/repository.ts";
import { SessionKeys } from "../../src/repository/session-keys.ts";
import { refreshView } from "../../src/repository/view.ts";
import type { ReadingMeans } from "../../src/restore/chunk-source.ts";
import { Policy } from "../../src/restore/policy.ts";
import { restore } from "../../src/restore/restore.ts";
import { inlineWriters } from "../../src/restore/writers.ts";
import type { WritableTarget } from "../../src/target/target.ts";
import { restoreTask } from "./restore-task.ts";
import { scratchDirectory } from "./scratch.ts";
import type { Site } from "./site.ts";
import { cacheDirectory, HOST, session } from "./site.ts";
import type { Survey } from "./tree.ts";
import { survey } from "./tree.ts";

const MAX_MANIFEST_BYTES = 2 ** 24;

/** A snapshot that is open for reading. */
export interface OpenSnapshot {
  readonly end: SnapshotEnd;
  readonly manifest: Manifest;
  readonly means: ReadingMeans;
}

/** Opens a snapshot. What `cache` does not know is not found. */
export async function openSnapshot(
  site: Site,
  repository: Repository,
  cache: Cache,
  run: RunName,
): Promise<OpenSnapshot> {
  const { zstd, sealing } = site.means;
  const history = await readHistory(repository.target, HOST);
  const chain = await followChain(repository, history, { heads: [], missed: [] });
  const [problem] = chain.problems;
  if (problem !== undefined) throw problem;
  const keys = new SessionKeys(repository, site.identity, chain.keys);
  const link = chain.links.get(run);
  if (link === undefined) throw new Error(`${run} has no snapshot`);
  const name = endName(run);
  const documents = { zstd, opener: sealing.opener(await keys.key(run)) };
  const lines = openDocument(name, link.end.manifest, documents, MAX_MANIFEST_BYTES);
  const { chunkId } = await loadDigests(repository.keys.chunkId, "fastest");
  return {
    end: link.end,
    manifest: decodeManifest(name, run, lines),
    means: { repository, cache, keys, zstd, opener: sealing.opener, identify: chunkId },
  };
}

/** Restores all of a snapshot to a new directory, and surveys that. */
export async function restored({ manifest, means }: OpenSnapshot): Promise<Survey> {
  const to = join(scratchDirectory(), "restored");
  const { zstd, opener, identify } = means;
  await restore(
    await restoreTask(manifest.root, to, means, { policy: new Policy("by number", "left out") }),
    means,
    inlineWriters({ zstd, opener, identify }),
    {
      problem: ({ message }) => {
        throw new Error(message);
      },
      progress: () => {},
      kept: () => {},
    },
  );
  return survey(to);
}

/** Restores snapshots as somebody who never saw the repository would. */
export function restoreAll(
  site: Site,
  target: WritableTarget,
  runs: readonly RunName[],
): Promise<Survey[]> {
  return session(site, target, cacheDirectory(), async ({ repository, cache }) => {
    await refreshView(repository, cache, HOST);
    const surveys: Survey[] = [];
    for (const run of runs) {
      surveys.push(await restored(await openSnapshot(site, repository, cache, run)));
    }
    return surveys;
  });
}

/** The root's entry: its chunk ids stand for the whole tree. */
export function rootOf(
  site: Site,
  target: WritableTarget,
  run: RunName,
): Promise<Manifest["root"]> {
  return session(site, target, cacheDirectory(), async ({ repository, cache }) => {
    return (await openSnapshot(site, repository, cache, run)).manifest.root;
  });
}
