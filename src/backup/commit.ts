/**
 * The last steps of a run: everything that the snapshot names is stored by
 * now, and one atomic create makes it appear.
 */
import type { Cache } from "../cache/cache.ts";
import { endName, type RunName, runKeyName } from "../format/names.ts";
import { encodeEnd, type ObjectHash, objectHashOf, type RunObjects } from "../format/run.ts";
import { encodeManifest, encodeSummary, type Manifest, type Summary } from "../format/snapshot.ts";
import { sealDocument } from "../pack/document.ts";
import type { History } from "../repository/history.ts";
import { followChain, readEnd } from "../repository/history.ts";
import { IndexWriter, listIndex, readIndex } from "../repository/index-objects.ts";
import type { Reach } from "../repository/reach.ts";
import { knownPages, rememberPages, storeReach } from "../repository/reach-pages.ts";
import type { Repository } from "../repository/repository.ts";
import type { Run } from "../repository/run.ts";
import type { Sealing } from "../seal/sealing.ts";
import type { Target, WritableTarget } from "../target/target.ts";

/** What is to be committed, but for the run's name. */
export interface Draft {
  readonly summary: Omit<Summary, "run">;
  readonly manifest: Omit<Manifest, "run">;
  readonly reach: Reach;
}

export interface CommitMeans {
  readonly repository: Repository<WritableTarget>;
  readonly cache: Cache;
  readonly sealing: Sealing;
  readonly history: History;
}

const MAX_KEY_BYTES = 2 ** 20;

/**
 * Commits a draft as the snapshot of `run`.
 *
 * @returns false if gc gave the run up: then another run may adopt what it stored.
 */
export async function commit(
  run: Run,
  draft: Draft,
  index: IndexWriter,
  { repository, cache, sealing, history }: CommitMeans,
): Promise<boolean> {
  const { target } = repository;
  const source = draft.manifest.source;
  await index.writePlaces(cache);
  const pages = await storeReach(draft.reach, knownPages(cache, source), index);
  const chain = await followChain(target, repository.id, history, { heads: [], seen: [] });
  const manifest = encodeManifest({ run: run.name, ...draft.manifest });
  const end = encodeEnd({
    verdict: "snapshot",
    repository: repository.id,
    run: run.name,
    key: run.keyHash,
    index: index.objects,
    settings: repository.settings.n,
    adopts: await adopted(repository, run.name, draft.reach, history),
    heads: chain.heads,
    reach: [...pages.values()],
    summary: repository.seal(encodeSummary({ run: run.name, ...draft.summary })),
    manifest: sealDocument(manifest, repository.zstd, sealing.sealer(run.sessionKey)),
  });
  if ((await target.create(endName(run.name), end)) === "exists") {
    await readEnd(target, repository.id, run.name);
    return false;
  }
  await rememberPages(cache, source, pages);
  return true;
}

/** The runs without a verdict whose chunks the snapshot needs. */
async function adopted(
  repository: Repository,
  run: RunName,
  reach: Reach,
  history: History,
): Promise<RunObjects[]> {
  const open = new Set(history.open);
  const runs = reach.runs().filter((other) => other !== run && open.has(other));
  return Promise.all(runs.map((other) => objectsOf(repository, other)));
}

async function objectsOf(repository: Repository, run: RunName): Promise<RunObjects> {
  const { target } = repository;
  const key = objectHashOf(await target.read(runKeyName(run), MAX_KEY_BYTES));
  const index: ObjectHash[] = [];
  for (const name of await listIndex(target, run)) {
    const { object, hash } = await readIndex(repository, name);
    index.push({ object, hash });
  }
  return { run, key, index };
}
