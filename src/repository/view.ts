/**
 * The cache as a view of the repository, brought up to date before a run.
 * Where it is not a view of *this* repository as it is now, it begins anew.
 *
 * What nobody can read counts as absent, and is stored again: runs that were cut
 * off and whose key is not the one that they began with, and what only a
 * damaged index object lists.
 */
import type { Cache } from "../cache/cache.ts";
import { CorruptError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { runOfObject } from "../format/names.ts";
import type { Target } from "../target/target.ts";
import { readHistory } from "./history.ts";
import { listIndex, readNewIndex } from "./index-objects.ts";
import type { Repository } from "./repository.ts";
import { readRunKey } from "./run.ts";

/** Under which a cache keeps the runs that it was filled without. */
const STATE = "without";

/**
 * Makes `cache` show what `host` can use: needs the index key, and no private key.
 *
 * @returns what is damaged. It is told, not thrown: a host has to go on storing.
 */
export async function refreshView(
  repository: Repository,
  cache: Cache,
  host: string,
): Promise<CorruptError[]> {
  // Asked before the target is: another run of this host may write both meanwhile.
  const relied = reliedOn(cache);
  const names = await listIndex(repository.target, host);
  const { lost, damages } = await lostRuns(repository, host);
  const isWithoutThem = Buffer.from([...lost].sort().join(" "));
  const before = cache.getState(STATE) ?? new Uint8Array(0);
  const isSame = isWithoutThem.equals(before);
  if (!isSame || !(await areThere(repository.target, names, relied))) cache.clear();
  if (!isSame) cache.putState(STATE, isWithoutThem);
  return [...damages, ...(await readNewIndex(repository, cache, names, lost))];
}

/** Runs that have no end to vouch for their key, and whose begin does not either. */
async function lostRuns(
  repository: Repository,
  host: string,
): Promise<{ lost: Set<RunName>; damages: CorruptError[] }> {
  const lost = new Set<RunName>();
  const damages: CorruptError[] = [];
  for (const run of (await readHistory(repository.target, host)).open) {
    try {
      // One that was cut off at once has no key, and no packs either.
      const isLost =
        (await readRunKey(repository, run)) === undefined && (await hasPacks(repository, run));
      if (isLost) lost.add(run);
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      lost.add(run);
      damages.push(error);
    }
  }
  return { lost, damages };
}

async function hasPacks({ target }: Repository, run: RunName): Promise<boolean> {
  for await (const _ of target.list(`packs/${run}/`)) return true;
  return false;
}

/** The objects that the cache counts on: index objects, and packs that none of them lists. */
function reliedOn(cache: Cache): string[] {
  const packs = [...cache.packs.unindexed()].map(({ pack }) => pack);
  return [...cache.packs.indexNames(), ...packs];
}

/** Whether nothing is gone. If something is, the repository is not what the cache saw. */
async function areThere(
  target: Target,
  indexNames: readonly string[],
  relied: readonly string[],
): Promise<boolean> {
  const there = new Set(indexNames);
  const packs = relied.filter((name) => name.startsWith("packs/"));
  for (const run of new Set(packs.map(runOfObject))) {
    for await (const { name } of target.list(`packs/${run}/`)) there.add(name);
  }
  return relied.every((name) => there.has(name));
}
