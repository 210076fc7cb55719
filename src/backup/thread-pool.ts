/**
 * Reads files on worker threads. Jobs go out in batches of neighbours, so that
 * the small files of a directory share frames; a worker has one batch in hand
 * and one to go on with, so that nobody waits and nobody hoards.
 */
import { MessageChannel } from "node:worker_threads";
import type { FullPack } from "../pack/pack.ts";
import { packBufferSize } from "../pack/pack.ts";
import { Thread } from "../threads.ts";
import { BufferSender } from "./buffer-return.ts";
import type { FileEvent, FileJob } from "./content.ts";
import type { WorkerPlan, WorkerReply, WorkerRequest } from "./content.worker.ts";
import type { Pool } from "./pool.ts";
import type { StorePack } from "./upload.ts";

const BATCHES_A_WORKER = 2;
const BATCH_JOBS = 64;
/** A reader's objects live shortly: a larger nursery is only more memory. */
const YOUNG_MB = 6;
const BATCH_BYTES = 4 * 2 ** 20;

/** What a worker is made with, but for what ties it to its pool. */
export type ReaderPlan = Omit<WorkerPlan, "buffers" | "posted">;

interface Reader {
  readonly thread: Thread<WorkerPlan, WorkerRequest, WorkerReply>;
  readonly buffers: BufferSender;
  batches: number;
  isFinished: boolean;
}

export class ThreadPool implements Pool {
  readonly #plans: readonly ReaderPlan[];
  readonly #store: StorePack;
  /** Started with the first job: an unchanged tree needs none. */
  #readers: readonly Reader[] = [];
  readonly #queue: FileJob[] = [];
  #pending = 0;
  /** Free buffers beside those that threads are filling, and the threads that wait for one. */
  readonly #buffers: Uint8Array[] = [];
  readonly #waiting: Reader[] = [];
  #events: FileEvent[] = [];
  readonly #uploads = new Set<Promise<void>>();
  #failure: { readonly reason: unknown } | undefined;
  #wake: () => void = () => {};

  /** @param plans - one for each thread. */
  constructor(plans: readonly ReaderPlan[], store: StorePack) {
    this.#plans = plans;
    this.#store = store;
  }

  get pending(): number {
    return this.#pending;
  }

  submit(jobs: readonly FileJob[]): void {
    this.#queue.push(...jobs);
    this.#pending += jobs.length;
    this.#dispatch();
  }

  withdraw(): FileJob[] {
    this.#pending -= this.#queue.length;
    return this.#queue.splice(0);
  }

  async take(): Promise<FileEvent[]> {
    await this.#until(() => this.#events.length > 0 || this.#pending === 0);
    const events = this.#events;
    this.#events = [];
    for (const { kind } of events) {
      if (kind === "done" || kind === "failed") this.#pending -= 1;
    }
    return events;
  }

  async finish(): Promise<void> {
    for (const { thread } of this.#readers) thread.post({ kind: "finish" });
    await this.#until(() => this.#uploads.size === 0 && this.#readers.every((r) => r.isFinished));
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map(({ thread }) => thread.end()));
    // They write to the cache in the end, which is closed next.
    await Promise.all(this.#uploads);
  }

  #start(plan: ReaderPlan): Reader {
    const { port1, port2 } = new MessageChannel();
    const posted = new Int32Array(new SharedArrayBuffer(4));
    const data: WorkerPlan = { ...plan, buffers: port2, posted };
    // It keeps nobody alive: the thread does while it has work.
    port1.unref();
    const buffers = new BufferSender(port1, posted);
    const thread = new Thread<WorkerPlan, WorkerRequest, WorkerReply>(
      new URL("./content.worker.js", import.meta.url),
      { data, transfer: [port2], youngMegabytes: YOUNG_MB },
      {
        reply: (reply) => this.#receive(reader, reply),
        failed: (reason) => this.#fail(reason),
      },
    );
    const reader: Reader = { thread, buffers, batches: 0, isFinished: false };
    return reader;
  }

  #receive(reader: Reader, reply: WorkerReply): void {
    switch (reply.kind) {
      case "events":
        this.#events.push(...reply.events);
        break;
      case "ready":
        reader.batches -= 1;
        this.#dispatch();
        break;
      case "finished":
        reader.isFinished = true;
        break;
      case "pack":
        this.#upload(reader, reply.pack);
        return;
    }
    this.#wake();
  }

  /** Stores a pack; its thread goes on in the next buffer that is free. */
  #upload(reader: Reader, pack: FullPack): void {
    this.#waiting.push(reader);
    this.#handOut();
    const upload = this.#store(pack)
      .then((buffer) => {
        this.#buffers.push(buffer);
        this.#handOut();
      })
      .catch((reason: unknown) => this.#fail(reason))
      .finally(() => {
        this.#uploads.delete(upload);
        this.#wake();
      });
    this.#uploads.add(upload);
  }

  #handOut(): void {
    while (this.#waiting.length > 0) {
      const buffer = this.#buffers.pop();
      if (buffer === undefined) return;
      this.#waiting.shift()?.buffers.send(buffer);
    }
  }

  #dispatch(): void {
    if (this.#readers.length === 0 && this.#queue.length > 0) {
      this.#readers = this.#plans.map((plan) => this.#start(plan));
      // One for two: filling a pack takes several times as long as storing one.
      for (const plan of this.#plans.slice(0, Math.ceil(this.#plans.length / 2))) {
        this.#buffers.push(new Uint8Array(packBufferSize(plan.bracket.sizes.pack)));
      }
    }
    while (this.#queue.length > 0) {
      const [reader] = [...this.#readers].sort((a, b) => a.batches - b.batches);
      if (reader === undefined || reader.batches >= BATCHES_A_WORKER) return;
      reader.batches += 1;
      reader.thread.post({ kind: "jobs", jobs: this.#queue.splice(0, this.#batchLength()) });
    }
  }

  #batchLength(): number {
    let bytes = 0;
    let length = 0;
    for (const job of this.#queue) {
      if (length === BATCH_JOBS || bytes >= BATCH_BYTES) break;
      bytes += job.size;
      length += 1;
    }
    return length;
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }

  /** Waits for a state that messages bring about. @throws what made the pool fail. */
  async #until(reached: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure) throw this.#failure.reason;
      if (reached()) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
