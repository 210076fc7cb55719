/**
 * The bracket of the pipe on a thread of its own: the same calls in the same
 * order as inline-pool.ts makes, synchronous inside. Out go events and full
 * packs, whose buffers come back.
 */
import type { MessagePort } from "node:worker_threads";
import { parentPort, workerData } from "node:worker_threads";
import { ChunkReader } from "../cache/chunks.ts";
import { contentSizes } from "../chunker/sizes.ts";
import { loadZstd } from "../compression/zstd.ts";
import type { FileDigestName } from "../digest/digest.ts";
import { systemRandom } from "../flow.ts";
import type { FullPack, Packing } from "../pack/pack.ts";
import { openPgp } from "../seal/sealing.ts";
import type { BracketPlan } from "./bracket.ts";
import { openBracket } from "./bracket.ts";
import { receiveBuffer } from "./buffer-return.ts";
import type { FileEvent, FileJob } from "./content.ts";
import { storeFile } from "./content.ts";

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
  /** All is loaded: only from now on may the thread be ended from outside. */
  | { readonly kind: "started" }
  | { readonly kind: "events"; readonly events: readonly FileEvent[] }
  | { readonly kind: "pack"; readonly pack: FullPack }
  /** All jobs of one request have been done. */
  | { readonly kind: "ready" }
  | { readonly kind: "finished" };

/** Enough that events of a long batch do not pile up. */
const EVENTS_A_REPLY = 64;

const plan = workerData as WorkerPlan;
const port = parentPort;
if (port === null) throw new Error("content.worker.ts runs in a worker thread only");

const bracket = await openBracket(plan.bracket, contentSizes(plan.bracket.sizes.chunk), {
  zstd: await loadZstd(),
  sealing: openPgp(systemRandom),
  known: new ChunkReader(plan.cachePath),
});

let events: FileEvent[] = [];

port.on("message", (request: WorkerRequest) => {
  if (request.kind === "finish") {
    run(bracket.finish());
    reply({ kind: "finished" });
    return;
  }
  for (const job of request.jobs) run(storeFile(job, bracket, plan.digest, report));
  flush();
  reply({ kind: "ready" });
});

reply({ kind: "started" });

function report(event: FileEvent): void {
  events.push(event);
  if (events.length >= EVENTS_A_REPLY || event.kind === "chunks") flush();
}

function flush(): void {
  if (events.length > 0) reply({ kind: "events", events });
  events = [];
}

/** Takes a step to its end; gives full packs away and goes on in the next buffer. */
function run(step: Packing<void>): void {
  let turn = step.next();
  while (!turn.done) {
    const pack = turn.value;
    port?.postMessage({ kind: "pack", pack } satisfies WorkerReply, [
      pack.bytes.buffer as ArrayBuffer,
    ]);
    const buffer = receiveBuffer(plan.buffers, plan.posted);
    // The run is being stopped: nothing of it will be asked for.
    if (buffer === undefined) return;
    turn = step.next(buffer);
  }
}

function reply(message: WorkerReply): void {
  port?.postMessage(message);
}
