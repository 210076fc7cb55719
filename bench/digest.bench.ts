/** What do chunk ids and file digests cost, by size of input and by engine, beside node:crypto? */
import { createHash } from "node:crypto";
import type { Digests, FileDigestName } from "../src/digest/digest.ts";
import { loadDigests } from "../src/digest/digest.ts";
import { compare } from "./compare.ts";
import { corpora } from "./corpus.ts";

const TOTAL = 32 * 2 ** 20;

const data = corpora(TOTAL)["mixed"] ?? new Uint8Array();
const key = new Uint8Array(32);
const fastest = await loadDigests(key, "fastest");
const wasm = await loadDigests(key, "hash-wasm");

function digestFile(digests: Digests, name: FileDigestName, bytes: Uint8Array): string | undefined {
  const digest = digests.file(name);
  digest.update(bytes);
  return digest.finish();
}

const variants: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  "sha256 (node)": (bytes) => createHash("sha256").update(bytes).digest(),
  "chunk id": (bytes) => wasm.chunkId(bytes),
  "file blake3": (bytes) => digestFile(wasm, "blake3", bytes),
  "file sha1": (bytes) => digestFile(fastest, "sha1", bytes),
  "  by hash-wasm": (bytes) => digestFile(wasm, "sha1", bytes),
};

const sha1 = `sha1:${createHash("sha1").update(data).digest("hex")}`;
for (const digests of [fastest, wasm]) {
  if (digestFile(digests, "sha1", data) !== sha1) throw new Error("not the SHA-1");
}
for (const size of [4096, 65536, 2 ** 20, 2 ** 22]) {
  console.log(`in pieces of ${size / 1024} KiB`);
  const runs = Object.entries(variants).map(([name, run]) => [
    name,
    () => {
      for (let at = 0; at < TOTAL; at += size) run(data.subarray(at, at + size));
    },
  ]);
  await compare(TOTAL, Object.fromEntries(runs));
}
