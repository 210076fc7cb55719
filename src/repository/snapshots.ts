/** The snapshots of a repository: committed runs, and what their ends say. */
import { NotFoundError, UsageError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { endName, runOfObject } from "../format/names.ts";
import type { SnapshotEnd } from "../format/run.ts";
import type { Summary } from "../format/snapshot.ts";
import { decodeSummary } from "../format/snapshot.ts";
import { readEnd } from "./history.ts";
import type { Repository } from "./repository.ts";

const MAX_SUMMARY_BYTES = 2 ** 24;

export interface Snapshot {
  readonly end: SnapshotEnd;
  readonly summary: Summary;
}

/** The part of a run's name that users call a snapshot by. */
export function snapshotId(run: RunName): string {
  return run.slice(-16);
}

/** Reads the snapshots of all hosts, or one, in the order in which each host made them. */
export async function* readSnapshots(
  repository: Repository,
  host?: string,
): AsyncGenerator<Snapshot> {
  for (const run of await endedRuns(repository, host)) {
    const snapshot = await readSnapshot(repository, run);
    if (snapshot !== undefined) yield snapshot;
  }
}

/** A committed run's snapshot; nothing if the run has expired. */
export async function readSnapshot(
  repository: Repository,
  run: RunName,
): Promise<Snapshot | undefined> {
  const { end } = await readEnd(repository.target, repository.id, run);
  if (end.verdict !== "snapshot") return undefined;
  const name = endName(run);
  const summary = decodeSummary(name, run, repository.open(name, end.summary, MAX_SUMMARY_BYTES));
  return { end, summary };
}

/**
 * Finds the snapshot that a user means.
 *
 * @param wanted - `latest`, an id, or at least 4 characters that begin one.
 * @param host - whose latest.
 * @throws {@link NotFoundError} if there is none.
 * @throws {@link UsageError} if it could be several.
 */
export async function findSnapshot(
  repository: Repository,
  wanted: string,
  host: string,
): Promise<Snapshot> {
  return wanted === "latest" ? latest(repository, host) : byId(repository, wanted);
}

async function latest(repository: Repository, host: string): Promise<Snapshot> {
  for (const run of (await endedRuns(repository, host)).reverse()) {
    const snapshot = await readSnapshot(repository, run);
    if (snapshot?.summary.complete) return snapshot;
  }
  throw new NotFoundError(
    `${repository.target.location} holds no complete snapshot of host ${host}: ` +
      "varve snapshots lists what there is",
  );
}

async function byId(repository: Repository, wanted: string): Promise<Snapshot> {
  if (!/^[0-9a-f]{4,16}$/.test(wanted)) {
    throw new UsageError(`"${wanted}" is no snapshot: say latest, or 4 or more digits of an id`);
  }
  const runs = (await endedRuns(repository)).filter((run) => snapshotId(run).startsWith(wanted));
  const [run, other] = runs;
  if (run !== undefined && other !== undefined) {
    throw new UsageError(`"${wanted}" could be ${runs.map(snapshotId).join(" or ")}`);
  }
  const snapshot = run === undefined ? undefined : await readSnapshot(repository, run);
  if (snapshot === undefined) {
    throw new NotFoundError(`${repository.target.location} holds no snapshot "${wanted}"`);
  }
  return snapshot;
}

async function endedRuns(repository: Repository, host?: string): Promise<RunName[]> {
  const runs: RunName[] = [];
  for await (const { name } of repository.target.list(host ? `runs/${host}/` : "runs/")) {
    const run = runOfObject(name);
    if (run !== undefined && name === endName(run)) runs.push(run);
  }
  return runs;
}
