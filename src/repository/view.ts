/**
 * The cache as a view of the repository, brought up to date before a run.
 * Where it is not a view of *this* repository as it is now, it begins anew.
 */
import type { Cache } from "../cache/cache.ts";
import { runOfObject } from "../format/names.ts";
import type { Target } from "../target/target.ts";
import { listIndex, readNewIndex } from "./index-objects.ts";
import type { Repository } from "./repository.ts";

/** Makes `cache` show what `host` can use: needs the index key, and no private key. */
export async function refreshView(
  repository: Repository,
  cache: Cache,
  host: string,
): Promise<void> {
  // Asked before the target is: another run of this host may write both meanwhile.
  const relied = reliedOn(cache);
  const names = await listIndex(repository.target, host);
  if (!(await areThere(repository.target, names, relied))) cache.clear();
  await readNewIndex(repository, cache, names);
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
