/**
 * Restore: the pipe of the backup, mirrored. resolve -> plan -> fetch ->
 * [ open -> decompress -> verify -> write ] -> metadata.
 *
 * The tree is walked in order; files are gathered into batches, and while one
 * is being written the next one is gathered. Memory holds two batches. A
 * directory gets its mode and times when everything in it is there.
 */
import type { Problem } from "../disk/walk.ts";
import { AccessError, CorruptError, UnavailableError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { Entry, FileEntry, SpecialEntry } from "../format/tree.ts";
import type { PendingFile } from "./batch.ts";
import { Batch } from "./batch.ts";
import type { ReadingMeans } from "./chunk-source.ts";
import { ChunkSource, placeOf } from "./chunk-source.ts";
import { chunksOf } from "./contents.ts";
import { Delivery } from "./deliver.ts";
import type { Ground } from "./ground.ts";
import type { Resolved, ResolvedDirectory, TreeStep } from "./resolve.ts";
import { resolve } from "./resolve.ts";
import type { Selection } from "./selection.ts";
import type { Destination } from "./unit.ts";
import { failureOf } from "./unit.ts";
import type { Writers } from "./writers.ts";

/** What is to be restored, and where to. */
export interface RestoreTask {
  readonly root: Entry;
  readonly selection: Selection;
  readonly ground: Ground;
}

/** What is there and complete. */
export interface RestoreTotals {
  files: number;
  directories: number;
  /** Symbolic links. */
  others: number;
  bytes: number;
}

export interface RestoreListener {
  problem(problem: Problem): void;
  progress(totals: RestoreTotals): void;
}

/**
 * Restores what is selected. Whatever is thrown: each file that is there is
 * complete and verified, and nothing half-written is left.
 *
 * @throws {@link CorruptError} at the first file whose stored bytes are damaged, after the
 * batch that it is in; others of that batch are told as problems.
 * @throws {@link UsageError} at the first thing that is in the way; it stays as it is, and so
 * does what was restored before.
 * @throws {@link NotFoundError} if something was asked for that the snapshot does not have.
 */
export async function restore(
  task: RestoreTask,
  means: ReadingMeans,
  writers: Writers,
  listener: RestoreListener,
): Promise<RestoreTotals> {
  const restorer = new Restorer(task, means, writers, listener);
  try {
    for await (const step of resolve(task.root, restorer.chunks, task.selection)) {
      await restorer.take(step);
    }
    await restorer.finish();
  } catch (error) {
    await restorer.abandon();
    throw error;
  }
  task.selection.mustBeFound();
  return restorer.totals;
}

class Restorer {
  readonly totals: RestoreTotals = { files: 0, directories: 0, others: 0, bytes: 0 };
  readonly chunks: ChunkSource;
  readonly #task: RestoreTask;
  readonly #means: ReadingMeans;
  readonly #listener: RestoreListener;
  readonly #delivery: Delivery;
  /** For each directory that was entered: whether this restore has made it. */
  readonly #made: boolean[] = [];
  /** Files that are written piece by piece. */
  readonly #partials = new Set<RawName>();
  #batch = new Batch();
  /** The batch before this one. */
  #delivered: Promise<void> = Promise.resolve();

  constructor(task: RestoreTask, means: ReadingMeans, writers: Writers, listener: RestoreListener) {
    this.chunks = new ChunkSource(means);
    this.#task = task;
    this.#means = means;
    this.#listener = listener;
    this.#delivery = new Delivery(means, writers);
  }

  async take(step: TreeStep): Promise<void> {
    switch (step.kind) {
      case "enter":
        this.#made.push(this.#task.ground.enter(step.path));
        this.totals.directories += 1;
        break;
      case "leave":
        this.#leave(step);
        break;
      default:
        await this.#entry(step);
    }
    if (this.#batch.isFull) await this.#hand();
  }

  /** Waits until everything is there. */
  async finish(): Promise<void> {
    await this.#hand();
    await this.#delivered;
  }

  /** Takes away what is not complete. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#delivered]);
    for (const partial of this.#partials) this.#task.ground.dropFile(partial);
  }

  /** A directory that was there keeps its mode and times, unless it was asked for. */
  #leave({ path, entry, isSelected }: ResolvedDirectory): void {
    const isMade = this.#made.pop() ?? false;
    if (!isMade && !isSelected) return;
    this.#batch.afterwards.push(() => this.#task.ground.leave(path, entry));
  }

  async #entry({ path, entry }: Resolved<Exclude<Entry, { type: "directory" }>>): Promise<void> {
    const { ground } = this.#task;
    // Nothing is in the way in a directory that is new, and nobody else's until it is left.
    const isNew = this.#made.at(-1) ?? false;
    if (!isNew && (entry.type === "file" || entry.type === "symlink")) ground.claim(path);
    switch (entry.type) {
      case "file":
        await this.#file(path, entry);
        return;
      case "symlink":
        ground.symlink(path, entry);
        this.totals.others += 1;
        return;
      default:
        this.#special(path, entry);
    }
  }

  /** A socket is nothing without its server: that it is not made is no problem. */
  #special(path: RawName, { type }: SpecialEntry): void {
    if (type === "socket") return;
    this.#listener.problem({ path, message: `a ${type} is not restored by this version` });
  }

  async #file(path: RawName, entry: FileEntry): Promise<void> {
    const { ground } = this.#task;
    const { content } = entry;
    const file: PendingFile = { path, entry, failure: undefined };
    if (content.depth === 0 && content.chunks.length === 1) {
      const { mode, uid, gid, mtime } = entry;
      const whole = { path: ground.at(path), metadata: { mode, uid, gid, mtime } };
      await this.#want(file, { path: ground.partial(path), whole });
      this.#batch.afterwards.push(() => this.#count(file));
      return;
    }
    const partial = ground.beginFile(path);
    this.#partials.add(partial);
    await this.#want(file, { path: partial });
    this.#batch.afterwards.push(() => this.#finishFile(file, partial));
  }

  /** Wants all chunks of a file; of one whose chunks cannot be told, as many as can. */
  async #want(file: PendingFile, to: Omit<Destination, "file" | "at">): Promise<void> {
    const name = `the content of "${displayName(file.path)}"`;
    let at = 0;
    try {
      for await (const chunk of chunksOf(name, file.entry.content, this.chunks)) {
        const place = placeOf(this.#means.cache, chunk);
        this.#batch.want(file, chunk, place, { ...to, at });
        at += chunk.size;
        if (this.#batch.isFull) await this.#hand();
      }
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      this.#batch.number(file);
      file.failure ??= failureOf(error);
    }
  }

  #finishFile(file: PendingFile, partial: RawName): void {
    const { ground } = this.#task;
    if (file.failure === undefined) ground.finishFile(file.path, partial, file.entry);
    else ground.dropFile(partial);
    this.#partials.delete(partial);
    this.#count(file);
  }

  #count({ failure, entry }: PendingFile): void {
    if (failure !== undefined) return;
    this.totals.files += 1;
    this.totals.bytes += entry.content.size;
  }

  /** Hands the batch over to be written, once the one before it is. */
  async #hand(): Promise<void> {
    await this.#delivered;
    const batch = this.#batch;
    this.#batch = new Batch();
    this.#delivered = this.#deliver(batch);
    // Heard when the next one follows; unheard until then, it would end the process.
    this.#delivered.catch(() => {});
  }

  async #deliver(batch: Batch): Promise<void> {
    await this.#delivery.deliver(batch);
    for (const step of batch.afterwards) step();
    this.#listener.progress(this.totals);
    const [first, ...others] = batch.files.filter(({ failure }) => failure !== undefined);
    for (const { path, failure } of others) {
      this.#listener.problem({ path, message: failure?.message ?? "" });
    }
    if (first !== undefined) throw errorOf(first);
  }
}

function errorOf({ path, failure }: PendingFile): Error {
  const { kind, message } = failure ?? { kind: "unavailable", message: "" };
  if (kind === "corrupt") return new CorruptError(`the file "${displayName(path)}"`, message);
  return kind === "access" ? new AccessError(message) : new UnavailableError(message);
}
