/** Looks chunks up in a thread of its own: told a number, it tells how many of that many it finds. */
import { parentPort, workerData } from "node:worker_threads";
import { ChunkReader } from "../../src/cache/chunks.ts";
import { idBytes } from "./cache.ts";

const port = parentPort;
if (port === null) throw new TypeError("this is for a worker thread");

const reader = new ChunkReader(workerData as string);

port.on("message", (message: number | "until" | "close") => {
  if (message === "close") {
    void reader.close().then(() => port.close());
  } else if (message === "until") {
    port.postMessage(readUntilKnown());
  } else {
    reader.refresh();
    port.postMessage(count(message));
  }
});
port.postMessage("ready");

function count(upTo: number): number {
  let found = 0;
  for (let n = 0; n < upTo; n += 1) {
    const place = reader.locate(idBytes(n));
    if (place !== undefined && place.offset === n * place.length) found += 1;
  }
  return found;
}

/** Never yields to the event loop; sees chunk 0 appear, or gives up. */
function readUntilKnown(): { before: boolean; stale: boolean; fresh: boolean } {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const before = reader.locate(idBytes(0)) !== undefined;
  port?.postMessage("looked");
  for (let round = 0; round < 1000; round += 1) {
    const stale = reader.locate(idBytes(0)) !== undefined;
    Atomics.wait(gate, 0, 0, 5);
    reader.refresh();
    if (reader.locate(idBytes(0)) !== undefined) return { before, stale, fresh: true };
  }
  return { before, stale: false, fresh: false };
}
