/**
 * Worker threads, as the pipes use them: a thread gets ready, answers requests
 * in their order, fails with the class that its error had, and comes to an end
 * when it is asked to.
 *
 * Nobody ends a thread from outside, neither by `terminate` nor by leaving the
 * process under it: a native module that is being loaded, or called, would take
 * the whole process with it (SIGABRT). It is asked, by a flag in shared memory
 * that it looks at between requests and wherever it has long to go.
 */
import { once } from "node:events";
import type { MessagePort, Transferable } from "node:worker_threads";
import { parentPort, Worker, workerData } from "node:worker_threads";
import type { SentError } from "./errors.ts";
import { receivedError, sendable, UnavailableError } from "./errors.ts";

/** What a thread begins with, beside what it is for. */
interface Beginning<Data> {
  readonly data: Data;
  /** Not 0: it should come to an end. */
  readonly stop: Int32Array;
}

type Answer<Reply> = { readonly reply: Reply } | { readonly failure: SentError };

/** Ends a thread that has nothing to do. */
const END = "end";
const OUT_OF_MEMORY = "ERR_WORKER_OUT_OF_MEMORY";

/** All that run in this process. */
const running = new Set<{ end(): Promise<void> }>();

/** Is told what a thread answers; or, once, why there will be no more answers. */
export interface ThreadListener<Reply> {
  reply(reply: Reply): void;
  failed(reason: unknown): void;
}

export interface ThreadPlan<Data> {
  readonly data: Data;
  readonly transfer?: readonly Transferable[];
  /** The size of its nursery: for what lives shortly. */
  readonly youngMegabytes: number;
}

/** A thread, as the one that started it sees it. */
export class Thread<Data, Request, Reply> {
  readonly #worker: Worker;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  readonly #listener: ThreadListener<Reply>;
  readonly #ended: Promise<unknown>;
  #isOver = false;

  /** @param file - the built module, which calls {@link serve}. */
  constructor(file: URL, plan: ThreadPlan<Data>, listener: ThreadListener<Reply>) {
    const beginning: Beginning<Data> = { data: plan.data, stop: this.#stop };
    this.#listener = listener;
    this.#worker = new Worker(file, {
      workerData: beginning,
      transferList: [...(plan.transfer ?? [])],
      resourceLimits: { maxYoungGenerationSizeMb: plan.youngMegabytes },
    });
    this.#worker.on("message", (answer: Answer<Reply>) => {
      if ("reply" in answer) listener.reply(answer.reply);
      else this.#fail(receivedError(answer.failure));
    });
    this.#worker.on("error", (reason) => this.#fail(explained(reason)));
    this.#worker.on("exit", () => {
      running.delete(this);
      this.#fail(new Error("a worker thread ended before its work"));
    });
    this.#ended = once(this.#worker, "exit").catch(() => {});
    running.add(this);
  }

  post(request: Request, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  /** Asks it to come to an end, whatever it has been asked before; it is gone when this resolves. */
  async end(): Promise<void> {
    this.#isOver = true;
    Atomics.store(this.#stop, 0, 1);
    this.#worker.postMessage(END);
    if (running.has(this)) await this.#ended;
  }

  #fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.failed(reason);
  }
}

/** Asks all threads of this process to come to an end: before it may be left. */
export async function endThreads(): Promise<void> {
  await Promise.all([...running].map((thread) => thread.end()));
}

/** It should come to an end: whoever is called may throw this on. */
class Stopped extends Error {}

/** What a thread can do beside its work. */
export interface ThreadTools<Reply> {
  reply(reply: Reply, transfer?: readonly Transferable[]): void;
  /** To be called where there is long to go. @throws if the thread should come to an end. */
  readonly mayGoOn: () => void;
}

/**
 * Makes this module the thread of a {@link Thread}.
 *
 * @param prepare - gets ready, and gives back what answers requests. What either throws is what
 * the thread fails with.
 */
export async function serve<Data, Request, Reply>(
  prepare: (data: Data, tools: ThreadTools<Reply>) => Promise<(request: Request) => void>,
): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("this module runs in a worker thread only");
  const { data, stop } = workerData as Beginning<Data>;
  const isStopping = (): boolean => Atomics.load(stop, 0) !== 0;
  const tools: ThreadTools<Reply> = {
    reply: (reply, transfer = []) => answer(port, { reply }, transfer),
    mayGoOn: () => {
      if (isStopping()) throw new Stopped();
    },
  };
  try {
    const handle = await prepare(data, tools);
    port.on("message", (request: Request | typeof END) => {
      try {
        if (isStopping() || request === END) port.close();
        else handle(request);
      } catch (error) {
        fail(port, error);
      }
    });
  } catch (error) {
    fail(port, error);
  }
}

function fail(port: MessagePort, error: unknown): void {
  if (!(error instanceof Stopped)) answer(port, { failure: sendable(error) }, []);
  port.close();
}

function answer<Reply>(
  port: MessagePort,
  message: Answer<Reply>,
  transfer: readonly Transferable[],
): void {
  port.postMessage(message, transfer);
}

/** What Node itself says of a thread. */
function explained(reason: unknown): unknown {
  if (!(reason instanceof Error && "code" in reason && reason.code === OUT_OF_MEMORY))
    return reason;
  return new UnavailableError(
    "a worker thread ran out of memory: nothing is lost; run it again, with fewer --workers",
    { cause: reason },
  );
}
