/**
 * Finds the files that have not changed since they were stored: they are not
 * opened, and their chunks are not looked up one by one, but whole stretches
 * of segments at once.
 *
 * The cache is asked, and not believed: a record counts only if everything it
 * refers to is in packs that the repository's index names.
 */
import type { Cache } from "../cache/cache.ts";
import type { DirectoryKey } from "../cache/paths.ts";
import { directoryKey } from "../cache/paths.ts";
import type { FileDigestName } from "../digest/digest.ts";
import type { Found } from "../disk/walk.ts";
import { decodeBase64 } from "../format/fields.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Span } from "../repository/reach.ts";
import { spanOf } from "../repository/reach.ts";
import type { KnownFile } from "./known-file.ts";
import { decodeKnownFile, encodeKnownFile, SpanList } from "./known-file.ts";
import { signatureOf } from "./signature.ts";

/** The part of the cache that is asked. */
export type KnownFiles = Pick<Cache, "chunks" | "segments" | "paths">;

/** A directory that the walk is in. */
export interface Visit {
  readonly path: RawName;
  /** The last name that was looked up in it. */
  after: RawName | undefined;
}

export interface ReuseOptions {
  readonly reading: "changed files" | "every file";
  readonly digest: FileDigestName;
  /** Bytes of a tape in one segment. */
  readonly segmentSize: number;
  /** Greater with each run of the host. */
  readonly generation: number;
}

export class Reuse {
  readonly #cache: KnownFiles;
  readonly #source: RawName;
  readonly #options: ReuseOptions;

  constructor(cache: KnownFiles, source: RawName, options: ReuseOptions) {
    this.#cache = cache;
    this.#source = source;
    this.#options = options;
  }

  /**
   * Looks up entries of one directory, batch by batch in the order of their names.
   *
   * @returns for each what is known of it, if it is a file and has not changed.
   */
  lookUp(visit: Visit, entries: readonly Found[]): (KnownFile | undefined)[] {
    const key = directoryKey(this.#source, visit.path);
    const records = this.#recordsUpTo(entries.at(-1)?.name, visit, key);
    const known = entries.map((found) => {
      const record = records.get(found.name);
      records.delete(found.name);
      return record && found.stats.isFile() ? this.#check(key, found, record) : undefined;
    });
    // What was passed over is not there any more.
    for (const name of records.keys()) this.#cache.paths.remove(key, name);
    return known;
  }

  /** Begins a visit, of a directory that still is. */
  enter({ path }: Visit): void {
    this.#cache.paths.seen(directoryKey(this.#source, path), this.#options.generation);
  }

  /** Ends the visit: what was not looked up is forgotten. */
  leave(visit: Visit): void {
    const key = directoryKey(this.#source, visit.path);
    for (const name of this.#recordsUpTo(undefined, visit, key).keys()) {
      this.#cache.paths.remove(key, name);
    }
  }

  /** Forgets all files of the source: each will be read. */
  forget(): void {
    this.#cache.paths.forget(this.#source);
  }

  /** Writes all that waits to be remembered. */
  save(): void {
    this.#cache.paths.flush();
  }

  /** Ends the walk: forgets the directories that were not visited, and writes all that waits. */
  finish(): void {
    this.#cache.paths.sweep(this.#source, this.#options.generation);
  }

  /** Remembers a file as it was stored. */
  remember(directory: RawName, name: RawName, file: KnownFile): void {
    this.#cache.paths.put(directoryKey(this.#source, directory), name, encodeKnownFile(file));
  }

  #recordsUpTo(
    upTo: RawName | undefined,
    visit: Visit,
    key: DirectoryKey,
  ): Map<RawName, Uint8Array> {
    const records = new Map(this.#cache.paths.between(key, visit.after, upTo));
    visit.after = upTo ?? visit.after;
    return records;
  }

  #check(key: DirectoryKey, found: Found, record: Uint8Array): KnownFile | undefined {
    const file = decodeKnownFile(record);
    if (this.#options.reading === "every file") return undefined;
    if (file === undefined || file.signature !== signatureOf(found.stats)) return undefined;
    if (!this.#hasDigest(file)) return undefined;
    if (
      !file.spans.every((span) =>
        this.#cache.segments.holds(span.run, span.tape, span.first, span.last),
      )
    )
      return undefined;
    if (file.unplaced.length === 0) return file;
    const spans = this.#place(file);
    if (spans === undefined) return undefined;
    const placed: KnownFile = { ...file, spans, unplaced: [] };
    this.#cache.paths.put(key, found.name, encodeKnownFile(placed));
    return placed;
  }

  /** A file that was stored without the digest that is wanted now has to be read. */
  #hasDigest({ digest }: KnownFile): boolean {
    const wanted = this.#options.digest;
    return wanted === "none" || digest?.startsWith(`${wanted}:`) === true;
  }

  #place(file: KnownFile): readonly Span[] | undefined {
    const list = new SpanList();
    for (const span of file.spans) list.addSpan(span);
    for (const id of file.unplaced) {
      const hash = decodeBase64(id);
      const place = hash && this.#cache.chunks.locate(hash);
      if (place === undefined) return undefined;
      list.addSpan(spanOf(place, this.#options.segmentSize));
    }
    return list.spans;
  }
}
