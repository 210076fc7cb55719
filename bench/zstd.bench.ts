/**
 * What does zstd cost by each implementation there is here, by size of frame and level?
 *
 * usage: node dist/bench/zstd.bench.js [FILE...]   for data of your own
 */
import { readFileSync } from "node:fs";
import type { Zstd, ZstdName } from "../src/compression/zstd.ts";
import { loadZstd } from "../src/compression/zstd.ts";
import { compare } from "./compare.ts";

const MOST = 4 * 2 ** 20;

const files = process.argv.length > 2 ? process.argv.slice(2) : [process.execPath];
const data = Buffer.concat(files.map((file) => readFileSync(file).subarray(0, MOST)));

const loaded: Zstd[] = [];
for (const name of ["napi", "node", "wasm"] satisfies ZstdName[]) {
  const zstd = await loadZstd(name).catch(() => console.log(`${name}: not on this Node`));
  if (zstd) loaded.push(zstd);
}

for (const size of [4096, 65536, 131072, 2 ** 20]) {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += size) pieces.push(data.subarray(at, at + size));
  for (const level of [1, 3]) {
    const to: Record<string, () => unknown> = {};
    const from: Record<string, () => unknown> = {};
    let stored = 0;
    for (const zstd of loaded) {
      const frames = pieces.map((piece) => zstd.compress(piece, level).slice());
      const back = frames.map((frame) => zstd.decompress("a frame", frame, size));
      if (Buffer.compare(Buffer.concat(back), data) !== 0) throw new Error("not what it was");
      stored = frames.reduce((sum, frame) => sum + frame.length, 0);
      to[`${zstd.name} compress`] = () => pieces.map((piece) => zstd.compress(piece, level));
      from[`${zstd.name} decompress`] = () =>
        frames.map((frame) => zstd.decompress("a frame", frame, size));
    }
    const share = ((100 * stored) / data.length).toFixed(1);
    console.log(`level ${level}, frames of ${size / 1024} KiB, to ${share} %`);
    await compare(data.length, to, 5);
    await compare(data.length, from, 5);
  }
}
