/**
 * Sets up who stores what: one tape for each reader of files, and one, on this
 * thread, for trees.
 */
import type { Cache } from "../cache/cache.ts";
import { contentSizes, treeSizes } from "../chunker/sizes.ts";
import type { Level } from "../compression/zstd.ts";
import type { DigestEngine, FileDigestName } from "../digest/digest.ts";
import type { Claims } from "../repository/claims.ts";
import type { Means, Repository } from "../repository/repository.ts";
import type { Run } from "../repository/run.ts";
import type { WritableTarget } from "../target/target.ts";
import type { Bracket, BracketPlan } from "./bracket.ts";
import { openBracket } from "./bracket.ts";
import { InlinePool } from "./inline-pool.ts";
import type { Pool } from "./pool.ts";
import { ThreadPool } from "./thread-pool.ts";
import type { StorePack } from "./upload.ts";

export interface Readers {
  readonly pool: Pool;
  /** Stores trees and content lists. */
  readonly trees: Bracket;
}

/** How files are read and stored. */
export interface ReadingPlan {
  readonly digest: FileDigestName;
  /** Of what files hold; trees are compressed always. */
  readonly level: Level;
  readonly engine: DigestEngine;
  /** Threads; 0: this one. */
  readonly workers: number;
}

const TREE_TAPE = 0;
/** Trees are small and read often: their packs are a quarter of the others'. */
const TREE_PACK_SHARE = 4;
/** Of trees, where files are not compressed: they are text, and read often. */
const TREE_LEVEL = 3;

export async function openReaders(
  run: Run,
  plan: ReadingPlan,
  {
    repository,
    cache,
    means,
    claims,
    store,
  }: {
    readonly repository: Repository<WritableTarget>;
    readonly cache: Cache;
    readonly means: Means;
    readonly claims: Claims;
    readonly store: StorePack;
  },
): Promise<Readers> {
  const { settings, keys } = repository;
  const { sizes } = settings;
  const tape = (number: number, pack: number, level = plan.level): BracketPlan => ({
    run: run.name,
    tape: number,
    sizes: { ...sizes, pack },
    keys,
    sessionKey: run.sessionKey,
    level,
    engine: plan.engine,
    claims: claims.memory,
  });
  // What this thread commits it sees at once.
  const known = { locate: (id: Uint8Array) => cache.chunks.locate(id), refresh: () => {} };
  const here = { ...means, known };
  const trees = await openBracket(
    tape(TREE_TAPE, sizes.pack / TREE_PACK_SHARE, plan.level === "none" ? TREE_LEVEL : plan.level),
    treeSizes(sizes.chunk),
    here,
  );
  if (plan.workers === 0) {
    const files = await openBracket(
      tape(TREE_TAPE + 1, sizes.pack),
      contentSizes(sizes.chunk),
      here,
    );
    return { trees, pool: new InlinePool(files, plan.digest, store) };
  }
  const threads = Array.from({ length: plan.workers }, (_, at) => ({
    bracket: tape(TREE_TAPE + 1 + at, sizes.pack),
    cachePath: cache.path,
    digest: plan.digest,
  }));
  return { trees, pool: new ThreadPool(threads, store) };
}
