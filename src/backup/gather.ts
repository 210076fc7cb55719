/**
 * Puts together what the readers report: for each file under way its chunks,
 * where they lie, and at the end its entry in the tree and its record in the
 * cache. A file with several names is read for one of them; the others wait.
 */
import type { Found, Problem } from "../disk/walk.ts";
import { fileSize } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Packing } from "../pack/pack.ts";
import type { StoredChunk } from "./chunk-writer.ts";
import type { FileEvent, FileJob, Reading, StreamJob } from "./content.ts";
import type { EntryMaker } from "./entry.ts";
import { looksOf } from "./entry.ts";
import type { KnownFile } from "./known-file.ts";
import { SpanList } from "./known-file.ts";
import { LinkedFiles } from "./linked.ts";
import { identityOf, signatureOf } from "./signature.ts";
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
  /** A file that was read and stored, and will show if it changes. */
  stored(directory: RawName, name: RawName, file: KnownFile): void;
  problem(problem: Problem): void;
}

/** What the walk came to: one name of a file, and where its entry goes. */
export interface FileName {
  readonly directory: RawName;
  readonly found: Found;
  readonly slot: Slot;
}

interface FileUnderWay {
  readonly id: number;
  /** As the walk saw it. */
  readonly signature: string;
  /** The first is read; the others are of the same inode, and looked the same. */
  readonly names: FileName[];
  readonly places: SpanList;
  builder: ContentBuilder;
  /** Stored so far. */
  bytes: number;
}

/** What came of reading a file. */
interface Outcome extends Pick<Reading, "torn" | "isRecent" | "problem" | "looks"> {
  readonly file: KnownFile;
}

export class Gather {
  readonly totals: FileTotals = { files: 0, bytes: 0, newBytes: 0 };
  readonly #root: RawName;
  readonly #entries: EntryMaker;
  readonly #store: TreeStore;
  readonly #listener: GatherListener;
  readonly #files = new Map<number, FileUnderWay>();
  /** Of those, the ones with several names, by what they look like; and what came of earlier ones. */
  readonly #linked = new Map<string, FileUnderWay>();
  readonly #outcomes = new LinkedFiles<Outcome>();
  readonly #lost: string[] = [];
  #next = 0;

  /** @param root - the source's path. */
  constructor(
    root: RawName,
    parts: { readonly store: TreeStore; readonly entries: EntryMaker },
    listener: GatherListener,
  ) {
    this.#root = root;
    this.#entries = parts.entries;
    this.#store = parts.store;
    this.#listener = listener;
  }

  /**
   * Makes a job of a file that has to be read.
   *
   * @returns nothing if it is, or was, read under another name.
   */
  open(name: FileName): FileJob | undefined {
    const signature = signatureOf(name.found.stats);
    if (name.found.stats.nlink === 1n) return this.#begin([name], signature);
    const other = this.#linked.get(signature);
    if (other !== undefined) {
      other.names.push(name);
      return undefined;
    }
    const outcome = this.#outcomes.take(signature);
    if (outcome === undefined) return this.#begin([name], signature);
    this.#settle(name, outcome);
    return undefined;
  }

  /** Makes a job of what is no file: nothing that has its inode is the same. */
  openStream(name: FileName, stream: StreamJob): FileJob {
    return { ...this.#begin([name], signatureOf(name.found.stats)), stream };
  }

  /** What was read of the files that are not done. */
  get bytesUnderWay(): number {
    return [...this.#files.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Leaves out a file that nobody has begun to read: another run will. */
  withdraw({ id }: FileJob): void {
    const file = this.#files.get(id);
    if (file === undefined) return;
    for (const { slot } of file.names) slot.fill(undefined);
    this.#end(file);
  }

  /** Of what was found below a directory that was lost nothing is stored: that was told once. */
  lose(directory: RawName): void {
    this.#lost.push(`${directory}/`);
  }

  /** Takes a file as it is known from an earlier run. */
  reuse({ found, slot }: Omit<FileName, "directory">, file: KnownFile): void {
    this.#fill(found, slot, { file, torn: false });
  }

  /**
   * Takes in what a reader reports.
   *
   * @returns what has to be read after all: names of a file that could not be read by another.
   */
  *take(event: FileEvent): Packing<readonly FileJob[]> {
    const file = this.#files.get(event.id);
    if (file === undefined) throw new Error(`nobody asked for file ${event.id}`);
    switch (event.kind) {
      case "chunks":
        yield* this.#add(file, event.chunks);
        return [];
      case "restart":
        file.places.clear();
        file.builder = this.#builder(file.places);
        file.bytes = 0;
        return [];
      case "failed":
        this.#end(file);
        return this.#fail(file, event.message);
      case "done":
        this.#end(file);
        return yield* this.#finish(file, event.reading);
    }
  }

  #begin(names: FileName[], signature: string): FileJob {
    const id = this.#next++;
    const [{ found }] = names as [FileName, ...FileName[]];
    const places = new SpanList();
    const file = { id, signature, names, places, builder: this.#builder(places), bytes: 0 };
    this.#files.set(id, file);
    if (found.stats.nlink > 1n) this.#linked.set(signature, file);
    return { id, root: this.#root, path: found.path, size: Number(found.stats.size), signature };
  }

  #end({ id, signature }: FileUnderWay): void {
    this.#files.delete(id);
    this.#linked.delete(signature);
  }

  *#add(file: FileUnderWay, chunks: readonly StoredChunk[]): Packing<void> {
    for (const chunk of chunks) {
      file.places.add(chunk);
      file.bytes += chunk.size;
      this.#listener.needs(chunk);
      if (chunk.isNew) this.totals.newBytes += chunk.size;
      yield* file.builder.add(chunk);
    }
  }

  #fail({ names, signature }: FileUnderWay, message: string): readonly FileJob[] {
    const [name, ...others] = names as [FileName, ...FileName[]];
    name.slot.fill(undefined);
    this.#problem(name, message);
    return others.length > 0 ? [this.#begin(others, signature)] : [];
  }

  *#finish(file: FileUnderWay, reading: Reading): Packing<readonly FileJob[]> {
    const { torn, isRecent, problem, looks, ...read } = reading;
    const content = yield* file.builder.finish();
    const { spans, unplaced } = file.places;
    const outcome: Outcome = {
      ...{ torn, isRecent },
      ...(problem === undefined ? {} : { problem }),
      ...(looks === undefined ? {} : { looks }),
      file: { ...read, content, spans, unplaced },
    };
    const [name, ...others] = file.names as [FileName, ...FileName[]];
    this.#settle(name, outcome);
    // Something else has this name now; the others still have what the walk saw.
    const isOther = identityOf(reading.signature) !== identityOf(file.signature);
    if (isOther) return others.length > 0 ? [this.#begin(others, file.signature)] : [];
    for (const other of others) this.#settle(other, outcome);
    const missing = Number(name.found.stats.nlink) - file.names.length;
    if (!torn) this.#outcomes.keep(outcome.file, outcome, missing);
    return [];
  }

  /** What came of a file, for one of its names. */
  #settle(name: FileName, outcome: Outcome): void {
    const { directory, found, slot } = name;
    const { file, torn, isRecent, problem } = outcome;
    this.#fill(found, slot, outcome);
    if (problem !== undefined) this.#problem(name, problem);
    if (torn) this.#problem(name, "it changed each time it was read; stored as read last");
    if (problem !== undefined || torn || isRecent) return;
    this.#listener.stored(directory, found.name, file);
  }

  #fill(
    { name, stats }: Found,
    slot: Slot,
    { file, torn, looks }: Pick<Outcome, "file" | "torn" | "looks">,
  ): void {
    const { content, digest, xattrs = [], holes = [] } = file;
    const entry = this.#entries.file(name, looks ?? looksOf(stats), {
      ...{ content, xattrs, holes },
      ...(digest === undefined ? {} : { digest }),
      ...(torn ? { torn: true as const } : {}),
    });
    slot.fill(entry);
    this.totals.files += 1;
    this.totals.bytes += fileSize(entry);
  }

  #builder(places: SpanList): ContentBuilder {
    return new ContentBuilder(this.#store, (chunk) => {
      places.add(chunk);
      this.#listener.needs(chunk);
    });
  }

  #problem({ found }: FileName, message: string): void {
    const { path } = found;
    if (this.#lost.some((directory) => path.startsWith(directory))) return;
    this.#listener.problem({ path, message });
  }
}
