/** The snapshots of a repository: committed runs, and what their ends say. */
import { CorruptError, NotFoundError, UsageError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { endName, runHost, runOfObject } from "../format/names.ts";
import type { SnapshotEnd } from "../format/run.ts";
import type { Summary } from "../format/snapshot.ts";
import { decodeSummary } from "../format/snapshot.ts";
import type { Chain, ChainLink, Remembered } from "./chain.ts";
import { followChain } from "./chain.ts";
import { readHistory } from "./history.ts";
import type { Repository } from "./repository.ts";
import { superseded } from "./superseded.ts";

const MAX_SUMMARY_BYTES = 2 ** 24;
const LATEST = "latest";
/** Of the random part of a run's name, as much as was given. */
const ID = /^[0-9a-f]{4,16}$/;

export interface Snapshot {
  readonly end: SnapshotEnd;
  readonly summary: Summary;
}

/** A snapshot among those of its host. */
export interface FoundSnapshot extends Snapshot {
  readonly chain: Chain;
}

/** What a machine remembers of a host's chain. */
export type Memory = (host: string) => Remembered;

/** The part of a run's name that users call a snapshot by. */
export function snapshotId(run: RunName): string {
  return run.slice(-16);
}

/** Whether it may be what a user calls a snapshot. */
export function isSnapshotName(text: string): boolean {
  return text === LATEST || ID.test(text);
}

/**
 * The snapshots of a chain that can be told from each other, in the order of their names.
 *
 * @param spoilt - is told what is wrong with the others.
 */
export function openSnapshots(
  repository: Repository,
  { links }: Chain,
  spoilt: (problem: CorruptError) => void,
): Snapshot[] {
  const snapshots: Snapshot[] = [];
  for (const link of links.values()) {
    try {
      snapshots.push(openSnapshot(repository, link));
    } catch (error) {
      // What one host has spoilt must not hide what the others have.
      if (!(error instanceof CorruptError)) throw error;
      spoilt(error);
    }
  }
  return snapshots;
}

/** What a verified end says. @throws {@link CorruptError} if its summary is damaged, or another host's. */
export function openSnapshot(repository: Repository, { object, end }: ChainLink): Snapshot {
  const lines = repository.open(object, end.summary, MAX_SUMMARY_BYTES);
  const summary = decodeSummary(object, end.run, lines);
  // People choose by it: no host's snapshot may pass for another's.
  if (summary.host !== runHost(end.run)) {
    throw new CorruptError(object, `it says that it is of host ${summary.host}`);
  }
  return { end, summary };
}

/**
 * Finds the snapshot that a user means.
 *
 * @param wanted - `latest`, an id, or at least 4 characters that begin one.
 * @param host - whose latest.
 * @throws {@link NotFoundError} if there is none, or it was incomplete and is superseded.
 * @throws {@link UsageError} if it could be several.
 * @throws {@link CorruptError} if it is not signed, or, for the latest, if the chain shows that
 * a later one may be missing; unless signatures are waived.
 */
export async function findSnapshot(
  repository: Repository,
  wanted: string,
  host: string,
  memory: Memory,
): Promise<FoundSnapshot> {
  if (wanted === LATEST) return latest(repository, await chainOf(repository, host, memory));
  const run = await runById(repository, wanted);
  const chain = await chainOf(repository, runHost(run), memory);
  const link = chain.links.get(run);
  if (link !== undefined) {
    const snapshot = openSnapshot(repository, link);
    if (!snapshot.summary.complete) refuseSuperseded(repository, run, chain);
    return { ...snapshot, chain };
  }
  const problem = chain.problems.find(({ object }) => object === endName(run));
  throw problem ?? noSnapshot(repository, wanted);
}

/** @throws {@link NotFoundError} if a complete snapshot has taken the place of this one. */
function refuseSuperseded(repository: Repository, run: RunName, chain: Chain): void {
  const all = openSnapshots(repository, chain, () => {});
  const by = superseded(all.map(({ summary }) => summary)).get(run);
  if (by === undefined) return;
  throw new NotFoundError(
    `snapshot ${snapshotId(run)} was incomplete, and ${snapshotId(by)}, which is complete, has taken its place`,
  );
}

async function chainOf(repository: Repository, host: string, memory: Memory): Promise<Chain> {
  const history = await readHistory(repository.target, host);
  return await followChain(repository, history, memory(host));
}

function latest(repository: Repository, chain: Chain): FoundSnapshot {
  const [problem] = chain.problems;
  // What is missing may be the latest.
  if (problem !== undefined && repository.signatures === "required") throw problem;
  for (const link of [...chain.links.values()].reverse()) {
    const snapshot = openSnapshot(repository, link);
    if (snapshot.summary.complete) return { ...snapshot, chain };
  }
  throw new NotFoundError(
    `${repository.target.location} holds no complete snapshot of host ${chain.host}: ` +
      "varve snapshots lists what there is",
  );
}

async function runById(repository: Repository, wanted: string): Promise<RunName> {
  if (!ID.test(wanted)) {
    throw new UsageError(`"${wanted}" is no snapshot: say latest, or 4 or more digits of an id`);
  }
  const runs: RunName[] = [];
  for await (const { name } of repository.target.list("runs/")) {
    const run = runOfObject(name);
    if (run !== undefined && name === endName(run) && snapshotId(run).startsWith(wanted)) {
      runs.push(run);
    }
  }
  const [run, other] = runs;
  if (run === undefined) throw noSnapshot(repository, wanted);
  if (other !== undefined) {
    throw new UsageError(`"${wanted}" could be ${runs.map(snapshotId).join(" or ")}`);
  }
  return run;
}

function noSnapshot({ target }: Repository, wanted: string): NotFoundError {
  return new NotFoundError(`${target.location} holds no snapshot "${wanted}"`);
}
