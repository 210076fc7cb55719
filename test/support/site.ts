/**
 * A repository and a host of it, in this process: made, backed up to and
 * restored from by the calls that the commands make.
 *
 * Key messages are not sealed, or every test would wait for OpenPGP.js;
 * packets are, under keys that come from a seed.
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { backup } from "../../src/backup/backup.ts";
import type { Committed } from "../../src/backup/commit.ts";
import type { BackupTask } from "../../src/backup/task.ts";
import type { BackupTools } from "../../src/backup/tools.ts";
import { Cache } from "../../src/cache/cache.ts";
import { loadZstd } from "../../src/compression/zstd.ts";
import { parsePattern } from "../../src/disk/filter/pattern.ts";
import { Filter } from "../../src/disk/filter.ts";
import type { Problem } from "../../src/disk/walk.ts";
import { AccessError } from "../../src/errors.ts";
import type { RandomSource } from "../../src/flow.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { Sizes } from "../../src/format/settings.ts";
import type { Summary } from "../../src/format/snapshot.ts";
import type { Remembered } from "../../src/repository/chain.ts";
import type { MessageOpener } from "../../src/repository/key-messages.ts";
import type { Means, Ownership, Unlocked } from "../../src/repository/repository.ts";
import {
  createRepository,
  newRepositoryId,
  newSecret,
  Repository,
} from "../../src/repository/repository.ts";
import type { Sealing } from "../../src/seal/sealing.ts";
import { openPgp } from "../../src/seal/sealing.ts";
import type { Signer } from "../../src/seal/signature.ts";
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

/** As good as a signature where nobody is hostile. */
function signatureOf(key: string, bytes: Uint8Array): Buffer {
  return createHash("sha256").update(key).update(bytes).digest();
}

/** The host's key: {@link makeSite} makes it its keeper. */
export const signer: Signer = {
  fingerprint: "1".repeat(40),
  sign: async (bytes) => signatureOf(HOST, bytes),
};

/** Opens what {@link makeSite}'s messages hold. */
const openly: MessageOpener = {
  open: async (name, message) => {
    const mark = message.subarray(0, OPEN_MARK.length);
    if (Buffer.compare(mark, OPEN_MARK) !== 0) throw new AccessError(`${name} is sealed`);
    return message.subarray(OPEN_MARK.length);
  },
};

/** Makes a repository in an empty target. @param seed - another one makes another repository. */
export async function makeSite(
  target: WritableTarget,
  sizes: Sizes = SMALL,
  seed: number = 1000,
): Promise<Site> {
  const random = seededSource(seed);
  const sealing: Sealing = {
    ...openPgp(random),
    message: async (_, payload) => Buffer.concat([OPEN_MARK, payload]),
    verify: async (key, bytes, signature) => signatureOf(key, bytes).equals(signature),
  };
  const means = { zstd: await loadZstd(), random, sealing };
  const owner: Ownership = {
    repository: newRepositoryId(random),
    packets: 2,
    recipients: [{ fingerprint: "0".repeat(40), key: "nobody" }],
    secret: newSecret(random),
    hosts: [{ name: HOST, fingerprint: signer.fingerprint, key: HOST, keeper: true }],
    signers: [signer],
  };
  const unlocked = await createRepository(target, owner, sizes, means);
  return { unlocked, means, identity: openly };
}

function seededSource(first: number): RandomSource {
  let seed = first;
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
    const remembered = { heads: [], missed: [] };
    const clock = () => now++;
    return await use({ repository, cache, host: HOST, signer, remembered, clock, means });
  } finally {
    await cache.close();
  }
}

/** What to back up, and how, as far as it is not the usual. */
export type TaskOptions = Partial<Omit<BackupTask, "source">>;

export function taskOf(source: string, options: TaskOptions = {}): BackupTask {
  const { excludes = [] } = options;
  return {
    source: rawFromText(source),
    tags: [],
    excludes,
    filter: new Filter(excludes.map((text) => parsePattern(text, "--exclude"))),
    reading: "changed files",
    checkpoint: Number.POSITIVE_INFINITY,
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
  /** Earlier snapshots that are not as they were. */
  readonly lost: Committed["problems"];
}

export interface BackupOptions extends TaskOptions {
  readonly cache?: string;
  readonly remembered?: Remembered;
}

/** Makes one snapshot, in a session of its own. */
export function backUp(
  site: Site,
  target: WritableTarget,
  source: string,
  { cache = cacheDirectory(), remembered, ...options }: BackupOptions = {},
): Promise<Made> {
  return session(site, target, cache, async (tools) => {
    const problems: Problem[] = [];
    const listener = { problem: (problem: Problem) => problems.push(problem), progress: () => {} };
    const knowing = remembered === undefined ? tools : { ...tools, remembered };
    const committed = await backup(taskOf(source, options), knowing, listener);
    return { summary: committed.summary, problems, lost: committed.problems };
  });
}
