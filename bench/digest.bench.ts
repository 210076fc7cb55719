/** What chunk ids and file digests cost, by size of input and by engine; node:crypto as the rival. */
import { createHash } from "node:crypto";
import type { Digests, FileDigestName } from "../src/digest/digest.ts";
import { loadDigests } from "../src/digest/digest.ts";

const TOTAL = 32 << 20;
const ROUNDS = 9;

const data = new Uint8Array(TOTAL).map((_, i) => Math.imul(i ^ (i >>> 9), 0x9e3779b1) >>> 24);
const key = new Uint8Array(32);
const fastest = await loadDigests(key, "fastest");
const wasm = await loadDigests(key, "hash-wasm");

function digestFile(digests: Digests, name: FileDigestName, bytes: Uint8Array): void {
  const digest = digests.file(name);
  digest.update(bytes);
  digest.finish();
}

const variants: Record<string, (bytes: Uint8Array) => void> = {
  "chunk id": (bytes) => wasm.chunkId(bytes),
  "sha256 (node:crypto)": (bytes) => createHash("sha256").update(bytes).digest(),
  "file blake3": (bytes) => digestFile(wasm, "blake3", bytes),
  "file sha1, fastest": (bytes) => digestFile(fastest, "sha1", bytes),
  "file sha1, hash-wasm": (bytes) => digestFile(wasm, "sha1", bytes),
};

for (const size of [4096, 65536, 1 << 20, 4 << 20]) {
  const speeds = new Map(Object.keys(variants).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(variants)) {
      const start = performance.now();
      for (let at = 0; at < TOTAL; at += size) run(data.subarray(at, at + size));
      speeds.get(name)?.push(TOTAL / 1048.576 / (performance.now() - start));
    }
  }
  for (const [name, all] of speeds) {
    const [worst, median, best] = [0, ROUNDS >> 1, ROUNDS - 1].map((i) =>
      all.sort((a, b) => a - b)[i]?.toFixed(0),
    );
    console.log(`${size / 1024} KiB, ${name}: ${median} MiB/s (${worst}..${best})`);
  }
}
