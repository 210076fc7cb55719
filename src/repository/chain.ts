/**
 * The chain of a host's snapshots. Each end names the heads that its run saw,
 * by hash and under its host's signature: when a snapshot is taken away, put
 * back or replaced behind varve's back, a later one still tells of it. The
 * last ones are told by what a machine remembers.
 */
import { CorruptError, NotFoundError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { endName, runOfObject } from "../format/names.ts";
import type { ObjectHash } from "../format/object-hash.ts";
import type { SnapshotEnd } from "../format/run.ts";
import type { History } from "./history.ts";
import { readEnd } from "./history.ts";
import type { Repository } from "./repository.ts";

/** A verified end. */
export interface ChainLink extends ObjectHash {
  readonly end: SnapshotEnd;
}

/** Where a host's chain of ends stands. */
export interface Chain {
  readonly host: string;
  /** In the order of their names. */
  readonly links: ReadonlyMap<RunName, ChainLink>;
  /** Ends that no other end refers to: what is remembered, and what the next end names. */
  readonly heads: readonly ObjectHash[];
  /** Runs that gc gave up. */
  readonly expired: readonly RunName[];
  /** The hashes of key.pgp, of runs that are committed or adopted. */
  readonly keys: ReadonlyMap<RunName, string>;
  /** Ends that are not as they were left. */
  readonly problems: readonly CorruptError[];
}

/** What a machine knows of a chain beforehand. */
export interface Remembered {
  readonly heads: readonly ObjectHash[];
  /** Ends that the user knows to be missing. */
  readonly missed: readonly string[];
}

/**
 * Follows a host's chain through all of its ends. What is wrong with it is told, not thrown: a
 * host has to go on storing whatever became of its old snapshots.
 *
 * @throws {@link UnavailableError} or {@link AccessError} if the target cannot be read.
 */
export async function followChain(
  repository: Repository,
  history: History,
  remembered: Remembered,
): Promise<Chain> {
  const links = new Map<RunName, ChainLink>();
  const expired: RunName[] = [];
  const problems: CorruptError[] = [];
  for (const run of history.ended) {
    try {
      const { end, hash } = await readEnd(repository, run);
      if (end.verdict === "expired") expired.push(run);
      else links.set(run, { object: endName(run), hash, end });
    } catch (error) {
      const problem = damaged(endName(run), error);
      if (!remembered.missed.includes(problem.object)) problems.push(problem);
    }
  }
  const named = referencesOf(links, remembered.heads);
  const isToldOf = new Set([...remembered.missed, ...problems.map(({ object }) => object)]);
  for (const [object, { hash, by }] of named) {
    const problem = problemWith(linkOf(links, object), hash, by);
    if (problem !== undefined && !isToldOf.has(object)) {
      problems.push(new CorruptError(object, problem));
    }
  }
  const heads = headsOf(links, remembered.heads);
  return { host: history.host, links, heads, expired, keys: keysOf(links), problems };
}

function damaged(object: string, error: unknown): CorruptError {
  if (error instanceof CorruptError) return error;
  if (error instanceof NotFoundError) return new CorruptError(object, "it vanished meanwhile");
  throw error;
}

interface Reference {
  readonly hash: string;
  /** The end that names it; nothing if this machine remembers it. */
  readonly by: string | undefined;
}

/** Every end that should be there. */
function referencesOf(
  links: ReadonlyMap<RunName, ChainLink>,
  remembered: readonly ObjectHash[],
): Map<string, Reference> {
  const named = new Map<string, Reference>();
  for (const { object, hash } of remembered) named.set(object, { hash, by: undefined });
  for (const { object: by, end } of links.values()) {
    for (const { object, hash } of end.heads) named.set(object, { hash, by });
  }
  return named;
}

function problemWith(
  link: ChainLink | undefined,
  hash: string,
  by: string | undefined,
): string | undefined {
  if (link?.hash === hash) return undefined;
  const who = by === undefined ? "this machine has seen it" : `${by} names it`;
  return link === undefined
    ? `it is missing, and ${who}: somebody has removed it, or put an old state back`
    : `it is another one than was here: ${who}, with another hash`;
}

function linkOf(links: ReadonlyMap<RunName, ChainLink>, object: string): ChainLink | undefined {
  const run = runOfObject(object);
  return run === undefined ? undefined : links.get(run);
}

/**
 * Those that are there and no other names, and those that are remembered and gone: the next end
 * names them too, so that everybody can see that they are missing.
 */
function headsOf(
  links: ReadonlyMap<RunName, ChainLink>,
  remembered: readonly ObjectHash[],
): ObjectHash[] {
  const named = new Set<string>();
  for (const { end } of links.values()) {
    // Perhaps a later run's: of two at once, the one that began first may end last.
    for (const { object } of end.heads) named.add(object);
  }
  const there = [...links.values()].map(({ object, hash }) => ({ object, hash }));
  const gone = remembered.filter(({ object }) => linkOf(links, object) === undefined);
  return [...there, ...gone].filter(({ object }) => !named.has(object));
}

function keysOf(links: ReadonlyMap<RunName, ChainLink>): Map<RunName, string> {
  const keys = new Map<RunName, string>();
  for (const { end } of links.values()) {
    for (const { run, key } of end.adopts) if (!keys.has(run)) keys.set(run, key);
  }
  // A run's own word comes first.
  for (const [run, { end }] of links) keys.set(run, end.key);
  return keys;
}
