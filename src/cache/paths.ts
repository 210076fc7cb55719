/**
 * What the last run knew of each name, directory by directory. What it knew is
 * the caller's: bytes.
 *
 * Keys are `source (8) ‖ directory (16) ‖ name`, the first two hashed, so that
 * paths of any length fit, the names of a directory lie together in byte order,
 * and so do the directories of a source.
 *
 * Writes wait in memory until there are enough of them for a transaction; what
 * is written here and lost is only asked of the file system again.
 */
import { createHash } from "node:crypto";
import type { RawName } from "../format/raw-name.ts";
import { rawBytes, rawName } from "../format/raw-name.ts";
import { behindPrefix } from "./codec.ts";
import type { Environment } from "./environment.ts";
import type { KeyRange, Table } from "./table.ts";

const SOURCE_BYTES = 8;
const DIRECTORY_BYTES = 16;
const KEY_BYTES = SOURCE_BYTES + DIRECTORY_BYTES;
/** Longer ones are no names of files; LMDB's keys end at 511 bytes or later. */
const MAX_NAME_BYTES = 255;
const MAX_WAITING = 4096;
const MAX_WAITING_BYTES: number = 4 * 2 ** 20;
const REMOVED_AT_ONCE = 4096;
const GENERATION_BYTES = 6;

/** A directory of a source: latin1, so that keys compare as their bytes do. */
export type DirectoryKey = string & { readonly kind: "DirectoryKey" };

export class PathTable {
  readonly #environment: Environment;
  readonly #names: Table;
  readonly #directories: Table;
  /** Values by key; `undefined` removes. */
  readonly #waiting = new Map<string, Uint8Array | undefined>();
  readonly #waitingIn = new Set<string>();
  readonly #seen = new Map<DirectoryKey, number>();
  #waitingBytes = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#names = environment.table("paths");
    this.#directories = environment.table("directories");
  }

  /**
   * What is known of names in a directory, in byte order: behind `after`, up to
   * and with `upTo`. Writes to the directory meanwhile may or may not appear.
   */
  *between(
    directory: DirectoryKey,
    after?: RawName,
    upTo?: RawName,
  ): Generator<[RawName, Uint8Array]> {
    if (this.#waitingIn.has(directory)) this.flush();
    const prefix = rawBytes(directory as string as RawName);
    const range = {
      start: nameKey(directory, after ?? ""),
      end: upTo === undefined ? behindPrefix(prefix) : nameKey(directory, upTo),
      exclusiveStart: true,
      inclusiveEnd: upTo !== undefined,
    };
    for (const [key, value] of this.#names.entries(range)) {
      yield [rawName(key.subarray(KEY_BYTES)), value];
    }
  }

  /**
   * Keeps what is known of a name. A name of more than 255 bytes is not kept.
   *
   * @throws {@link UnavailableError} as {@link flush}, which it may call.
   */
  put(directory: DirectoryKey, name: RawName, value: Uint8Array): void {
    if (name.length <= MAX_NAME_BYTES) this.#wait(directory, name, value);
  }

  /** Forgets a name. @throws {@link UnavailableError} as {@link flush}, which it may call. */
  remove(directory: DirectoryKey, name: RawName): void {
    if (name.length <= MAX_NAME_BYTES) this.#wait(directory, name, undefined);
  }

  /** Says that a directory still is, in this generation of its source. @throws as {@link flush}. */
  seen(directory: DirectoryKey, generation: number): void {
    this.#seen.set(directory, generation);
    this.#flushIfFull();
  }

  /**
   * Writes all that waits, and returns when it is on the disk.
   *
   * @throws {@link UnavailableError} if that fails; it waits on then.
   */
  flush(): void {
    if (this.#waiting.size === 0 && this.#seen.size === 0) return;
    this.#environment.write(() => {
      // Sorted: a page takes all its names at once.
      for (const key of [...this.#waiting.keys()].sort()) {
        const value = this.#waiting.get(key);
        if (value === undefined) this.#names.remove(latin1(key));
        else this.#names.put(latin1(key), value);
      }
      for (const directory of [...this.#seen.keys()].sort()) {
        const generation = Buffer.allocUnsafe(GENERATION_BYTES);
        generation.writeUIntBE(this.#seen.get(directory) as number, 0, GENERATION_BYTES);
        this.#directories.put(latin1(directory), generation);
      }
    });
    this.#waiting.clear();
    this.#waitingIn.clear();
    this.#seen.clear();
    this.#waitingBytes = 0;
  }

  /**
   * Drops the directories of a source that were not {@link seen} in this
   * generation, and their names.
   *
   * @throws {@link UnavailableError} if it cannot be written. Sweep again.
   */
  sweep(source: string, generation: number): void {
    this.flush();
    this.#removeAll(this.#unseen(sourceKey(source), generation));
  }

  /** Forgets all names of a source. @throws {@link UnavailableError} if it cannot be written. */
  forget(source: string): void {
    this.flush();
    const range = rangeOf(sourceKey(source));
    for (const table of [this.#names, this.#directories]) {
      this.#removeAll(keysIn(table, range));
    }
  }

  *#unseen(prefix: Buffer, generation: number): Generator<[Table, Buffer]> {
    for (const [key, value] of this.#directories.entries(rangeOf(prefix))) {
      if (value.readUIntBE(0, GENERATION_BYTES) === generation) continue;
      yield* keysIn(this.#names, rangeOf(key));
      // Behind its names, so that a sweep that was cut off finds the rest.
      yield [this.#directories, key];
    }
  }

  #removeAll(records: Iterable<[Table, Buffer]>): void {
    let waiting: [Table, Buffer][] = [];
    const flush = () => {
      this.#environment.write(() => {
        for (const [table, key] of waiting) table.remove(key);
      });
      waiting = [];
    };
    for (const record of records) {
      waiting.push(record);
      if (waiting.length === REMOVED_AT_ONCE) flush();
    }
    flush();
  }

  #wait(directory: DirectoryKey, name: RawName, value: Uint8Array | undefined): void {
    // The caller's buffer may be used again before the flush.
    this.#waiting.set(directory + name, value === undefined ? undefined : Buffer.from(value));
    this.#waitingIn.add(directory);
    this.#waitingBytes += KEY_BYTES + name.length + (value?.length ?? 0);
    this.#flushIfFull();
  }

  #flushIfFull(): void {
    const waiting = this.#waiting.size + this.#seen.size;
    if (waiting >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES) this.flush();
  }
}

/** The key of a directory, by its path below the source as a raw name of any length. */
export function directoryKey(source: string, path: RawName): DirectoryKey {
  const hash = createHash("sha256").update(source).update("\0").update(path, "latin1").digest();
  const key = sourceKey(source).toString("latin1") + hash.toString("latin1", 0, DIRECTORY_BYTES);
  return key as DirectoryKey;
}

function sourceKey(source: string): Buffer {
  return createHash("sha256").update(source).digest().subarray(0, SOURCE_BYTES);
}

function* keysIn(table: Table, range: KeyRange): Generator<[Table, Buffer]> {
  for (const key of table.keys(range)) yield [table, key];
}

function rangeOf(prefix: Buffer): KeyRange {
  return { start: prefix, end: behindPrefix(prefix) };
}

function nameKey(directory: DirectoryKey, name: string): Buffer {
  return latin1(directory + name);
}

function latin1(key: string): Buffer {
  return Buffer.from(key, "latin1");
}
