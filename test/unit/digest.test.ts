import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import type { DigestEngine, FileDigestName } from "../../src/digest/digest.ts";
import { loadDigests } from "../../src/digest/digest.ts";
import { memories } from "../support/memories.ts";

const numRuns = process.env["SLOW"] ? 2000 : 100;
const key = new Uint8Array(32).map((_, i) => i * 7);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
/** Around the 16 KiB that hash-wasm takes at once, and the 1 KiB of BLAKE3's leaves. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .tuple(fc.constantFrom(1024, 16384, 32768), fc.integer({ min: -2, max: 2 }), fc.nat(255))
    .map(([size, more, seed]) => new Uint8Array(size + more).map((_, i) => i * seed + (i >> 8))),
);
const NAMES: readonly FileDigestName[] = ["sha1", "blake3", "none"];

for (const engine of ["fastest", "hash-wasm"] satisfies DigestEngine[]) {
  const digests = await loadDigests(key, engine);
  const digestOf = (name: FileDigestName, pieces: Iterable<Uint8Array>) => {
    const digest = digests.file(name);
    for (const piece of pieces) digest.update(piece);
    return digest.finish();
  };

  test(`${engine}: SHA-1 is what node:crypto makes of the same bytes`, () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const sha1 = createHash("sha1").update(bytes).digest("hex");
        assert.equal(digestOf("sha1", [bytes]), `sha1:${sha1}`);
      }),
      { numRuns },
    );
  });

  test(`${engine}: a file's digest does not depend on how its bytes come in pieces`, () => {
    fc.assert(
      fc.property(
        fc.array(content, { maxLength: 6 }),
        fc.constantFrom(...NAMES),
        (pieces, name) => {
          assert.equal(digestOf(name, pieces), digestOf(name, [Buffer.concat(pieces)]));
        },
      ),
      { numRuns },
    );
  });

  test(`${engine}: "none" has no digest`, () => {
    assert.equal(digestOf("none", [key]), undefined);
  });

  test(`${engine}: views on shared and WASM memory at odd offsets are read in place`, () => {
    for (const buffer of memories()) {
      for (const length of [0, 1, 1025, 40_001]) {
        const bytes = new Uint8Array(length).map((_, i) => i * 31);
        const view = new Uint8Array(buffer, 3, length);
        view.set(bytes);
        assert.deepEqual(digests.chunkId(view), digests.chunkId(bytes));
        for (const name of NAMES) assert.equal(digestOf(name, [view]), digestOf(name, [bytes]));
      }
    }
  });

  test(`${engine}: chunk ids may be taken in the middle of a file's digest`, () => {
    const whole = digestOf("blake3", [key, key]);
    const id = hex(digests.chunkId(key));
    const digest = digests.file("blake3");
    digest.update(key);
    assert.equal(hex(digests.chunkId(key)), id);
    digest.update(key);
    assert.equal(digest.finish(), whole);
  });

  test(`${engine}: a chunk id is not overwritten by the next, nor is it a part of a pool`, () => {
    const id = digests.chunkId(key);
    const kept = hex(id);
    digests.chunkId(new Uint8Array(5));
    assert.equal(hex(id), kept);
    assert.equal(id.buffer.byteLength, 32);
  });

  test(`${engine}: a file digest is void once it is finished, or another one open`, () => {
    for (const name of NAMES) {
      const first = digests.file(name);
      const second = digests.file(name);
      assert.throws(() => first.update(key), /finished, or not the last opened/);
      assert.throws(() => first.finish(), /finished, or not the last opened/);
      second.update(key);
      const digest = second.finish();
      assert.throws(() => second.update(key), /finished, or not the last opened/);
      assert.throws(() => second.finish(), /finished, or not the last opened/);
      assert.equal(digest, digestOf(name, [key]));
    }
  });

  test(`${engine}: ids depend on the key, and not on what becomes of the caller's copy`, async () => {
    const mine = key.slice();
    const others = await loadDigests(mine, engine);
    mine.fill(0);
    assert.equal(hex(others.chunkId(key)), hex(digests.chunkId(key)));
    const zero = await loadDigests(mine, engine);
    assert.notEqual(hex(zero.chunkId(key)), hex(digests.chunkId(key)));
  });

  test(`${engine}: a key of another length is refused`, async () => {
    for (const length of [0, 31, 33, 64]) {
      await assert.rejects(loadDigests(new Uint8Array(length), engine), RangeError);
    }
  });

  test(`${engine}: a worker thread finds the same ids`, async () => {
    const url = new URL("../../src/digest/digest.js", import.meta.url).href;
    const worker = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
      import(${JSON.stringify(url)})
        .then(({ loadDigests }) => loadDigests(workerData, ${JSON.stringify(engine)}))
        .then((digests) => parentPort.postMessage(digests.chunkId(workerData)));`,
      { eval: true, workerData: key },
    );
    const id = await new Promise<Uint8Array>((resolve, reject) => {
      worker.on("message", resolve).on("error", reject);
    });
    await worker.terminate();
    assert.equal(hex(id), hex(digests.chunkId(key)));
  });
}
