/**
 * What there is of caches on this machine, and what is in them. A look makes
 * nothing, mends nothing and vouches for nothing: what is in doubt is not
 * opened, for reading a damaged environment kills the process.
 */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isHostName } from "../format/names.ts";
import { explained } from "./cache.ts";
import { DATA_FILE, Environment, isDatabaseError } from "./environment.ts";
import { codeOf, generationPath, isTrusted, newestGeneration } from "./generation.ts";
import { RunNumbers } from "./runs.ts";
import { SegmentTable } from "./segments.ts";

/** A cache by its directory: `<repository id>/<host>` below the place of all. */
export interface FoundCache {
  readonly repository: string;
  readonly host: string;
  readonly directory: string;
}

export interface CacheFacts {
  /** Bytes that it takes on the disk, with what older generations still do. */
  readonly bytes: number;
  /** When it was written or closed last, in milliseconds since 1970. */
  readonly lastUsed: number;
  /** Nothing if nobody vouches for it: the next opening reads it through. */
  readonly known: Known | undefined;
}

/** How many of each it knows. */
export interface Known {
  readonly chunks: number;
  readonly packs: number;
  /** Index objects. */
  readonly indexes: number;
}

/** A place may be any directory that somebody named: whatever else is in it is none of ours. */
const REPOSITORY = /^[0-9a-f]{32}$/;
const BLOCK_BYTES = 512;

/**
 * The caches below `place`, sorted; those of one repository, if it is named.
 *
 * @throws {@link AccessError} or {@link UnavailableError} if it cannot be read.
 */
export function findCaches(place: string, repository?: string): Promise<FoundCache[]> {
  return explained(place, async () => {
    const found: FoundCache[] = [];
    for (const name of await namesIn(place)) {
      if (!REPOSITORY.test(name) || (repository !== undefined && name !== repository)) continue;
      for (const host of (await namesIn(join(place, name))).filter(isHostName)) {
        found.push({ repository: name, host, directory: join(place, name, host) });
      }
    }
    return found;
  });
}

/** Looks at a cache, which may be in use; nothing if it is empty. @throws as {@link findCaches}. */
export function surveyCache(directory: string): Promise<CacheFacts | undefined> {
  return explained(directory, () => survey(directory));
}

async function survey(directory: string): Promise<CacheFacts | undefined> {
  const number = await newestGeneration(directory).catch(missing(0));
  const path = generationPath(directory, number);
  const data = await lstat(join(path, DATA_FILE)).catch(missing(undefined));
  // Somebody may be making it at this very moment: LMDB dies of a file of no bytes.
  if (data === undefined || data.size === 0) return undefined;
  // LMDB's lock changes with every look.
  const used = (await namesIn(path)).filter((name) => !name.endsWith("-lock"));
  return {
    bytes: await sizeOf(directory),
    lastUsed: Math.max(0, ...(await Promise.all(used.map((name) => timeOf(join(path, name)))))),
    known: (await isTrusted(path).catch(missing(false))) ? await countKnown(path) : undefined,
  };
}

/** Bytes that a cache takes on the disk; none if it is not there. @throws as {@link findCaches}. */
export function sizeOnDisk(directory: string): Promise<number> {
  return explained(directory, () => sizeOf(directory));
}

async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory, { recursive: true }).catch(missing([]))) {
    const stats = await lstat(join(directory, name)).catch(missing(undefined));
    if (stats?.isFile()) bytes += BLOCK_BYTES * stats.blocks;
  }
  return bytes;
}

/** Nothing if it has not all tables: it is just being made, or another version's. */
async function countKnown(path: string): Promise<Known | undefined> {
  const environment = openToRead(path);
  try {
    if (!environment?.isComplete) return undefined;
    const runs = new RunNumbers(environment.table("runs"));
    return {
      chunks: environment.table("chunks").size,
      packs: new SegmentTable(environment.table("segments"), runs).countPacks(),
      indexes: environment.table("indexes").size,
    };
  } finally {
    await environment?.close();
  }
}

/** Nothing if it is gone meanwhile, or may not be read. */
function openToRead(path: string): Environment | undefined {
  try {
    return new Environment(path, "read");
  } catch (error) {
    if (isDatabaseError(error)) return undefined;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(missing([]));
  return names.sort();
}

async function timeOf(path: string): Promise<number> {
  const stats = await lstat(path).catch(missing(undefined));
  return Math.floor(stats?.mtimeMs ?? 0);
}

/** For what somebody else has just removed, or was never there. */
function missing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return instead;
    throw error;
  };
}
