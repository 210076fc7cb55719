/** Writes units on a thread of its own. */
import { parentPort, workerData } from "node:worker_threads";
import { loadZstd } from "../compression/zstd.ts";
import type { DigestEngine } from "../digest/digest.ts";
import { loadDigests } from "../digest/digest.ts";
import { systemRandom } from "../flow.ts";
import { openPgp } from "../seal/sealing.ts";
import type { Unit } from "./unit.ts";
import { writeUnit } from "./unit.ts";

/** What a worker begins with. */
export interface RestorePlan {
  /** The key of chunk ids. */
  readonly chunkIdKey: Uint8Array;
  readonly engine: DigestEngine;
}

const port = parentPort;
if (port === null) throw new Error("restore.worker.ts runs in a worker thread only");
const plan = workerData as RestorePlan;
const zstd = await loadZstd();
const { chunkId } = await loadDigests(plan.chunkIdKey, plan.engine);
const { opener } = openPgp(systemRandom);

port.on("message", (unit: Unit) => {
  port.postMessage(writeUnit(unit, { zstd, opener, identify: chunkId }));
});
