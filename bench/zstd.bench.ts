/**
 * zstd by every implementation there is, by size of frame: what a call costs, and
 * which one to prefer. `node dist/bench/zstd.bench.js FILE...` takes your own data.
 */
import { readFileSync } from "node:fs";
import type { Zstd, ZstdName } from "../src/compression/zstd.ts";
import { loadZstd } from "../src/compression/zstd.ts";

const ROUNDS = 7;
const MOST = 4 << 20;

const files = process.argv.length > 2 ? process.argv.slice(2) : [process.execPath];
const data = Buffer.concat(files.map((file) => readFileSync(file).subarray(0, MOST)));

const names: readonly ZstdName[] = ["node", "napi", "wasm"];
const loaded: Zstd[] = [];
for (const name of names) {
  const zstd = await loadZstd(name).catch((error: Error) => console.log(error.message));
  if (zstd) loaded.push(zstd);
}

function report(what: string, times: number[]): void {
  const speeds = times.map((time) => data.length / 1048.576 / time).sort((a, b) => a - b);
  const [worst, median, best] = [0, ROUNDS >> 1, ROUNDS - 1].map((i) => speeds[i]?.toFixed(0));
  console.log(`${what}: ${median} MiB/s (${worst}..${best})`);
}

for (const size of [4096, 16384, 65536, 131072, 1 << 20]) {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += size) pieces.push(data.subarray(at, at + size));
  for (const level of [1, 3]) {
    const times = new Map(
      loaded.map((zstd) => [zstd, { to: [] as number[], from: [] as number[] }]),
    );
    for (let round = 0; round < ROUNDS; round++) {
      for (const [zstd, { to, from }] of times) {
        const start = performance.now();
        const frames = pieces.map((piece) => zstd.compress(piece, level));
        const between = performance.now();
        const back = frames.map((frame) => zstd.decompress("it", frame, size));
        from.push(performance.now() - between);
        to.push(between - start);
        if (round === 0 && Buffer.compare(Buffer.concat(back), data) !== 0) throw new Error("lost");
      }
    }
    for (const [zstd, { to, from }] of times) {
      report(`${size / 1024} KiB, level ${level}, ${zstd.name}, compress`, to);
      report(`${size / 1024} KiB, level ${level}, ${zstd.name}, decompress`, from);
    }
  }
}
