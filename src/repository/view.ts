/**
 * The cache as a view of the repository, brought up to date before a run.
 * Where it is not a view of *this* repository as it is now, it begins anew.
 */
import type { Cache } from "../cache/cache.ts";
import { isStale, listIndex, readNewIndex } from "./index-objects.ts";
import type { Repository } from "./repository.ts";

/** Makes `cache` show what `host` can use: needs the index key, and no private key. */
export async function refreshView(
  repository: Repository,
  cache: Cache,
  host: string,
): Promise<void> {
  const names = await listIndex(repository.target, host);
  if (isStale(cache, names)) cache.clear();
  await readNewIndex(repository, cache, names);
}
