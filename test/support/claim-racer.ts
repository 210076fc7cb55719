/** A thread that claims ids in the same order as all others, and tells which it got. */
import { parentPort, workerData } from "node:worker_threads";
import { Claims } from "../../src/repository/claims.ts";

interface Race {
  readonly memory: SharedArrayBuffer;
  /** Counts the racers that are ready: they start together. */
  readonly start: Int32Array;
  readonly racers: number;
  readonly ids: readonly Uint8Array[];
}

const { memory, start, racers, ids } = workerData as Race;
const claims = new Claims(memory);

Atomics.add(start, 0, 1);
while (Atomics.load(start, 0) < racers);

const got: number[] = [];
const packs: number[] = [];
for (const [at, id] of ids.entries()) {
  if (claims.claim(id)) {
    got.push(at);
    packs.push(claims.nextPack());
  }
  // Others come and go meanwhile: what stands behind them moves.
  const other = Uint8Array.from(id, (byte, n) => (n < 4 ? byte : byte ^ 0xff));
  if (claims.claim(other)) claims.withdraw(other);
}
parentPort?.postMessage({ got, packs });
