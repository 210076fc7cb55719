/**
 * Restore: the pipe of the backup, mirrored. resolve -> plan -> fetch ->
 * [ open -> decompress -> verify -> write ] -> metadata.
 *
 * The tree is walked in order; files are gathered into batches, and each
 * batch's chunks are fetched in the order in which they lie in packs. Memory
 * holds one batch. A directory gets its mode and times when everything in it
 * is there.
 */
import type { Problem } from "../disk/walk.ts";
import { CorruptError, NotFoundError, UnavailableError } from "../errors.ts";
import { mapInOrder } from "../flow.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { Entry, FileEntry, SpecialEntry } from "../format/tree.ts";
import type { PendingFile } from "./batch.ts";
import { Batch } from "./batch.ts";
import type { ReadingMeans } from "./chunk-source.ts";
import { ChunkSource, placeOf } from "./chunk-source.ts";
import { fetchSpan } from "./fetch.ts";
import type { Ground } from "./ground.ts";
import type { PlannedUnit } from "./plan.ts";
import { planUnits } from "./plan.ts";
import type { Resolved, TreeStep } from "./resolve.ts";
import { chunksOf, resolve } from "./resolve.ts";
import type { Selection } from "./selection.ts";
import type { Unit, UnitFailure } from "./unit.ts";
import type { Writers } from "./writers.ts";

/** What is to be restored, and where to. */
export interface RestoreTask {
  readonly root: Entry;
  readonly selection: Selection;
  readonly ground: Ground;
}

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
 * Restores what is selected.
 *
 * @throws {@link CorruptError} at the first file whose stored bytes are damaged; none is
 * left half-written.
 * @throws {@link NotFoundError} if something was asked for that the snapshot does not have.
 */
export async function restore(
  task: RestoreTask,
  means: ReadingMeans,
  writers: Writers,
  listener: RestoreListener,
): Promise<RestoreTotals> {
  const restorer = new Restorer(task, means, writers, listener);
  for await (const step of resolve(task.root, restorer.chunks, task.selection)) {
    await restorer.take(step);
  }
  await restorer.flush();
  const { missing } = task.selection;
  if (missing.length > 0) {
    throw new NotFoundError(`the snapshot has nothing that matches ${missing.join(", ")}`);
  }
  return restorer.totals;
}

class Restorer {
  readonly totals: RestoreTotals = { files: 0, directories: 0, others: 0, bytes: 0 };
  readonly chunks: ChunkSource;
  readonly #task: RestoreTask;
  readonly #means: ReadingMeans;
  readonly #writers: Writers;
  readonly #listener: RestoreListener;
  #batch = new Batch();

  constructor(task: RestoreTask, means: ReadingMeans, writers: Writers, listener: RestoreListener) {
    this.chunks = new ChunkSource(means);
    this.#task = task;
    this.#means = means;
    this.#writers = writers;
    this.#listener = listener;
  }

  async take(step: TreeStep): Promise<void> {
    const { ground } = this.#task;
    const { path } = step;
    if (step.kind === "enter") {
      ground.enter(path);
      this.totals.directories += 1;
    } else if (step.kind === "leave") {
      const { entry } = step;
      this.#batch.afterwards.push(() => ground.leave(path, entry));
    } else {
      await this.#entry(step);
    }
    if (this.#batch.isFull) await this.flush();
  }

  async #entry({ path, entry }: Resolved<Exclude<Entry, { type: "directory" }>>): Promise<void> {
    const { ground } = this.#task;
    switch (entry.type) {
      case "file":
        ground.clear(path);
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
    this.totals.files += 1;
    this.totals.bytes += content.size;
    if (content.size === 0) {
      ground.emptyFile(path, entry);
      return;
    }
    const isWhole = content.depth === 0 && content.chunks.length === 1;
    const partial = isWhole ? undefined : ground.beginFile(path);
    const file: PendingFile = { path, entry, partial, failure: undefined };
    const to = partial ?? ground.at(path);
    let at = 0;
    for await (const chunk of chunksOf(displayName(path), content, this.chunks)) {
      const place = placeOf(this.#means.cache, chunk.id);
      const whole = isWhole ? { whole: metadataOf(entry) } : {};
      this.#batch.want(file, chunk, { place, path: to, at, ...whole });
      at += chunk.size;
      if (this.#batch.isFull) await this.flush();
    }
    this.#batch.afterwards.push(() => this.#finish(file));
  }

  #finish({ path, entry, partial, failure }: PendingFile): void {
    const { ground } = this.#task;
    if (failure === undefined) {
      if (partial !== undefined) ground.finishFile(path, partial, entry);
      return;
    }
    if (partial !== undefined) ground.dropFile(partial);
    const shown = displayName(ground.at(path));
    if (failure.isDamage) throw new CorruptError(shown, failure.message);
    throw new UnavailableError(`cannot write ${shown}: ${failure.message}`);
  }

  /** Writes all that the batch wants, and does what comes afterwards. */
  async flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = new Batch();
    const { repository } = this.#means;
    const units = planUnits(batch.wants, repository.settings.sizes.segment);
    const fetched = mapInOrder(units, this.#writers.width, async (unit) =>
      this.#writers.write(await this.#fetch(unit)),
    );
    for await (const failures of fetched) note(batch, failures);
    for (const step of batch.afterwards) step();
    this.#listener.progress(this.totals);
  }

  async #fetch({ span, frames }: PlannedUnit): Promise<Unit> {
    const { repository, cache, keys } = this.#means;
    const [key, stretches] = await Promise.all([
      keys.key(span.run),
      fetchSpan(repository.target, cache, span),
    ]);
    return { frames, stretches, key, segmentSize: repository.settings.sizes.segment };
  }
}

function note(batch: Batch, failures: readonly UnitFailure[]): void {
  for (const { file, message, isDamage } of failures) {
    const pending = batch.files[file];
    if (pending !== undefined) pending.failure ??= { message, isDamage };
  }
}

function metadataOf({
  mode,
  uid,
  gid,
  mtime,
}: FileEntry): Pick<Entry, "mode" | "uid" | "gid" | "mtime"> {
  return { mode, uid, gid, mtime };
}
