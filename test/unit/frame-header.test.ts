import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { frameContentSize } from "../../src/compression/frame-header.ts";
import { CorruptError } from "../../src/errors.ts";
import type { FrameParts } from "../support/zstd-frames.ts";
import {
  frameOf,
  NOT_LAST_RAW_BLOCK,
  RAW_BLOCK,
  RLE_BLOCK,
  SKIPPABLE_FRAME,
} from "../support/zstd-frames.ts";

const numRuns = process.env["SLOW"] ? 5000 : 200;
const HELLO: FrameParts = { sizeBytes: 1, contentSize: 5, blocks: RAW_BLOCK };

const refused = (frame: Uint8Array, message: RegExp) =>
  assert.throws(
    () => frameContentSize("packs/7", frame),
    (error: unknown) =>
      error instanceof CorruptError && error.object === "packs/7" && message.test(error.message),
  );

const byte = fc.nat(255);
const bytes = (length: number) => fc.array(byte, { minLength: length, maxLength: length });
const anyBlocks = fc
  .array(fc.constantFrom(NOT_LAST_RAW_BLOCK), { maxLength: 5 })
  .chain((blocks) => fc.constantFrom(RAW_BLOCK, RLE_BLOCK).map((last) => [...blocks, last].flat()));
/** Every form of an honest header. A size of one byte exists in single segments only. */
const anyParts: fc.Arbitrary<FrameParts> = fc
  .constantFrom<[1 | 2 | 4 | 8, number, number]>(
    [1, 0, 255],
    [2, 256, 65791],
    [4, 0, 2 ** 32 - 1],
    [8, 0, Number.MAX_SAFE_INTEGER],
  )
  .chain(([sizeBytes, min, max]) =>
    fc.record({
      sizeBytes: fc.constant(sizeBytes),
      contentSize: fc.integer({ min, max }),
      ...(sizeBytes === 1 ? {} : { window: byte }),
      dictionaryId: fc.constantFrom(0, 1, 2, 4).chain(bytes),
      checksum: fc.constantFrom(0, 4).chain(bytes),
      blocks: anyBlocks,
    }),
  );

test("the content size is read in every form of header", () => {
  fc.assert(
    fc.property(anyParts, (parts) => {
      assert.equal(frameContentSize("it", frameOf(parts)), parts.contentSize);
    }),
    { numRuns },
  );
});

test("a frame cut off anywhere is refused", () => {
  fc.assert(
    fc.property(
      anyParts,
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (parts, at) => {
        const frame = frameOf(parts);
        refused(frame.subarray(0, Math.floor(at * frame.length)), /cut off|not a zstd frame/);
      },
    ),
    { numRuns },
  );
});

test("whatever follows a frame is refused", () => {
  fc.assert(
    fc.property(anyParts, fc.uint8Array({ minLength: 1, maxLength: 40 }), (parts, more) => {
      refused(Uint8Array.from([...frameOf(parts), ...more]), /\d bytes follow/);
    }),
    { numRuns },
  );
});

test("a frame that does not state its size is refused", () => {
  refused(frameOf({ ...HELLO, sizeBytes: 0, window: 0 }), /does not state its size/);
});

test("what is no frame is refused", () => {
  refused(new Uint8Array(0), /not a zstd frame/);
  refused(new Uint8Array(64), /not a zstd frame/);
  refused(Uint8Array.from(SKIPPABLE_FRAME), /not a zstd frame/);
  refused(Uint8Array.from([...SKIPPABLE_FRAME, ...frameOf(HELLO)]), /not a zstd frame/);
});

test("a frame whose last block says that more follow is cut off", () => {
  refused(frameOf({ ...HELLO, blocks: NOT_LAST_RAW_BLOCK }), /cut off/);
});

test("bytes at an odd offset of a larger buffer are read in place", () => {
  const frame = frameOf(HELLO);
  const buffer = new Uint8Array(frame.length + 7).fill(255);
  buffer.set(frame, 3);
  assert.equal(frameContentSize("it", buffer.subarray(3, 3 + frame.length)), 5);
});
