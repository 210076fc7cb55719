import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createChunker } from "../../src/chunker/chunker.ts";
import type { ChunkSizes } from "../../src/chunker/sizes.ts";
import { sizesAround } from "../../src/chunker/sizes.ts";
import { UsageError } from "../../src/errors.ts";
import type { Form } from "../support/chunkers.ts";
import { forms } from "../support/chunkers.ts";
import { chunkLength, chunkLengths } from "../support/gear.ts";
import { gearTable, randomBytes } from "../support/random.ts";
import { CONTENT_SIZES, TREE_SIZES } from "../support/sizes.ts";

const table = gearTable(1);
const sizes = sizesAround(16384);
const { min, average, max } = sizes;

/** As in assembly/gear.ts. */
const STRIDE = 256;

/** 32 bytes that end a chunk wherever they come. */
const ending = endingBytes();

function endingBytes(): Uint8Array {
  const bytes = randomBytes(7, 4 * 2 ** 20);
  let start = 0;
  for (const length of chunkLengths(bytes, table, sizes)) {
    if (length < average) return bytes.slice(start + length - 32, start + length);
    start += length;
  }
  throw new Error("no chunk below average");
}

/** As many bytes as `length`, which end a chunk and hold no other cut. */
function bytesEndingAt(length: number): Uint8Array {
  const bytes = new Uint8Array(max);
  bytes.set(ending, length - ending.length);
  return bytes;
}

for (const form of forms) describe(form.name, () => suite(form));

function suite({ make }: Form): void {
  it("finds a cut wherever it lies: in each lane, at each seam", () => {
    const chunker = make(table, sizes, max);
    // Strides are powers of two: no step of 31 is in step with them.
    const steps = Array.from({ length: Math.floor((max - min) / 31) }, (_, at) => min + 31 * at);
    const seams = Array.from({ length: (max - min) / STRIDE }, (_, at) => min + STRIDE * at);
    for (const length of [...steps, ...seams, ...seams.map((seam) => seam + STRIDE - 1)]) {
      chunker.window.set(bytesEndingAt(length));
      assert.equal(chunker.next(0, max), length);
    }
  });

  it("takes the first of several cuts", () => {
    const chunker = make(table, sizes, max);
    for (const [first, second] of [
      [min + 700, min + 720 + ending.length],
      [min + 1030, min + 2000],
      [min + 5000, min + 8000],
      [average + 100, average + 9000],
    ] as const) {
      const bytes = bytesEndingAt(second);
      bytes.set(ending, first - ending.length);
      chunker.window.set(bytes);
      assert.equal(chunker.next(0, max), first);
    }
  });

  it("judges no length below min", () => {
    const chunker = make(table, sizes, max);
    chunker.window.set(bytesEndingAt(min - 1));
    assert.equal(chunker.next(0, max), max);
    chunker.window.set(bytesEndingAt(min));
    assert.equal(chunker.next(0, max), min);
  });

  it("cuts below 2^30 / average from min on, below 2^34 / average from average on", () => {
    // Over zeros h settles at minus the entry for 0.
    for (const [h, expected] of [
      [2 ** 30 / average - 1, min],
      [2 ** 30 / average, average],
      [2 ** 34 / average - 1, average],
      [2 ** 34 / average, max],
    ] as const) {
      assert.equal(make(new Uint32Array(256).fill(-h), sizes, max).next(0, max), expected);
    }
  });

  it("says 0 while the cut may be in what is not there yet", () => {
    const chunker = make(table, sizes, max);
    const length = average + 5000;
    chunker.window.set(bytesEndingAt(length));
    for (const to of [0, 1, 31, 32, min - 1, min, average - 1, average, length - 1]) {
      assert.equal(chunker.next(0, to), 0, `${to} bytes`);
    }
    assert.equal(chunker.next(0, length), length);
  });

  it("cuts at max where nothing else does, and there only", () => {
    const chunker = make(table, sizes, 2 * max);
    assert.equal(chunker.next(0, max - 1), 0);
    assert.equal(chunker.next(0, max), max);
    assert.equal(chunker.next(0, 2 * max), max);
  });

  it("looks at nothing behind the bytes that are there, to the window's last", () => {
    const chunker = make(table, sizes, max);
    chunker.window.set(bytesEndingAt(min).subarray(0, min), max - min);
    for (const left of [0, 1, 31, min - 1]) assert.equal(chunker.next(max - left, max), 0);
    assert.equal(chunker.next(max - min, max - 1), 0);
    assert.equal(chunker.next(max - min, max), min);
  });

  it("reads nothing beyond its memory", () => {
    const end = CONTENT_SIZES.max;
    const chunker = make(table, CONTENT_SIZES, end);
    // The scan would begin a quarter of an average, or a whole one, behind this.
    for (const left of [0, 1, CONTENT_SIZES.min]) assert.equal(chunker.next(end - left, end), 0);
  });

  it("refuses what does not lie in the window", () => {
    const chunker = make(table, sizes, max);
    for (const [from, to] of [
      [-1, max],
      [0, max + 1],
      [2, 1],
      [max + 1, max + 1],
      [0.5, max],
      [0, max - 0.5],
      [Number.NaN, max],
      [0, Number.NaN],
    ] as const) {
      assert.throws(() => chunker.next(from, to), RangeError, `[${from}, ${to})`);
    }
  });

  it("splits a stream longer than its window", () => {
    const bytes = randomBytes(9, 10 * max + 1);
    const chunks = make(table, sizes, max + 1).split(bytes);
    assert.deepEqual(
      chunks.map((chunk) => chunk.length),
      chunkLengths(bytes, table, sizes),
    );
  });

  it("splits no bytes into no chunks, and few into one", () => {
    const chunker = make(table, sizes, max);
    assert.deepEqual(chunker.split(new Uint8Array()), []);
    assert.deepEqual(chunker.split(Uint8Array.of(1)), [Uint8Array.of(1)]);
  });

  it("keeps to the smallest sizes there are", () => {
    const smallest = { min: 64, average: 128, max: 129 };
    const bytes = randomBytes(10, 100_000);
    assert.deepEqual(
      make(table, smallest, 129)
        .split(bytes)
        .map((chunk) => chunk.length),
      chunkLengths(bytes, table, smallest),
    );
  });
}

describe("createChunker", () => {
  it("gives each chunker its own window and table", () => {
    const bytes = randomBytes(11, 20 * max);
    const tables = [gearTable(2), gearTable(3)];
    const chunkers = tables.map((own) => createChunker(own, sizes, max));
    for (const [at, chunker] of chunkers.entries()) chunker.window.fill(at + 1);
    assert.deepEqual(
      chunkers.map((chunker) => chunker.window.at(-1)),
      [1, 2],
    );
    for (const [at, chunker] of chunkers.entries()) {
      assert.deepEqual(
        chunker.split(bytes).map((chunk) => chunk.length),
        chunkLengths(bytes, tables[at] ?? table, sizes),
      );
    }
  });

  it("keeps its table when the caller's is overwritten", () => {
    const bytes = randomBytes(12, 20 * max);
    const own = gearTable(2);
    const chunker = createChunker(own, sizes, max);
    own.fill(0);
    assert.equal(chunker.split(bytes)[0]?.length, chunkLength(bytes, gearTable(2), sizes));
  });

  it("refuses a table that is none", () => {
    assert.throws(() => createChunker(table.subarray(1), sizes, max), RangeError);
  });

  it("refuses a window that cannot hold a chunk, or is none", () => {
    for (const windowBytes of [-1, 0, 0.5, max - 1, max + 0.5, 2 ** 31, Number.NaN]) {
      assert.throws(() => createChunker(table, sizes, windowBytes), RangeError, `${windowBytes}`);
    }
  });

  it("refuses sizes it cannot cut by", () => {
    for (const change of [
      { min: 63 },
      { min: 4096.5 },
      { min: average },
      { average: average + 1 },
      { average: max },
      { max: average },
      { max: max - 0.5 },
      { max: Number.NaN },
      { average: 2 ** 27, max: 2 ** 28 },
      { max: 2 ** 28 + 1 },
    ] satisfies Partial<ChunkSizes>[]) {
      const wrong = { ...sizes, ...change };
      assert.throws(() => createChunker(table, wrong, max), RangeError, JSON.stringify(wrong));
    }
  });
});

describe("sizesAround", () => {
  it("gives a quarter and four times the average", () => {
    assert.deepEqual(sizesAround(2 ** 26), { min: 2 ** 24, average: 2 ** 26, max: 2 ** 28 });
    assert.deepEqual(sizesAround(256), { min: 64, average: 256, max: 1024 });
  });

  it("gives the sizes of the design", () => {
    assert.deepEqual(CONTENT_SIZES, { min: 262144, average: 1048576, max: 4194304 });
    assert.deepEqual(TREE_SIZES, { min: 16384, average: 65536, max: 262144 });
  });

  it("refuses what is no power of two, or out of reach", () => {
    for (const wrong of [0, 1, 128, 1000, 2 ** 27, 65536.5, -256, Number.NaN, Infinity]) {
      assert.throws(() => sizesAround(wrong), UsageError, `${wrong}`);
    }
  });
});
