import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { frameContentSize } from "../../src/compression/frame-header.ts";
import type { Zstd, ZstdName } from "../../src/compression/zstd.ts";
import { checked, loadZstd } from "../../src/compression/zstd.ts";
import { CorruptError, UsageError } from "../../src/errors.ts";
import { memories } from "../support/memories.ts";
import { randomBytes } from "../support/random.ts";
import {
  frameOf,
  NOT_LAST_RAW_BLOCK,
  RAW_BLOCK,
  RESERVED_BLOCK,
  RLE_BLOCK,
  SKIPPABLE_FRAME,
} from "../support/zstd-frames.ts";

const NAMES: readonly ZstdName[] = ["node", "napi", "wasm"];
const MiB = 1 << 20;
const BLOCK = 128 * 1024;
const HAS_CHECKSUM = 4;
const numRuns = process.env["SLOW"] ? 2000 : 100;

const loaded = new Map<ZstdName, Zstd>();
for (const name of NAMES) {
  const zstd = await loadZstd(name).catch((error: unknown) => {
    assert(error instanceof UsageError, `${error}`);
  });
  if (zstd) loaded.set(name, zstd);
}

const refused = (zstd: Zstd, frame: Uint8Array, limit: number = MiB) =>
  assert.throws(
    () => zstd.decompress("packs/7", frame, limit),
    (error: unknown) => error instanceof CorruptError && error.object === "packs/7",
  );

/** Random bytes, words and repetition, in changing proportion. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.lorem().map((words) => new TextEncoder().encode(words)),
      fc.tuple(fc.nat(255), fc.nat(9000)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => new Uint8Array(Buffer.concat(pieces)));
const level = fc.constantFrom(1, 2, 3, 6, 9);
const text = new TextEncoder().encode("The lake lays down one layer a year. ".repeat(100));

for (const name of NAMES) {
  const zstd = loaded.get(name);
  if (zstd) describe(`zstd by ${name}`, () => suite(zstd));
  else test(`zstd by ${name}`, { skip: `not to be had on Node ${process.versions.node}` });
}

function suite(zstd: Zstd): void {
  test("it gives back what it was given", () => {
    fc.assert(
      fc.property(content, level, (bytes, level) => {
        const frame = zstd.compress(bytes, level);
        assert.deepEqual(zstd.decompress("it", frame, bytes.length), bytes);
      }),
      { numRuns },
    );
  });

  test("a frame states its size and has no checksum", () => {
    fc.assert(
      fc.property(content, level, (bytes, level) => {
        const frame = zstd.compress(bytes, level);
        assert.equal(frameContentSize("it", frame), bytes.length);
        assert.equal((frame[4] ?? HAS_CHECKSUM) & HAS_CHECKSUM, 0);
      }),
      { numRuns },
    );
  });

  test("chunks as large as they come, random or not, survive", () => {
    const random = new Uint32Array(MiB).map((_, i) => Math.imul(i ^ (i >>> 7), 0x9e3779b1));
    for (const bytes of [new Uint8Array(random.buffer), new Uint8Array(4 * MiB).fill(7)]) {
      const frame = zstd.compress(bytes, 1);
      assert.equal(Buffer.compare(zstd.decompress("it", frame, 4 * MiB), bytes), 0);
    }
  });

  test("views on shared and WASM memory at odd offsets are read", () => {
    for (const buffer of memories()) {
      const bytes = new Uint8Array(buffer, 3, text.length);
      bytes.set(text);
      const frame = zstd.compress(bytes, 3);
      const stored = new Uint8Array(buffer, 5, frame.length);
      stored.set(frame);
      assert.deepEqual(zstd.decompress("it", stored, text.length), text);
    }
  });

  test("a result is not overwritten by the next", () => {
    const first = zstd.compress(text, 3);
    const kept = first.slice();
    const back = zstd.decompress("it", first, text.length);
    zstd.decompress("it", zstd.compress(new Uint8Array(text.length), 3), text.length);
    assert.deepEqual(first, kept);
    assert.deepEqual(back, text);
  });

  test("the others' frames are read", () => {
    for (const other of loaded.values()) {
      assert.deepEqual(zstd.decompress("it", other.compress(text, 3), text.length), text);
    }
  });

  test("a frame of what is not compressed is read, whatever fills it", () => {
    for (const size of [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 4 * MiB]) {
      const bytes = randomBytes(size % 7, size);
      const frame = zstd.compress(bytes, "none");
      assert.equal(frameContentSize("it", frame), size);
      assert.equal(Buffer.compare(zstd.decompress("it", frame, size), bytes), 0, String(size));
    }
  });

  test("frames of every form are read: raw, repeated, with window, with checksum", () => {
    const hello = new TextEncoder().encode("hello");
    const parts = { sizeBytes: 1, contentSize: 5, blocks: RAW_BLOCK } as const;
    const checksum = [0xa3, 0x6d, 0x9f, 0x88];
    const read = (frame: Uint8Array) => zstd.decompress("it", frame, 5);
    assert.deepEqual(read(frameOf(parts)), hello);
    assert.deepEqual(read(frameOf({ ...parts, sizeBytes: 8, window: 0 })), hello);
    assert.deepEqual(read(frameOf({ ...parts, checksum })), hello);
    assert.deepEqual(read(frameOf({ ...parts, blocks: RLE_BLOCK })), hello.fill(104));
  });

  test("the level of each call counts", () => {
    const lines = Array.from({ length: 4000 }, (_, i) => `${i} ${(i * i) % 997} ${i % 61} file\n`);
    const bytes = new TextEncoder().encode(lines.join(""));
    const [fast, small, fastAgain] = [1, 19, 1].map((level) => zstd.compress(bytes, level).length);
    assert(fast !== undefined && small !== undefined && small < fast, `${small} < ${fast}`);
    assert.equal(fastAgain, fast);
  });

  test("a level that is no whole number from 1 to 19 is refused", () => {
    for (const level of [0, -1, 20, 1.5, Number.NaN]) {
      assert.throws(() => zstd.compress(text, level), RangeError);
    }
  });

  test("more than the limit is refused before there is memory for it", () => {
    const frame = zstd.compress(text, 3);
    assert.equal(zstd.decompress("it", frame, text.length).length, text.length);
    refused(zstd, frame, text.length - 1);
    for (const contentSize of [MiB + 1, 2 ** 40, 2 ** 60]) {
      refused(zstd, frameOf({ sizeBytes: 8, contentSize, blocks: RAW_BLOCK }));
    }
  });

  test("a frame cut off anywhere is refused", () => {
    const frame = zstd.compress(text, 3);
    for (let length = 0; length < frame.length; length++) refused(zstd, frame.subarray(0, length));
  });

  test("what is not exactly one frame is refused", () => {
    const frame = [...zstd.compress(text, 3)];
    const empty = [...zstd.compress(new Uint8Array(0), 3)];
    for (const more of [[0], frame, empty, SKIPPABLE_FRAME]) {
      refused(zstd, Uint8Array.from([...frame, ...more]));
      refused(zstd, Uint8Array.from([...more, ...frame]));
    }
  });

  test("a frame that states another size than it has is refused", () => {
    for (const contentSize of [0, 4, 6, 200]) {
      for (const blocks of [RAW_BLOCK, RLE_BLOCK]) {
        refused(zstd, frameOf({ sizeBytes: 1, contentSize, blocks }));
      }
    }
    const tail = zstd.compress(text, 3).subarray(7);
    for (const contentSize of [text.length - 1, text.length + 1]) {
      refused(zstd, frameOf({ sizeBytes: 2, contentSize, blocks: [...tail] }));
    }
  });

  test("a dictionary, a reserved block, a wrong checksum and a vast window are refused", () => {
    const parts = { sizeBytes: 4, contentSize: 5, blocks: RAW_BLOCK } as const;
    assert.equal(zstd.decompress("it", frameOf(parts), 5).length, 5);
    refused(zstd, frameOf({ ...parts, dictionaryId: [9] }));
    refused(zstd, frameOf({ ...parts, blocks: RESERVED_BLOCK }));
    refused(zstd, frameOf({ ...parts, checksum: [1, 2, 3, 4] }));
    refused(zstd, frameOf({ ...parts, window: 0xff }));
    refused(zstd, frameOf({ ...parts, blocks: [...NOT_LAST_RAW_BLOCK, ...RAW_BLOCK] }));
  });

  test("damage is refused or harmless, and nothing of it stays behind", () => {
    fc.assert(
      fc.property(content, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, flip) => {
        const frame = zstd.compress(bytes, 3);
        const index = at % frame.length;
        const damaged = frame.map((byte, i) => (i === index ? byte ^ flip : byte));
        try {
          assert(zstd.decompress("it", damaged, MiB).length <= MiB);
        } catch (error) {
          assert(error instanceof CorruptError, `${error}`);
        }
        assert.deepEqual(zstd.decompress("it", frame, bytes.length), bytes);
      }),
      { numRuns: numRuns * 3 },
    );
  });

  test("it works on a worker thread", async () => {
    const url = new URL("../../src/compression/zstd.js", import.meta.url).href;
    const worker = new Worker(
      `import(${JSON.stringify(url)})
        .then(({ loadZstd }) => loadZstd(${JSON.stringify(zstd.name)}))
        .then((zstd) => require("node:worker_threads").parentPort.postMessage(
          zstd.compress(require("node:worker_threads").workerData, 3).slice()));`,
      { eval: true, workerData: text },
    );
    const frame = await new Promise<Uint8Array>((resolve, reject) => {
      worker.on("message", resolve).on("error", reject);
    });
    await worker.terminate();
    assert.deepEqual(zstd.decompress("it", frame, text.length), text);
  });

  const noCommand = spawnSync("zstd", ["--version"]).error !== undefined;
  test("the zstd command reads its frames, and it the command's", {
    skip: noCommand && "no zstd command here",
  }, () => {
    const read = spawnSync("zstd", ["-dc"], { input: zstd.compress(text, 3) });
    assert.equal(read.stderr.toString(), "");
    assert.deepEqual(new Uint8Array(read.stdout), text);
    const written = spawnSync("zstd", ["-c", `--stream-size=${text.length}`], { input: text });
    assert.deepEqual(zstd.decompress("it", written.stdout, text.length), text);
  });
}

test("an implementation that gives back too little without a word is found out", () => {
  const lazy = { compress: () => text, decompress: () => new Uint8Array(4) };
  refused(checked("node", lazy), frameOf({ sizeBytes: 1, contentSize: 5, blocks: RAW_BLOCK }));
});

test("the best zstd there is gets loaded when none is named", async () => {
  assert.equal(
    (await loadZstd()).name,
    NAMES.find((name) => loaded.has(name)),
  );
});

test("a zstd that this Node lacks is a matter of usage, with the way out", {
  skip: loaded.has("node") && `Node ${process.versions.node} has one`,
}, async () => {
  await assert.rejects(loadZstd("node"), (error: unknown) => {
    return error instanceof UsageError && /tried node.*Node 22\.15/.test(error.message);
  });
});
