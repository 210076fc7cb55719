/**
 * The chain of a host's snapshots. Each end names the heads that its run saw,
 * by hash and under its host's signature: when a snapshot is taken away, put
 * back or replaced behind varve's back, a later one still tells of it. The
 * last ones are told by what a machine remembers.
 *
 * What is wrong with a chain is told, not thrown: a host has to go on storing
 * whatever became of its old snapshots.
 */
import { CorruptError, NotFoundError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { endName } from "../format/names.ts";
import type { ObjectHash } from "../format/object-hash.ts";
import type { End, SnapshotEnd } from "../format/run.ts";
import type { History } from "./history.ts";
import { readEnd } from "./history.ts";
import type { Repository } from "./repository.ts";

/** Where a host's chain of ends stands. */
export interface ChainState {
  readonly host: string;
  /** Ends that no other end refers to: what is remembered, and what the next end names. */
  readonly heads: readonly ObjectHash[];
  /** Runs that gc gave up. */
  readonly expired: readonly RunName[];
  /** Runs whose end cannot be believed: what they have stored may be taken over like that of others. */
  readonly spoilt: readonly RunName[];
  /** Ends that are not as they were left. */
  readonly problems: readonly CorruptError[];
}

/** A verified end. */
export interface ChainLink extends ObjectHash {
  readonly end: SnapshotEnd;
}

/** A chain of which every end was read. */
export interface Chain extends ChainState {
  /** In the order of their names. */
  readonly links: ReadonlyMap<RunName, ChainLink>;
  /** The hashes of key.pgp, of runs that are committed or adopted. */
  readonly keys: ReadonlyMap<RunName, string>;
}

/** What a machine knows of a chain beforehand. */
export interface Remembered {
  readonly heads: readonly ObjectHash[];
  /** Ends that the user knows to be missing. */
  readonly missed: readonly string[];
}

/** What it takes of an end to go on with a chain; without heads, its run has expired. */
export interface Stub extends ObjectHash {
  readonly heads: readonly ObjectHash[] | undefined;
}

/** Ends that were verified once, by their names. It is a view, and may be lost at any time. */
export type Stubs = Map<string, Stub>;

/**
 * Follows a host's chain through all of its ends.
 *
 * @throws {@link UnavailableError} or {@link AccessError} if the target cannot be read.
 */
export async function followChain(
  repository: Repository,
  history: History,
  remembered: Remembered,
): Promise<Chain> {
  const links = new Map<RunName, ChainLink>();
  const state = await follow(history, remembered, async (run) => {
    const { end, hash } = await readEnd(repository, run);
    if (end.verdict === "snapshot") links.set(run, { object: endName(run), hash, end });
    return stubOf(end, hash);
  });
  return { ...state, links, keys: keysOf(links) };
}

/**
 * Follows a host's chain, without reading again what is known of it: of what was there before,
 * only that it still is, and, of the heads that are remembered, what it is.
 *
 * @param stubs - of ends that were read before; those that are read now are added.
 */
export async function followHeads(
  repository: Repository,
  history: History,
  remembered: Remembered,
  stubs: Stubs,
): Promise<ChainState> {
  const looked = new Set(remembered.heads.map(({ object }) => object));
  return await follow(history, remembered, async (run) => {
    const known = stubs.get(endName(run));
    if (known !== undefined && !looked.has(known.object)) return known;
    const { end, hash } = await readEnd(repository, run);
    const stub = stubOf(end, hash);
    stubs.set(stub.object, stub);
    return stub;
  });
}

/** What a chain needs to know of an end. */
export function stubOf(end: End, hash: string): Stub {
  const heads = end.verdict === "snapshot" ? end.heads : undefined;
  return { object: endName(end.run), hash, heads };
}

async function follow(
  { host, ended }: History,
  remembered: Remembered,
  look: (run: RunName) => Promise<Stub>,
): Promise<ChainState> {
  const there = new Map<string, Stub>();
  const expired: RunName[] = [];
  const spoilt: RunName[] = [];
  const problems: CorruptError[] = [];
  for (const run of ended) {
    try {
      const stub = await look(run);
      if (stub.heads === undefined) expired.push(run);
      else there.set(stub.object, stub);
    } catch (error) {
      problems.push(damaged(endName(run), error));
      spoilt.push(run);
    }
  }
  for (const [object, reference] of referencesOf(there, remembered.heads)) {
    const problem = problemWith(there.get(object), reference);
    if (problem !== undefined) problems.push(new CorruptError(object, problem));
  }
  return {
    host,
    heads: headsOf(there, remembered.heads),
    expired,
    spoilt,
    problems: firstOfEach(problems).filter(({ object }) => !remembered.missed.includes(object)),
  };
}

function damaged(object: string, error: unknown): CorruptError {
  if (error instanceof CorruptError) {
    // Of one of its lines: it is the end that is told of, and missed.
    return error.object === object ? error : new CorruptError(object, error.message);
  }
  if (error instanceof NotFoundError) return new CorruptError(object, "it vanished meanwhile");
  throw error;
}

/** One that is damaged is missing as well: that is no news. */
function firstOfEach(problems: readonly CorruptError[]): CorruptError[] {
  const told = new Set<string>();
  return problems.filter(({ object }) => !told.has(object) && told.add(object));
}

interface Reference {
  readonly hash: string;
  /** The end that names it; nothing if this machine remembers it. */
  readonly by: string | undefined;
}

/** Every end that should be there. */
function referencesOf(
  there: ReadonlyMap<string, Stub>,
  remembered: readonly ObjectHash[],
): Map<string, Reference> {
  const named = new Map<string, Reference>();
  for (const { object, hash } of remembered) named.set(object, { hash, by: undefined });
  for (const { object: by, heads } of there.values()) {
    for (const { object, hash } of heads ?? []) named.set(object, { hash, by });
  }
  return named;
}

function problemWith(found: Stub | undefined, { hash, by }: Reference): string | undefined {
  if (found?.hash === hash) return undefined;
  const who = by === undefined ? "this machine has seen it" : `${by} names it`;
  return found === undefined
    ? `it is missing, and ${who}: somebody has removed it, or put an old state back`
    : `it is another one than was here: ${who}, with another hash`;
}

/**
 * Those that are there and no other names, and those that are remembered and gone: the next end
 * names them too, so that everybody can see that they are missing.
 */
function headsOf(
  there: ReadonlyMap<string, Stub>,
  remembered: readonly ObjectHash[],
): ObjectHash[] {
  const named = new Set<string>();
  for (const { heads } of there.values()) {
    // Perhaps a later run's: of two at once, the one that began first may end last.
    for (const { object } of heads ?? []) named.add(object);
  }
  const gone = remembered.filter(({ object }) => !there.has(object));
  return [...there.values(), ...gone]
    .filter(({ object }) => !named.has(object))
    .map(({ object, hash }) => ({ object, hash }));
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
