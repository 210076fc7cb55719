/**
 * The last steps of a run: everything that the snapshot names is stored by
 * now, and one atomic create makes it appear.
 */
import type { Cache } from "../cache/cache.ts";
import { CorruptError, UnavailableError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { endName, runKeyName } from "../format/names.ts";
import type { ObjectHash } from "../format/object-hash.ts";
import { objectHashOf } from "../format/object-hash.ts";
import type { PageReference, RunObjects, SnapshotEnd } from "../format/run.ts";
import { encodeEnd } from "../format/run.ts";
import type { Manifest, Summary } from "../format/snapshot.ts";
import { encodeManifest, encodeSummary } from "../format/snapshot.ts";
import { sealDocument } from "../pack/document.ts";
import type { ChainState } from "../repository/chain.ts";
import { followHeads, stubOf } from "../repository/chain.ts";
import { knownStubs, rememberStubs } from "../repository/chain-memory.ts";
import { readHistory } from "../repository/history.ts";
import { IndexWriter, listIndex, readIndex } from "../repository/index-objects.ts";
import type { Reach } from "../repository/reach.ts";
import { knownPages, rememberPages, storeReach } from "../repository/reach-pages.ts";
import type { Repository } from "../repository/repository.ts";
import type { Run } from "../repository/run.ts";
import { beginNext, readRunKey } from "../repository/run.ts";
import { signLines } from "../repository/signatures.ts";
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

/** A snapshot that is there. */
export interface Committed {
  readonly summary: Summary;
  /** Its end, which is the head of the host's chain now. */
  readonly head: ObjectHash;
  /** What is wrong with the snapshots before it. */
  readonly problems: ChainState["problems"];
}

/** Where an end stands among others. */
interface Ending extends Pick<BackupTools, "repository" | "means"> {
  readonly heads: readonly ObjectHash[];
  readonly adopts: readonly RunObjects[];
}

/**
 * Commits a draft as the snapshot of a run. If gc gave that run up meanwhile,
 * another one adopts what it stored.
 */
export async function commitDraft(
  draft: Draft,
  state: RunState,
  tools: Pick<BackupTools, "repository" | "cache" | "host" | "means" | "signer" | "remembered">,
): Promise<Committed> {
  const { repository, cache, host, means, signer, remembered } = tools;
  const stubs = knownStubs(cache);
  for (let { run, index } = state; ; ) {
    const pages = await storeAll(draft, index, tools);
    const history = await readHistory(repository.target, host);
    const chain = await followHeads(repository, history, remembered, stubs);
    const open = [...history.open, ...chain.expired, ...chain.spoilt];
    const end = await makeEnd(draft, { run, index }, [...pages.values()], {
      repository,
      means,
      heads: chain.heads,
      adopts: await adopted(repository, run.name, draft.reach, open),
    });
    const object = endName(run.name);
    const bytes = await signLines(encodeEnd(end), [signer]);
    if ((await repository.target.create(object, bytes)) === "created") {
      rememberPages(cache, draft.manifest.source, pages);
      const head = { object, hash: objectHashOf(bytes) };
      rememberStubs(cache, stubs.set(object, stubOf(end, head.hash)));
      return { summary: { run: run.name, ...draft.summary }, head, problems: chain.problems };
    }
    run = await beginNext(repository, host, { ...means, signer });
    index = new IndexWriter(repository, run.name, signer);
  }
}

/** Writes the index of all that is stored, and the reach. */
async function storeAll(
  draft: Draft,
  index: IndexWriter,
  { cache }: Pick<BackupTools, "cache">,
): Promise<Map<string, PageReference>> {
  await index.writePlaces(cache);
  mustBeIndexed(draft.reach, cache);
  return storeReach(draft.reach, knownPages(cache, draft.manifest.source), index);
}

/**
 * The snapshot names nothing that no index object lists. Another process of this host may have
 * begun the cache anew meanwhile, and with it forgotten which packs were still to be listed.
 *
 * @throws {@link UnavailableError} if it has.
 */
function mustBeIndexed(reach: Reach, cache: Pick<Cache, "packs" | "segments">): void {
  // What this process remembers was in the cache once.
  cache.packs.forget();
  for (const { run, tape, segments } of reach.tapes()) {
    if (segments.every(([first, last]) => cache.segments.holds(run, tape, first, last))) continue;
    throw new UnavailableError(
      "the cache was begun anew while this run was under way, by another command: try again",
    );
  }
}

function makeEnd(
  draft: Draft,
  { run, index }: RunState,
  reach: readonly PageReference[],
  { repository, means, heads, adopts }: Ending,
): SnapshotEnd {
  const manifest = encodeManifest({ run: run.name, ...draft.manifest });
  return {
    verdict: "snapshot",
    repository: repository.id,
    run: run.name,
    key: run.keyHash,
    index: index.objects,
    settings: repository.settings.n,
    adopts,
    heads,
    reach,
    summary: repository.seal(encodeSummary({ run: run.name, ...draft.summary })),
    manifest: sealDocument(manifest, repository.zstd, means.sealing.sealer(run.sessionKey)),
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
    const key = await readRunKey(repository, other);
    if (key === undefined) throw new CorruptError(runKeyName(other), "it is missing");
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
    const content = await readIfWhole(repository, name);
    if (content === undefined) continue;
    index.push({ object: content.object, hash: content.hash });
    if (content.holds !== "places") continue;
    for (const { parts } of content.tables) for (const part of parts) placed.add(part.run);
  }
  return { index, placed };
}

/** What only a damaged index object lists counted as absent, and was told (repository/view.ts). */
async function readIfWhole(
  repository: Repository,
  name: string,
): Promise<Awaited<ReturnType<typeof readIndex>> | undefined> {
  try {
    return await readIndex(repository, name);
  } catch (error) {
    if (error instanceof CorruptError) return undefined;
    throw error;
  }
}
