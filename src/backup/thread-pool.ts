/**
 * Reads files on worker threads. Jobs go out in batches of neighbours, so that
 * the small files of a directory share frames; a worker has one batch in hand
 * and one to go on with, so that nobody waits and nobody hoards.
 */
import { once } from "node:events";
import { MessageChannel, Worker } from "node:worker_threads";
import type { FullPack } from "../pack/pack.ts";
import { packBufferSize } from "../pack/pack.ts";
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
export type ThreadPlan = Omit<WorkerPlan, "buffers" | "posted">;

interface Thread {
  readonly worker: Worker;
  readonly buffers: BufferSender;
  batches: number;
  isFinished: boolean;
  /** Settled once it has loaded its modules, or is gone. */
  readonly started: Promise<unknown>;
}

export class ThreadPool implements Pool {
  readonly #plans: readonly ThreadPlan[];
  readonly #store: StorePack;
  /** Started with the first job: an unchanged tree needs none. */
  #threads: readonly Thread[] = [];
  readonly #queue: FileJob[] = [];
  #pending = 0;
  /** Free buffers beside those that threads are filling, and the threads that wait for one. */
  readonly #buffers: Uint8Array[] = [];
  readonly #waiting: Thread[] = [];
  #events: FileEvent[] = [];
  readonly #uploads = new Set<Promise<void>>();
  #failure: { readonly reason: unknown } | undefined;
  #wake: () => void = () => {};

  /** @param plans - one for each thread. */
  constructor(plans: readonly ThreadPlan[], store: StorePack) {
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
    for (const thread of this.#threads) post(thread, { kind: "finish" });
    await this.#until(() => this.#uploads.size === 0 && this.#threads.every((t) => t.isFinished));
  }

  async close(): Promise<void> {
    for (const { buffers } of this.#threads) buffers.stop();
    await Promise.all(this.#threads.map(({ started }) => started));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
    // They write to the cache in the end, which is closed next.
    await Promise.all(this.#uploads);
  }

  #start(plan: ThreadPlan): Thread {
    const { port1, port2 } = new MessageChannel();
    const posted = new Int32Array(new SharedArrayBuffer(4));
    const data: WorkerPlan = { ...plan, buffers: port2, posted };
    const worker = new Worker(new URL("./content.worker.js", import.meta.url), {
      workerData: data,
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    // It keeps nobody alive: the worker does while it has work.
    port1.unref();
    const buffers = new BufferSender(port1, posted);
    const thread: Thread = {
      worker,
      buffers,
      batches: 0,
      isFinished: false,
      started: startOf(worker),
    };
    worker.on("message", (reply: WorkerReply) => this.#receive(thread, reply));
    worker.on("error", (reason) => this.#fail(reason));
    worker.on("exit", () => {
      if (!thread.isFinished) this.#fail(new Error("a worker thread ended before its work"));
    });
    return thread;
  }

  #receive(thread: Thread, reply: WorkerReply): void {
    switch (reply.kind) {
      case "events":
        this.#events.push(...reply.events);
        break;
      case "ready":
        thread.batches -= 1;
        this.#dispatch();
        break;
      case "finished":
        thread.isFinished = true;
        break;
      case "started":
        return;
      case "pack":
        this.#upload(thread, reply.pack);
        return;
    }
    this.#wake();
  }

  /** Stores a pack; its thread goes on in the next buffer that is free. */
  #upload(thread: Thread, pack: FullPack): void {
    this.#waiting.push(thread);
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
    if (this.#threads.length === 0 && this.#queue.length > 0) {
      this.#threads = this.#plans.map((plan) => this.#start(plan));
      // One for two: filling a pack takes several times as long as storing one.
      for (const plan of this.#plans.slice(0, Math.ceil(this.#plans.length / 2))) {
        this.#buffers.push(new Uint8Array(packBufferSize(plan.bracket.sizes.pack)));
      }
    }
    while (this.#queue.length > 0) {
      const [thread] = [...this.#threads].sort((a, b) => a.batches - b.batches);
      if (thread === undefined || thread.batches >= BATCHES_A_WORKER) return;
      thread.batches += 1;
      post(thread, { kind: "jobs", jobs: this.#queue.splice(0, this.#batchLength()) });
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

/** A native module that is loaded while its thread is ended takes the process with it. */
function startOf(worker: Worker): Promise<unknown> {
  return Promise.race(["message", "error", "exit"].map((event) => once(worker, event))).catch(
    () => {},
  );
}

function post({ worker }: Thread, request: WorkerRequest): void {
  worker.postMessage(request);
}
