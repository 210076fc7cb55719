/** The hash functions against what their authors published. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { DigestEngine, FileDigestName } from "../../src/digest/digest.ts";
import { loadDigests } from "../../src/digest/digest.ts";

interface Vectors {
  readonly key: string;
  readonly cases: readonly { length: number; hash: string; keyed: string }[];
}

const vectorFile = new URL("../../../test/vectors/blake3.json", import.meta.url);
const blake3: Vectors = JSON.parse(readFileSync(vectorFile, "utf8"));
const key = Buffer.from(blake3.key);
const input = (length: number) => new Uint8Array(length).map((_, i) => i % 251);

/** FIPS 180, the examples of appendix A and the empty message. */
const SHA1: readonly (readonly [string, string])[] = [
  ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
  ],
  ["a".repeat(1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"],
];

for (const engine of ["fastest", "hash-wasm"] satisfies DigestEngine[]) {
  const digests = await loadDigests(key, engine);
  const digestOf = (name: FileDigestName, bytes: Uint8Array) => {
    const digest = digests.file(name);
    digest.update(bytes);
    return digest.finish();
  };

  test(`${engine}: chunk ids are BLAKE3 under a key, as published`, () => {
    for (const { length, keyed } of blake3.cases) {
      assert.equal(Buffer.from(digests.chunkId(input(length))).toString("hex"), keyed);
    }
  });

  test(`${engine}: file digests by BLAKE3 are as published`, () => {
    for (const { length, hash } of blake3.cases) {
      assert.equal(digestOf("blake3", input(length)), `blake3:${hash}`);
    }
  });

  test(`${engine}: file digests by SHA-1 are as published`, () => {
    for (const [message, hash] of SHA1) {
      assert.equal(digestOf("sha1", Buffer.from(message)), `sha1:${hash}`);
    }
  });
}
