/**
 * The bracket of the pipe on a thread of its own: the same calls in the same
 * order as inline-pool.ts makes, synchronous inside. Out go events and full
 * packs, whose buffers come back.
 */
import type { MessagePort } from "node:worker_threads";
import { ChunkReader } from "../cache/chunks.ts";
import { contentSizes } from "../chunker/sizes.ts";
import { loadZstd } from "../compression/zstd.ts";
import type { FileDigestName } from "../digest/digest.ts";
import { systemRandom } from "../flow.ts";
import type { FullPack, Packing } from "../pack/pack.ts";
import { openPgp } from "../seal/sealing.ts";
import type { ThreadTools } from "../threads.ts";
import { serve } from "../threads.ts";
import type { Bracket, BracketPlan } from "./bracket.ts";
import { openBracket } from "./bracket.ts";
import { receiveBuffer } from "./buffer-return.ts";
import type { FileEvent, FileJob } from "./content.ts";
import { storeJob } from "./stream.ts";

/** What a worker begins with. */
export interface WorkerPlan {
  readonly bracket: BracketPlan;
  /** `Cache.path`. */
  readonly cachePath: string;
  readonly digest: FileDigestName;
  /** Where buffers come back, and the count of those that were posted. */
  readonly buffers: MessagePort;
  readonly posted: Int32Array;
}

/** What the main thread asks for. */
export type WorkerRequest =
  | { readonly kind: "jobs"; readonly jobs: readonly FileJob[] }
  | { readonly kind: "finish" };

/** What a worker answers. */
export type WorkerReply =
  | { readonly kind: "events"; readonly events: readonly FileEvent[] }
  | { readonly kind: "pack"; readonly pack: FullPack }
  /** All jobs of one request have been done. */
  | { readonly kind: "ready" }
  | { readonly kind: "finished" };

/** Enough that events of a long batch do not pile up. */
const EVENTS_A_REPLY = 64;

type Tools = ThreadTools<WorkerReply>;

async function bracketOf(plan: WorkerPlan, tools: Tools): Promise<Bracket> {
  const known = new ChunkReader(plan.cachePath);
  return await openBracket(plan.bracket, contentSizes(plan.bracket.sizes.chunk), {
    zstd: await loadZstd(),
    sealing: openPgp(systemRandom),
    known: {
      locate(id) {
        // Asked of each chunk: however long a file is, the thread can be ended.
        tools.mayGoOn();
        return known.locate(id);
      },
      refresh: () => known.refresh(),
    },
  });
}

/** What is to be told, a few at a time. */
class Events {
  readonly #tools: Tools;
  #waiting: FileEvent[] = [];

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  add(event: FileEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length >= EVENTS_A_REPLY || event.kind === "chunks") this.flush();
  }

  flush(): void {
    if (this.#waiting.length > 0) this.#tools.reply({ kind: "events", events: this.#waiting });
    this.#waiting = [];
  }
}

/** Takes a step to its end; gives full packs away and goes on in the next buffer. */
function storing(step: Packing<void>, { buffers, posted }: WorkerPlan, tools: Tools): void {
  let turn = step.next();
  while (!turn.done) {
    const pack = turn.value;
    tools.reply({ kind: "pack", pack }, [pack.bytes.buffer as ArrayBuffer]);
    turn = step.next(receiveBuffer(buffers, posted, tools.mayGoOn));
  }
}

await serve<WorkerPlan, WorkerRequest, WorkerReply>(async (plan, tools) => {
  const bracket = await bracketOf(plan, tools);
  const events = new Events(tools);
  const { digest } = plan;
  const { mayGoOn } = tools;
  const report = (event: FileEvent): void => events.add(event);
  const run = (step: Packing<void>): void => storing(step, plan, tools);
  return (request) => {
    if (request.kind === "finish") {
      run(bracket.finish());
      tools.reply({ kind: "finished" });
      return;
    }
    for (const job of request.jobs) {
      mayGoOn();
      run(storeJob(job, { bracket, digest, report, mayGoOn }));
    }
    events.flush();
    tools.reply({ kind: "ready" });
  };
});
