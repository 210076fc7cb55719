/**
 * A repository and a host of it, in this process: made, backed up to and
 * restored from by the calls that the commands make.
 *
 * Key messages are not sealed, or every test would wait for OpenPGP.js;
 * packets are, under keys that come from a seed.
 */

import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import type { BackupTask } from "../../src/backup/backup.ts";
import { backup } from "../../src/backup/backup.ts";
import type { BackupTools } from "../../src/backup/tools.ts";
import { Cache } from "../../src/cache/cache.ts";
import { loadZstd } from "../../src/compression/zstd.ts";
import { Filter } from "../../src/disk/filter.ts";
import type { Problem } from "../../src/disk/walk.ts";
import { AccessError } from "../../src/errors.ts";
import type { RandomSource } from "../../src/flow.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { Sizes } from "../../src/format/settings.ts";
import type { Summary } from "../../src/format/snapshot.ts";
import type { Means, MessageOpener, Unlocked } from "../../src/repository/repository.ts";
import { createRepository, newRepositoryId, Repository } from "../../src/repository/repository.ts";
import { openPgp } from "../../src/seal/sealing.ts";
import type { WritableTarget } from "../../src/target/target.ts";
import { randomBytes } from "./random.ts";
import { scratchDirectory } from "./scratch.ts";

/** The least that settings allow: a small tree fills several packs. */
export const SMALL: Sizes = { chunk: 2 ** 14, segment: 2 ** 12, pack: 2 ** 20 };
export const HOST = "host";

/** All that a session needs but a target and a cache. */
export interface Site {
  readonly unlocked: Unlocked;
  readonly means: Means;
  readonly identity: MessageOpener;
}

/** For caches: where there is a file system in memory, their many commits have no disk to wait for. */
export function cacheDirectory(): string {
  return scratchDirectory(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir());
}

const MEMORY_DISK = "/dev/shm";
const OPEN_MARK = Buffer.from("not sealed: ");

/** Opens what {@link makeSite}'s messages hold. */
const openly: MessageOpener = {
  open: async (name, message) => {
    const mark = message.subarray(0, OPEN_MARK.length);
    if (Buffer.compare(mark, OPEN_MARK) !== 0) throw new AccessError(`${name} is sealed`);
    return message.subarray(OPEN_MARK.length);
  },
};

/** Makes a repository in an empty target. */
export async function makeSite(target: WritableTarget, sizes: Sizes = SMALL): Promise<Site> {
  const random = seededSource();
  const sealing = {
    ...openPgp(random),
    message: async (_: unknown, payload: Uint8Array) => Buffer.concat([OPEN_MARK, payload]),
  };
  const means = { zstd: await loadZstd(), random, sealing };
  const owner = { repository: newRepositoryId(random), recipients: ["nobody"] };
  const unlocked = await createRepository(target, owner, sizes, means);
  return { unlocked, means, identity: openly };
}

function seededSource(): RandomSource {
  let seed = 1000;
  return (count) => randomBytes(seed++, count);
}

/** Does what one process does between opening a cache and closing it. */
export async function session<T>(
  { unlocked, means }: Site,
  target: WritableTarget,
  cacheDirectory: string,
  use: (tools: BackupTools) => Promise<T>,
): Promise<T> {
  const repository = new Repository(target, unlocked, means);
  const segmentSize = repository.settings.sizes.segment;
  const identity = { repository: repository.id, host: HOST, segmentSize };
  const cache = await Cache.open(cacheDirectory, identity);
  try {
    let now = 1.7e12;
    return await use({ repository, cache, host: HOST, clock: () => now++, means });
  } finally {
    await cache.close();
  }
}

/** What to back up, and how, as far as it is not the usual. */
export type TaskOptions = Partial<Omit<BackupTask, "source">>;

export function taskOf(source: string, options: TaskOptions = {}): BackupTask {
  return {
    source: rawFromText(source),
    tags: [],
    excludes: options.excludes ?? [],
    filter: new Filter(options.excludes ?? []),
    reading: "changed files",
    digest: "sha1",
    level: 1,
    engine: "fastest",
    workers: 0,
    ...options,
  };
}

export interface Made {
  readonly summary: Summary;
  readonly problems: readonly Problem[];
}

/** Makes one snapshot, in a session of its own. */
export function backUp(
  site: Site,
  target: WritableTarget,
  source: string,
  { cache = cacheDirectory(), ...options }: TaskOptions & { readonly cache?: string } = {},
): Promise<Made> {
  return session(site, target, cache, async (tools) => {
    const problems: Problem[] = [];
    const listener = { problem: (problem: Problem) => problems.push(problem), progress: () => {} };
    return { summary: await backup(taskOf(source, options), tools, listener), problems };
  });
}
