/**
 * The local cache: a view of the repository, never the truth. Losing it costs
 * time and nothing else, so whatever is doubtful is thrown away, and the caller,
 * who learns that it is `fresh`, fills it from the repository's index.
 *
 * Any number of processes of one user may have it open at once. What one has
 * written, the others find; generation.ts tells what else they owe each other.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { AccessError, UnavailableError, VarveError } from "../errors.ts";
import { ChunkTable } from "./chunks.ts";
import { Environment, isDatabaseError, LAYOUT, TABLES } from "./environment.ts";
import {
  advance,
  codeOf,
  enter,
  generationPath,
  leave,
  newestGeneration,
  removeOlder,
  soundGeneration,
} from "./generation.ts";
import { PackIndex } from "./packs.ts";
import { PathTable } from "./paths.ts";
import { RunNumbers } from "./runs.ts";
import { SegmentTable } from "./segments.ts";
import type { Table } from "./table.ts";

const { EACCES, EPERM, EROFS } = constants.errno;
const NOT_PERMITTED: readonly unknown[] = ["EACCES", "EPERM", "EROFS", EACCES, EPERM, EROFS];
/** States' names have no spaces. */
const IDENTITY_KEY = Buffer.from(" identity");
const STATE_NAME = /^[\x21-\x7e]{1,200}$/;
/** Each but the last finds that somebody else has moved on. */
const ATTEMPTS = 8;

/** Whose view it is. A cache of another identity is thrown away. */
export interface CacheIdentity {
  /** The repository's id. */
  readonly repository: string;
  readonly host: string;
  /** Bytes of a tape in one segment. */
  readonly segmentSize: number;
}

export class Cache {
  /** Where its environment lies: what a worker thread opens a `ChunkReader` with. */
  readonly path: string;
  /** Whether it began empty. Even if not, somebody may have been cut off while filling it. */
  readonly fresh: boolean;
  readonly chunks: ChunkTable;
  readonly segments: SegmentTable;
  readonly packs: PackIndex;
  readonly paths: PathTable;
  readonly #environment: Environment;
  readonly #state: Table;
  readonly #closed: () => Promise<void>;

  private constructor(
    environment: Environment,
    { segmentSize, fresh }: { segmentSize: number; fresh: boolean },
    closed: () => Promise<void>,
  ) {
    const runs = new RunNumbers(environment.table("runs"));
    this.path = environment.path;
    this.fresh = fresh;
    this.chunks = new ChunkTable(environment.table("chunks"), runs);
    this.segments = new SegmentTable(environment.table("segments"), runs);
    this.packs = new PackIndex(environment, segmentSize, { runs, segments: this.segments });
    this.paths = new PathTable(environment);
    this.#environment = environment;
    this.#state = environment.table("state");
    this.#closed = closed;
  }

  /**
   * Opens the cache in `directory`, which is made if need be. A foreign or
   * damaged one is begun anew, one that nobody closed is read through first.
   *
   * @throws {@link AccessError} if the directory cannot be written, {@link UnavailableError} if its
   * disk is full or fails. A backup can do with {@link temporary} then.
   */
  static async open(directory: string, identity: CacheIdentity): Promise<Cache> {
    return await explained(directory, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const number = await soundGeneration(directory);
        const opened = await openGeneration(directory, number, describe(identity));
        if (opened === undefined) continue;
        await removeOlder(directory, number);
        const { environment, fresh, closed } = opened;
        return new Cache(environment, { segmentSize: identity.segmentSize, fresh }, closed);
      }
      throw new UnavailableError(
        `The cache in ${directory} is begun anew by others all the time. Try again, or set VARVE_CACHE_DIR.`,
      );
    });
  }

  /**
   * An empty cache in a new directory for temporary files, which goes when it
   * is closed. @throws as {@link open}.
   */
  static async temporary(identity: CacheIdentity): Promise<Cache> {
    const directory = await explained(tmpdir(), () => mkdtemp(join(tmpdir(), "varve-cache-")));
    const opened = await explained(directory, async () => {
      const number = await soundGeneration(directory);
      return await openGeneration(directory, number, describe(identity));
    });
    if (opened === undefined) throw new UnavailableError(`Somebody else writes in ${directory}.`);
    const { environment, fresh } = opened;
    const closed = () => rm(directory, { recursive: true, force: true });
    return new Cache(environment, { segmentSize: identity.segmentSize, fresh }, closed);
  }

  /**
   * Throws away the cache in `directory`, if there is one. Whoever has it open keeps what it has.
   *
   * @throws {@link AccessError} or {@link UnavailableError} as {@link open}.
   */
  static async discard(directory: string): Promise<void> {
    await explained(directory, async () => {
      if (!existsSync(directory)) return;
      const number = await newestGeneration(directory);
      await advance(directory, number);
      await removeOlder(directory, number + 1);
    });
  }

  /** What {@link putState} put last under a name, in whichever process. */
  getState(name: string): Uint8Array | undefined {
    return this.#state.get(stateKey(name));
  }

  /**
   * Keeps up to 8 MiB under a name of printable ASCII; on the disk when it returns.
   *
   * @throws {@link UnavailableError} if it cannot be written.
   */
  putState(name: string, bytes: Uint8Array): void {
    this.#environment.write(() => this.#state.put(stateKey(name), bytes));
  }

  /**
   * Forgets everything that is known of the repository, which is not what it was.
   *
   * @throws {@link UnavailableError} if it cannot be written; then nothing is forgotten.
   */
  clear(): void {
    this.paths.flush();
    this.#environment.write(() => {
      const identity = this.#state.get(IDENTITY_KEY);
      for (const name of TABLES) this.#environment.table(name).clear();
      if (identity !== undefined) this.#state.put(IDENTITY_KEY, identity);
      this.packs.beginAnew();
    });
    this.packs.forget();
  }

  /**
   * Writes what waits, and closes. Readers in threads may stay open.
   *
   * @throws {@link UnavailableError} if it cannot be written. It is closed all the same.
   */
  async close(): Promise<void> {
    try {
      this.paths.flush();
    } finally {
      await this.#environment.close();
      await this.#closed();
    }
  }
}

interface Opened {
  readonly environment: Environment;
  readonly fresh: boolean;
  /** To be called when the environment is closed. */
  readonly closed: () => Promise<void>;
}

/** Nothing if it is not ours, or no longer the newest: then there is a newer one now. */
async function openGeneration(
  directory: string,
  number: number,
  identity: Buffer,
): Promise<Opened | undefined> {
  const path = generationPath(directory, number);
  const user = await enter(path);
  if (user === undefined) return undefined;
  const leaving: (() => Promise<void>)[] = [() => rm(user, { force: true })];
  try {
    const environment = openEnvironment(path);
    if (environment) leaving.unshift(() => environment.close());
    // Asked behind the opening: whoever moves on makes the next generation before removing this.
    if (environment && (await newestGeneration(directory)) === number) {
      const owner = claim(environment, identity);
      if (owner !== "other") {
        leaving.length = 0;
        return { environment, fresh: owner === "nobody", closed: () => leave(path, user) };
      }
    }
    await advance(directory, number);
    return undefined;
  } finally {
    for (const step of leaving) await step();
  }
}

/** Makes the environment ours if it is nobody's; tells whose it was. */
function claim(environment: Environment, identity: Buffer): "nobody" | "us" | "other" {
  const state = environment.table("state");
  const found = state.get(IDENTITY_KEY);
  if (found !== undefined) return found.equals(identity) ? "us" : "other";
  environment.write(() => state.put(IDENTITY_KEY, identity));
  return "nobody";
}

/** Nothing if LMDB calls it no environment of its own. */
function openEnvironment(path: string): Environment | undefined {
  try {
    return new Environment(path, "write");
  } catch (error) {
    // Below zero are LMDB's own codes, above the system's.
    if (isDatabaseError(error) && error.code < 0) return undefined;
    throw error;
  }
}

function describe({ repository, host, segmentSize }: CacheIdentity): Buffer {
  return Buffer.from(JSON.stringify({ layout: LAYOUT, repository, host, segmentSize }));
}

function stateKey(name: string): Buffer {
  if (!STATE_NAME.test(name)) throw new RangeError(`"${name}" cannot name a state`);
  return Buffer.from(name);
}

/** Failures of the file system under `action`, in words that help. */
export async function explained<T>(directory: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof VarveError || codeOf(error) === undefined) throw error;
    const Problem = NOT_PERMITTED.includes(codeOf(error)) ? AccessError : UnavailableError;
    throw new Problem(
      `The cache directory ${directory} cannot be used: ${(error as Error).message}. Set VARVE_CACHE_DIR to a directory that can be written.`,
      { cause: error },
    );
  }
}
