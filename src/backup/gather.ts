/**
 * Puts together what the readers report: for each file under way its chunks,
 * where they lie, and at the end its entry in the tree and its record in the
 * cache.
 */
import { joinPath } from "../disk/path.ts";
import type { Found, Problem } from "../disk/walk.ts";
import type { Content } from "../format/content.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Packing } from "../pack/pack.ts";
import type { StoredChunk } from "./chunk-writer.ts";
import type { FileEvent, FileJob, Reading } from "./content.ts";
import { fileEntry } from "./entry.ts";
import type { KnownFile } from "./known-file.ts";
import { SpanList } from "./known-file.ts";
import type { TreeStore } from "./stored-file.ts";
import { ContentBuilder } from "./stored-file.ts";
import type { Slot } from "./tree.ts";

/** What the files of a run amount to. */
export interface FileTotals {
  files: number;
  bytes: number;
  newBytes: number;
}

/** Who is told what becomes known. */
export interface GatherListener {
  /** Each chunk that the snapshot needs. */
  needs(chunk: StoredChunk): void;
  /** A file that was read and stored. */
  stored(directory: RawName, name: RawName, file: KnownFile): void;
  problem(problem: Problem): void;
}

interface FileUnderWay {
  readonly directory: RawName;
  readonly found: Found;
  readonly slot: Slot;
  readonly places: SpanList;
  builder: ContentBuilder;
}

export class Gather {
  readonly totals: FileTotals = { files: 0, bytes: 0, newBytes: 0 };
  readonly #store: TreeStore;
  readonly #listener: GatherListener;
  readonly #files = new Map<number, FileUnderWay>();
  #next = 0;

  constructor(store: TreeStore, listener: GatherListener) {
    this.#store = store;
    this.#listener = listener;
  }

  /** Makes a job of a file that has to be read. */
  open(root: RawName, directory: RawName, found: Found, slot: Slot, signature: string): FileJob {
    const id = this.#next++;
    const places = new SpanList();
    this.#files.set(id, { directory, found, slot, places, builder: this.#builder(places) });
    const path = joinPath(root, found.path);
    return { id, path, size: Number(found.stats.size), signature };
  }

  /** Takes a file as it is known from an earlier run. */
  reuse(found: Found, slot: Slot, { content, digest }: KnownFile): void {
    this.#fill(found, slot, content, { digest, torn: false });
  }

  /** Takes in what a reader reports. */
  *take(event: FileEvent): Packing<void> {
    const file = this.#files.get(event.id);
    if (file === undefined) throw new Error(`nobody asked for file ${event.id}`);
    switch (event.kind) {
      case "chunks":
        yield* this.#add(file, event.chunks);
        return;
      case "restart":
        file.places.clear();
        file.builder = this.#builder(file.places);
        return;
      case "failed":
        file.slot.fill(undefined);
        this.#problem(file, event.message);
        break;
      case "done":
        yield* this.#finish(file, event.reading);
        break;
    }
    this.#files.delete(event.id);
  }

  *#add(file: FileUnderWay, chunks: readonly StoredChunk[]): Packing<void> {
    for (const chunk of chunks) {
      file.places.add(chunk);
      this.#listener.needs(chunk);
      if (chunk.isNew) this.totals.newBytes += chunk.size;
      yield* file.builder.add(chunk);
    }
  }

  *#finish(file: FileUnderWay, reading: Reading): Packing<void> {
    const { digest, signature, torn } = reading;
    const content = yield* file.builder.finish();
    const { directory, found, slot, places } = file;
    this.#fill(found, slot, content, reading);
    if (torn) {
      this.#problem(file, "it changed each time it was read; stored as read last");
      return;
    }
    const { spans, unplaced } = places;
    this.#listener.stored(directory, found.name, { signature, content, digest, spans, unplaced });
  }

  #fill(
    found: Found,
    slot: Slot,
    content: Content,
    { digest, torn, metadata }: Omit<Reading, "digest" | "signature"> & Pick<KnownFile, "digest">,
  ): void {
    slot.fill({
      ...fileEntry(found),
      ...metadata,
      content,
      ...(digest === undefined ? {} : { digest }),
      ...(torn ? { torn: true as const } : {}),
    });
    this.totals.files += 1;
    this.totals.bytes += content.size;
  }

  #builder(places: SpanList): ContentBuilder {
    return new ContentBuilder(this.#store, (chunk) => {
      places.add(chunk);
      this.#listener.needs(chunk);
    });
  }

  #problem({ found }: FileUnderWay, message: string): void {
    this.#listener.problem({ path: found.path, message });
  }
}
