/**
 * Finds the files that have not changed since they were stored: they are not
 * opened, and their chunks are not looked up one by one, but whole stretches
 * of segments at once.
 *
 * The cache is asked, and not believed: a record counts only if everything it
 * refers to is in packs that the repository's index names.
 */
import { createHash } from "node:crypto";
import type { Cache } from "../cache/cache.ts";
import type { Found } from "../disk/walk.ts";
import { decodeBase64 } from "../format/fields.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Span } from "../repository/reach.ts";
import { spanOf } from "../repository/reach.ts";
import { signatureOf } from "./content.ts";
import type { KnownFile } from "./known-file.ts";
import { decodeKnownFile, encodeKnownFile, SpanList } from "./known-file.ts";

/** The part of the cache that is asked. */
export type KnownFiles = Pick<Cache, "holds" | "locate" | "paths">;

export class Reuse {
  readonly #cache: KnownFiles;
  readonly #source: string;
  readonly #segmentSize: number;
  readonly #reading: "changed files" | "every file";
  readonly #digest: string;

  constructor(
    cache: KnownFiles,
    source: { readonly path: RawName; readonly segmentSize: number },
    options: { readonly reading: "changed files" | "every file"; readonly digest: string },
  ) {
    this.#cache = cache;
    this.#source = source.path;
    this.#segmentSize = source.segmentSize;
    this.#reading = options.reading;
    this.#digest = options.digest;
  }

  /** The key of a directory's records: any path is as long. */
  directoryKey(path: RawName): Uint8Array {
    const hash = createHash("sha256");
    hash.update(`${this.#source.length}:`).update(this.#source, "latin1");
    return hash.update("\0").update(path, "latin1").digest().subarray(0, 16);
  }

  /**
   * Looks up entries of one directory.
   *
   * @param entries - in the order of their names.
   * @returns for each what is known of it, if it is a file and has not changed.
   */
  lookUp(directory: RawName, entries: readonly Found[]): (KnownFile | undefined)[] {
    const first = entries[0]?.name;
    const last = entries.at(-1)?.name;
    if (this.#reading === "every file" || first === undefined || last === undefined) {
      return entries.map(() => undefined);
    }
    const key = this.directoryKey(directory);
    const records = new Map(this.#cache.paths.between(key, first, last));
    return entries.map((found) => {
      const record = found.stats.isFile() ? records.get(found.name) : undefined;
      return record && this.#check(key, found, record);
    });
  }

  /** Remembers a file as it was stored. */
  remember(directory: RawName, name: RawName, file: KnownFile): void {
    this.#cache.paths.put(this.directoryKey(directory), name, encodeKnownFile(file));
  }

  #check(key: Uint8Array, found: Found, record: Uint8Array): KnownFile | undefined {
    const file = decodeKnownFile(record);
    if (file === undefined || file.signature !== signatureOf(found.stats)) return undefined;
    if (!this.#hasDigest(file)) return undefined;
    if (!file.spans.every((span) => this.#cache.holds(span))) return undefined;
    if (file.unplaced.length === 0) return file;
    const spans = this.#place(file);
    if (spans === undefined) return undefined;
    const placed: KnownFile = { ...file, spans, unplaced: [] };
    this.#cache.paths.put(key, found.name, encodeKnownFile(placed));
    return placed;
  }

  /** A file that was stored without the digest that is wanted now has to be read. */
  #hasDigest({ digest }: KnownFile): boolean {
    return this.#digest === "none" || digest?.startsWith(`${this.#digest}:`) === true;
  }

  #place(file: KnownFile): readonly Span[] | undefined {
    const list = new SpanList();
    for (const span of file.spans) list.addSpan(span);
    for (const id of file.unplaced) {
      const hash = decodeBase64(id);
      const place = hash && this.#cache.locate(hash);
      if (place === undefined) return undefined;
      list.addSpan(spanOf(place, this.#segmentSize));
    }
    return list.spans;
  }
}
