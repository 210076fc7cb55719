/**
 * Batch after batch: while one is being written the next one is gathered.
 * Memory holds two.
 */
import type { Directory } from "../disk/directories.ts";
import { CorruptError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { Account } from "./account.ts";
import type { PendingFile } from "./batch.ts";
import { Batch } from "./batch.ts";
import type { ReadingMeans } from "./chunk-source.ts";
import { placeOf } from "./chunk-source.ts";
import type { Chunks } from "./contents.ts";
import { chunksOf } from "./contents.ts";
import { Delivery } from "./deliver.ts";
import type { Ground } from "./ground.ts";
import { Layout } from "./layout.ts";
import type { Destination } from "./unit.ts";
import { errorOf, failureOf } from "./unit.ts";
import type { Writers } from "./writers.ts";

/** Where a file's chunks go, but for the place in it. */
export type FilePlace = Omit<Destination, "file" | "at" | "jumps">;

export class Batches {
  readonly #means: ReadingMeans;
  readonly #chunks: Chunks;
  readonly #ground: Ground;
  readonly #account: Account;
  readonly #delivery: Delivery;
  #batch = new Batch();
  /** The batch before this one. */
  #delivered: Promise<void> = Promise.resolve();

  constructor(
    {
      means,
      chunks,
      writers,
    }: {
      readonly means: ReadingMeans;
      readonly chunks: Chunks;
      readonly writers: Writers;
    },
    ground: Ground,
    account: Account,
  ) {
    this.#means = means;
    this.#chunks = chunks;
    this.#ground = ground;
    this.#account = account;
    this.#delivery = new Delivery(means, writers);
  }

  /** Does something once all that is wanted by now is written. */
  afterwards(path: RawName, run: () => void): void {
    this.#batch.afterwards.push({ path, run });
  }

  /**
   * Wants all chunks of a file; of one whose chunks cannot be told, as many as can.
   *
   * @param to - is asked for each chunk: its paths are good while the directory is held.
   */
  async want(file: PendingFile, directory: Directory, to: () => FilePlace): Promise<void> {
    const name = `the content of "${displayName(file.path)}"`;
    const layout = new Layout(file.entry.holes);
    try {
      for await (const chunk of chunksOf(name, file.entry.content, this.#chunks)) {
        const place = placeOf(this.#means.cache, chunk);
        this.#batch.hold(directory, this.#ground);
        this.#batch.want(file, chunk, place, { ...to(), ...layout.next(chunk.size) });
        await this.handOverIfFull();
      }
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      this.#batch.number(file);
      file.failure ??= failureOf(error);
    }
  }

  async handOverIfFull(): Promise<void> {
    if (this.#batch.isFull) await this.#handOver();
  }

  /** Waits until everything is there. */
  async finish(): Promise<void> {
    await this.#handOver();
    await this.#delivered;
  }

  /** Waits until nothing is written any more, whatever came of it. */
  async stop(): Promise<void> {
    await Promise.allSettled([this.#delivered]);
  }

  /** Hands the batch over to be written, once the one before it is. */
  async #handOver(): Promise<void> {
    await this.#delivered;
    const batch = this.#batch;
    this.#batch = new Batch();
    this.#delivered = this.#deliver(batch);
    // Heard when the next one follows; unheard until then, it would end the process.
    this.#delivered.catch(() => {});
  }

  async #deliver(batch: Batch): Promise<void> {
    try {
      await this.#delivery.deliver(batch);
    } finally {
      batch.release(this.#ground);
    }
    for (const { path, run } of batch.afterwards) this.#account.attempt(path, run);
    this.#account.progress();
    this.#judge(batch.files.filter(({ failure }) => failure !== undefined));
  }

  /** @throws what befell the first of these files, unless others are to be restored. */
  #judge(failed: readonly PendingFile[]): void {
    const isOver =
      this.#account.onError === "abort" || failed.some(({ failure }) => failure?.kind === "full");
    const [first] = isOver ? failed : [];
    for (const file of failed) {
      if (file !== first) this.#account.tell(file.path, file.failure?.message ?? "");
    }
    if (first !== undefined) throw errorOf(first.path, first.failure);
  }
}
