/** A thread that claims ids in an order of its own, and tells which it got. */
import { parentPort, workerData } from "node:worker_threads";
import { Claims } from "../../src/repository/claims.ts";

interface Race {
  readonly memory: SharedArrayBuffer;
  /** Counts the racers that are ready: they start together. */
  readonly start: Int32Array;
  readonly racers: number;
  readonly ids: readonly Uint8Array[];
  /** Where in `ids` this one begins. */
  readonly from: number;
}

const { memory, start, racers, ids, from } = workerData as Race;
const claims = new Claims(memory);

Atomics.add(start, 0, 1);
while (Atomics.load(start, 0) < racers);

const got: number[] = [];
const packs: number[] = [];
for (let step = 0; step < ids.length; step++) {
  const at = (from + step * 7) % ids.length;
  const id = ids[at];
  if (id === undefined || !claims.claim(id)) continue;
  got.push(at);
  packs.push(claims.nextPack());
}
// A second id for each, claimed and ended over and over by all: the table moves under everybody.
for (const id of ids.slice(0, 200)) {
  const other = Uint8Array.from(id, (byte) => byte ^ 0xff);
  if (claims.claim(other)) claims.withdraw(other);
}
parentPort?.postMessage({ got, packs });
