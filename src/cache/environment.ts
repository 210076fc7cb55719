/**
 * The only door to LMDB: one environment, its tables, and transactions.
 *
 * Writes are synchronous, and there are no others: when a call returns, its
 * transaction is committed and on the disk, and when it fails, it throws. No
 * promise of a write can be lost, and lmdb-js, which ends a running batch early
 * when a synchronous transaction comes by, cannot tear one in two. It costs the
 * thread about 20 us a chunk at worst (bench/cache.bench.ts).
 *
 * Every commit is flushed, in LMDB's own order: data, then the page that names
 * it. Unflushed, a power cut leaves pages of different ages under one root,
 * which no walk can tell from good ones. Here that saves 1-4 ms a commit, and
 * there is one commit for each pack, or for thousands of names.
 */
import { randomBytes } from "node:crypto";
import { existsSync, linkSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Database, RootDatabase } from "lmdb";
import { open } from "lmdb";
import { UnavailableError } from "../errors.ts";
import { Table } from "./table.ts";

/** What the tables hold is told where they are used; a new layout needs a new {@link LAYOUT}. */
export const TABLES = [
  "state",
  "runs",
  "chunks",
  "segments",
  "unindexed",
  "indexes",
  "paths",
  "directories",
] as const;

const MAP_BYTES: number = 2 ** 36;

/** Environments of another layout are foreign. */
export const LAYOUT = 1;

export const DATA_FILE = "data.mdb";
const LOCK_FILE = `${DATA_FILE}-lock`;
/** As much as LMDB takes, and a little more: then it takes what is there. */
const LOCK_BYTES = 3 * 4096;
/** An environment without records has some 60 KiB. */
const FIRST_BYTES = 128 * 1024;
const NO_ROOM: readonly unknown[] = ["ENOSPC", "EDQUOT"];
/** Its presence means: a record was found rotten; believe nothing without a walk. */
export const SUSPECT_FILE = "suspect";

type Records = Database<Buffer, Uint8Array>;

export type TableName = (typeof TABLES)[number];

/** Opens for reading, as worker threads do, or for reading and writing. */
export type Access = "read" | "write";

export class Environment {
  /** The directory of its files. */
  readonly path: string;
  readonly #root: RootDatabase<Buffer, Uint8Array>;
  readonly #tables = new Map<TableName, Table>();

  /**
   * Opens what a guard (generation.ts) found sound. A file that is not may kill the process.
   *
   * @throws Error as LMDB words it, or as the system does if there is no room.
   */
  constructor(path: string, access: Access) {
    this.path = path;
    if (access === "write") makeRoom(path);
    this.#root = open<Buffer, Uint8Array>({
      path: join(path, DATA_FILE),
      noSubdir: true,
      readOnly: access === "read",
      // Or commits would be flushed after they are seen: see above.
      overlappingSync: false,
      // Addresses, not memory. Where the map has to grow, lmdb-js keeps the old ones beside it.
      mapSize: MAP_BYTES,
      maxDbs: TABLES.length,
      encoding: "binary",
      keyEncoding: "binary",
      // Not among the declared options.
      ...{ permissionsMode: 0o600 },
    });
    // In one transaction: a process that dies leaves all tables or none.
    if (access === "write") {
      this.#root.transactionSync(() => {
        for (const name of TABLES) this.table(name);
      });
    }
  }

  /** Whether it has all tables, as one that was ever opened for writing does. */
  get isComplete(): boolean {
    return TABLES.every((name) => this.#open(name) !== undefined);
  }

  /** Only one that {@link isComplete}. */
  table(name: TableName): Table {
    const known = this.#tables.get(name);
    if (known) return known;
    const table = new Table(this.#open(name) as Records, () => this.suspect());
    this.#tables.set(name, table);
    return table;
  }

  /**
   * Runs `action` as one transaction: all that it writes is committed and on
   * the disk when this returns, and nothing of it if this throws.
   *
   * @throws {@link UnavailableError} if the disk is full or fails.
   */
  write<T>(action: () => T): T {
    try {
      return this.#root.transactionSync(action);
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      throw new UnavailableError(
        `The cache in ${this.path} cannot be written: ${error.message}. Free some space, or set VARVE_CACHE_DIR to a directory with more.`,
        { cause: error },
      );
    }
  }

  /** From here on reads see what other threads and processes have committed. */
  refresh(): void {
    this.#root.resetReadTxn();
  }

  /** Makes the next opening walk the whole environment, whichever process does it. */
  suspect(): void {
    try {
      writeFileSync(join(this.path, SUSPECT_FILE), "");
    } catch {
      // On a disk that takes no writes; the damage is still not believed.
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  /** Nothing, whatever lmdb-js declares, if there is none and it may not make one. */
  #open(name: TableName): Records | undefined {
    return this.#root.openDB({ name, encoding: "binary", keyEncoding: "binary" });
  }
}

/**
 * Makes the lock file, if there is none. LMDB would make one that is a hole, and map it: on a full
 * disk the first byte that it writes there ends the process with SIGBUS, which nobody can catch.
 * Nor can LMDB's first pages go to a full disk: lmdb-js ends with SIGSEGV then.
 *
 * @throws the system's error if there is no room.
 */
function makeRoom(path: string): void {
  const lock = join(path, LOCK_FILE);
  if (existsSync(lock)) return;
  const temporary = `${lock}-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    writeFileSync(temporary, new Uint8Array(FIRST_BYTES), { mode: 0o600 });
    truncateSync(temporary, LOCK_BYTES);
    // Another process may be doing the same, and be further: what is there must not be touched.
    linkSync(temporary, lock);
  } catch (error) {
    // Anything else, LMDB meets too, or can do without.
    if (NO_ROOM.includes((error as NodeJS.ErrnoException).code)) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** LMDB's own codes and the system's are numbers. */
export function isDatabaseError(error: unknown): error is Error & { readonly code: number } {
  return error instanceof Error && "code" in error && typeof error.code === "number";
}
