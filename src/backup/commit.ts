/**
 * The last steps of a run: everything that the snapshot names is stored by
 * now, and one atomic create makes it appear.
 */
import type { RunName } from "../format/names.ts";
import { endName, runKeyName } from "../format/names.ts";
import { objectHashOf } from "../format/object-hash.ts";
import type { End, ObjectHash, PageReference, RunObjects } from "../format/run.ts";
import { encodeEnd } from "../format/run.ts";
import type { Manifest, Summary } from "../format/snapshot.ts";
import { encodeManifest, encodeSummary } from "../format/snapshot.ts";
import { sealDocument } from "../pack/document.ts";
import { followChain, readHistory } from "../repository/history.ts";
import { IndexWriter, listIndex, readIndex } from "../repository/index-objects.ts";
import type { Reach } from "../repository/reach.ts";
import { knownPages, rememberPages, storeReach } from "../repository/reach-pages.ts";
import type { Repository } from "../repository/repository.ts";
import type { Run } from "../repository/run.ts";
import { beginNext } from "../repository/run.ts";
import type { BackupTools } from "./tools.ts";

/** What is to be committed, but for the run's name. */
export interface Draft {
  readonly summary: Omit<Summary, "run">;
  readonly manifest: Omit<Manifest, "run">;
  readonly reach: Reach;
}

/** A run, and the index objects that it has written. */
export interface RunState {
  readonly run: Run;
  readonly index: IndexWriter;
}

const MAX_KEY_BYTES = 2 ** 20;

/**
 * Commits a draft as the snapshot of a run. If gc gave that run up meanwhile,
 * another one adopts what it stored.
 *
 * @returns the summary, of the run that made it.
 */
export async function commitDraft(
  draft: Draft,
  state: RunState,
  tools: Pick<BackupTools, "repository" | "cache" | "host" | "means">,
): Promise<Summary> {
  const { repository, cache, host, means } = tools;
  for (let { run, index } = state; ; ) {
    const pages = await storeAll(draft, index, tools);
    const end = await makeEnd(draft, { run, index }, [...pages.values()], tools);
    if ((await repository.target.create(endName(run.name), encodeEnd(end))) === "created") {
      rememberPages(cache, draft.manifest.source, pages);
      return { run: run.name, ...draft.summary };
    }
    run = await beginNext(repository, host, means);
    index = new IndexWriter(repository, run.name);
  }
}

/** Writes the index of all that is stored, and the reach. */
async function storeAll(
  draft: Draft,
  index: IndexWriter,
  { cache }: Pick<BackupTools, "cache">,
): Promise<Map<string, PageReference>> {
  await index.writePlaces(cache);
  return storeReach(draft.reach, knownPages(cache, draft.manifest.source), index);
}

async function makeEnd(
  draft: Draft,
  { run, index }: RunState,
  reach: readonly PageReference[],
  { repository, host, means }: Pick<BackupTools, "repository" | "host" | "means">,
): Promise<End> {
  const history = await readHistory(repository.target, host);
  const { heads, expired } = await followChain(repository, history);
  const manifest = encodeManifest({ run: run.name, ...draft.manifest });
  return {
    verdict: "snapshot",
    repository: repository.id,
    run: run.name,
    key: run.keyHash,
    index: index.objects,
    settings: repository.settings.n,
    adopts: await adopted(repository, run.name, draft.reach, [...history.open, ...expired]),
    heads,
    reach,
    summary: repository.seal(encodeSummary({ run: run.name, ...draft.summary })),
    manifest: sealDocument(
      manifest,
      repository.zstd,
      means.sealing.sealer({ packets: 2, key: run.sessionKey }),
    ),
  };
}

/**
 * The runs without a snapshot of their own that this one needs something of:
 * chunks on their tapes, or the index of such chunks, which may be another's.
 */
async function adopted(
  repository: Repository,
  run: RunName,
  reach: Reach,
  uncommitted: readonly RunName[],
): Promise<RunObjects[]> {
  const reached = new Set(reach.runs());
  const adopts: RunObjects[] = [];
  for (const other of uncommitted) {
    if (other === run) continue;
    const { index, placed } = await indexOf(repository, other);
    if (![other, ...placed].some((name) => reached.has(name))) continue;
    const key = objectHashOf(await repository.target.read(runKeyName(other), MAX_KEY_BYTES));
    adopts.push({ run: other, key, index });
  }
  return adopts;
}

/** A run's index objects, and the runs whose packs they list: its own, and what it found unlisted. */
async function indexOf(
  repository: Repository,
  run: RunName,
): Promise<{ index: ObjectHash[]; placed: Set<RunName> }> {
  const index: ObjectHash[] = [];
  const placed = new Set<RunName>();
  for (const name of await listIndex(repository.target, run)) {
    const content = await readIndex(repository, name);
    index.push({ object: content.object, hash: content.hash });
    if (content.holds !== "places") continue;
    for (const { parts } of content.tables) for (const part of parts) placed.add(part.run);
  }
  return { index, placed };
}
