/**
 * What a host has done so far, as the target lists it: which of its runs are
 * committed, which are open, and where its chain of ends stands.
 */
import { CorruptError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { endName, runOfObject, runSequence } from "../format/names.ts";
import { objectHashOf } from "../format/object-hash.ts";
import type { End, ObjectHash } from "../format/run.ts";
import { decodeEnd } from "../format/run.ts";
import type { Target } from "../target/target.ts";
import type { Repository } from "./repository.ts";

/** Summary and manifest are padded documents of a few KiB; the rest grows with pages and heads. */
const MAX_END_BYTES = 64 * 2 ** 20;

export interface History {
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
    ended: names.filter((run) => ended.has(run)),
    open: names.filter((run) => !ended.has(run)),
    next: names.reduce((last, run) => Math.max(last, runSequence(run)), 0) + 1,
  };
}

/**
 * Reads a run's verdict.
 *
 * @throws {@link CorruptError} if it is damaged, or belongs to another run or repository.
 */
export async function readEnd(
  target: Target,
  repository: string,
  run: RunName,
): Promise<{ end: End; hash: string }> {
  const name = endName(run);
  const bytes = await target.read(name, MAX_END_BYTES);
  const end = decodeEnd(name, bytes);
  if (end.run !== run || end.repository !== repository) {
    throw new CorruptError(name, "it is the end of another run");
  }
  return { end, hash: objectHashOf(bytes) };
}

/** Where a host's chain of ends stands. */
export interface Chain {
  /** Ends that no other end refers to. */
  readonly heads: readonly ObjectHash[];
  /** Runs that gc gave up. */
  readonly expired: readonly RunName[];
}

/** Follows a host's chain through all of its ends. */
export async function followChain(
  { target, id }: Pick<Repository, "target" | "id">,
  history: History,
): Promise<Chain> {
  const ends: ObjectHash[] = [];
  const named = new Set<string>();
  const expired: RunName[] = [];
  for (const run of history.ended) {
    const { end, hash } = await readEnd(target, id, run);
    if (end.verdict === "expired") {
      expired.push(run);
    } else {
      // Perhaps a later run's: of two at once, the one that began first may end last.
      for (const { object } of end.heads) named.add(object);
      ends.push({ object: endName(run), hash });
    }
  }
  return { heads: ends.filter(({ object }) => !named.has(object)), expired };
}
