/**
 * What a host has done so far, as the target lists it: which of its runs are
 * committed and which are open.
 */
import { CorruptError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { endName, runHost, runOfObject, runSequence } from "../format/names.ts";
import { objectHashOf } from "../format/object-hash.ts";
import type { End } from "../format/run.ts";
import { decodeEnd } from "../format/run.ts";
import { decodeSigned } from "../format/signed.ts";
import type { Target } from "../target/target.ts";
import type { Repository } from "./repository.ts";

/** Summary and manifest are padded documents of a few KiB; the rest grows with pages and heads. */
const MAX_END_BYTES = 64 * 2 ** 20;

export interface History {
  readonly host: string;
  /** Runs with a verdict, in the order of their names. */
  readonly ended: readonly RunName[];
  /** Runs that began and have none: under way, or cut off. */
  readonly open: readonly RunName[];
  /** The sequence number for the next run. */
  readonly next: number;
}

/** Lists a host's runs. */
export async function readHistory(target: Target, host: string): Promise<History> {
  const ended = new Set<RunName>();
  const begun = new Set<RunName>();
  for await (const { name } of target.list(`runs/${host}/`)) {
    const run = runOfObject(name);
    if (run === undefined) continue;
    begun.add(run);
    if (name === endName(run)) ended.add(run);
  }
  const names = [...begun];
  return {
    host,
    ended: names.filter((run) => ended.has(run)),
    open: names.filter((run) => !ended.has(run)),
    next: names.reduce((last, run) => Math.max(last, runSequence(run)), 0) + 1,
  };
}

/** The hosts that have runs. */
export async function readHosts(target: Target): Promise<string[]> {
  const hosts = new Set<string>();
  for await (const { name } of target.list("runs/")) {
    const run = runOfObject(name);
    if (run !== undefined) hosts.add(runHost(run));
  }
  return [...hosts];
}

/**
 * Reads a run's verdict: a snapshot by the word of its host, `expired` by a keeper's.
 *
 * @throws {@link CorruptError} if it is damaged, belongs to another run or repository, or is not
 * signed by who should have.
 */
export async function readEnd(
  repository: Repository,
  run: RunName,
): Promise<{ end: End; hash: string }> {
  const name = endName(run);
  const bytes = await repository.target.read(name, MAX_END_BYTES);
  const lines = decodeSigned(name, bytes);
  const end = decodeEnd(name, lines.body);
  if (end.verdict === "snapshot") await repository.checkHost(name, lines, runHost(run));
  else await repository.checkKeeper(name, lines);
  if (end.run !== run || end.repository !== repository.id) {
    throw new CorruptError(name, "it is the end of another run");
  }
  return { end, hash: objectHashOf(bytes) };
}
