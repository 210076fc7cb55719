import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { loadZstd } from "../../src/compression/zstd.ts";
import type { ChunkId, FrameEntry } from "../../src/format/table.ts";
import type { Packing } from "../../src/pack/pack.ts";
import { bodySize } from "../../src/pack/pack.ts";
import { skipPadding } from "../../src/pack/padding.ts";
import type { TapeWriter } from "../../src/pack/tape.ts";
import type { Frame, Segment, StoredPack } from "../support/tapes.ts";
import { layAll, newTape, readTable, segmentsOf, storeAll } from "../support/tapes.ts";

const numRuns = process.env["SLOW"] ? 2000 : 60;
const SEGMENT = 4096;
/** Of a full segment: 86 bytes more. */
const SEALED = SEGMENT + 86;
const zstd = await loadZstd();

/** Frames of any sizes: short ones, ones that end near the end of a segment, ones over several. */
const frameSizes = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 5000 }),
    fc.integer({ min: SEGMENT - 10, max: SEGMENT + 10 }),
    fc.integer({ min: 3 * SEGMENT - 10, max: 3 * SEGMENT + 10 }),
  ),
  { maxLength: 30 },
);
const packSizes = fc.constantFrom(1, SEALED - 1, SEALED, 2 * SEALED + 5, 3 * SEALED, 1e6);

function framesOf(sizes: readonly number[]): Frame[] {
  return sizes.map((size, n) => ({
    bytes: Uint8Array.from({ length: size }, (_, at) => (at + 7 * n) % 251),
    chunks: [{ id: Buffer.alloc(32, n).toString("base64") as ChunkId, size: n + 1 }],
  }));
}

/** Lays frames of these sizes; gives back what was laid and what was stored. */
function laid(sizes: readonly number[], packSize: number) {
  const frames = framesOf(sizes);
  const packs = storeAll(layAll(newTape(zstd, SEGMENT, packSize), frames), packSize);
  return { frames, packs, tape: Buffer.concat(frames.map(({ bytes }) => bytes)) };
}

function segmentsOfAll(packs: readonly StoredPack[]): Segment[] {
  return packs.flatMap(segmentsOf);
}

describe("a tape", () => {
  it("is what its segments join to, in the order of tables and packs", () => {
    fc.assert(
      fc.property(frameSizes, packSizes, (sizes, packSize) => {
        const { packs, tape } = laid(sizes, packSize);
        const segments = segmentsOfAll(packs);
        assert.deepEqual(
          segments.map(({ number }) => number),
          segments.map((_, at) => at),
        );
        const joined = Buffer.concat(segments.map(({ plain }) => plain));
        assert.ok(joined.subarray(0, tape.length).equals(tape));
        const padding = joined.subarray(tape.length);
        assert.equal(skipPadding("the padding", padding).length, 0);
      }),
      { numRuns },
    );
  });

  it("has segments of one size, but for the last: a power of two from 4096 on", () => {
    fc.assert(
      fc.property(frameSizes, packSizes, (sizes, packSize) => {
        const lengths = segmentsOfAll(laid(sizes, packSize).packs).map(({ plain }) => plain.length);
        assert.deepEqual(
          lengths,
          lengths.map(() => SEGMENT),
        );
      }),
      { numRuns },
    );
    for (const left of [1, 4088, 4089, 4095, 4096, 4097, 8184, 8185, 16376, 16377, 16383, 16384]) {
      const frames = framesOf([3 * 16384 + left]);
      const packs = storeAll(layAll(newTape(zstd, 16384, 1e6), frames), 1e6);
      const lengths = segmentsOfAll(packs).map(({ plain }) => plain.length);
      assert.deepEqual(lengths.slice(0, 3), [16384, 16384, 16384], `${left}`);
      assert.deepEqual(lengths.slice(3), lastSegments(left), `${left}`);
    }
  });

  it("shows each frame where the table says, in the pack that holds its last byte", () => {
    fc.assert(
      fc.property(frameSizes, packSizes, (sizes, packSize) => {
        const { frames, packs, tape } = laid(sizes, packSize);
        const listed = packs.flatMap((pack) => {
          const ends = segmentsOf(pack).map(({ number }) => number);
          return pack.table.parts
            .flatMap((part) => part.frames)
            .map((frame) => {
              const last = Math.floor((frame.offset + frame.length - 1) / SEGMENT);
              assert.ok(ends.includes(last), `the frame at ${frame.offset}`);
              return frame;
            });
        });
        assert.deepEqual(
          listed.map(({ chunks }) => chunks),
          frames.map(({ chunks }) => chunks),
        );
        for (const [at, { offset, length }] of listed.entries()) {
          assert.ok(tape.subarray(offset, offset + length).equals(frames[at]?.bytes ?? tape));
        }
      }),
      { numRuns },
    );
  });

  it("fills packs up to their size, each with at least one segment, ended by its table", () => {
    fc.assert(
      fc.property(frameSizes, packSizes, (sizes, packSize) => {
        const { packs } = laid(sizes, packSize);
        for (const [at, pack] of packs.entries()) {
          const { hash, ...table } = pack.table;
          assert.match(hash ?? "", /^[0-9a-f]{64}$/);
          assert.deepEqual(asPlain(readTable(zstd, pack)), asPlain(table));
          const body = bodySize(table);
          assert.ok(body <= Math.max(packSize, SEALED), `${body}`);
          if (at < packs.length - 1) assert.ok(body + SEALED > packSize, `${body}`);
        }
      }),
      { numRuns },
    );
  });

  it("has all that was laid in its packs whenever it is flushed, and goes on behind a segment", () => {
    fc.assert(
      fc.property(fc.array(frameSizes, { maxLength: 4 }), packSizes, (batches, packSize) => {
        const tape = newTape(zstd, SEGMENT, packSize);
        const frames = framesOf(batches.flat());
        const packs: StoredPack[] = [];
        let laidSoFar = 0;
        for (const { length } of batches) {
          const batch = frames.slice(laidSoFar, laidSoFar + length);
          laidSoFar += length;
          packs.push(...storeAll(layAndFlush(tape, batch), packSize));
          assert.equal(tape.end % SEGMENT, 0);
          const tapeSoFar = Buffer.concat(segmentsOfAll(packs).map(({ plain }) => plain));
          const listed = packs.flatMap(({ table }) => table.parts.flatMap((part) => part.frames));
          assert.equal(listed.length, laidSoFar);
          assertIsLaid(tapeSoFar, listed, frames);
          // Once more: there is nothing to be stored.
          assert.deepEqual(storeAll(tape.flush(), packSize), []);
        }
        assert.deepEqual(storeAll(tape.finish(), packSize), []);
      }),
      { numRuns },
    );
  });

  it("is nothing at all if nothing was laid", () => {
    assert.deepEqual(laid([], 1e6).packs, []);
  });
});

function* layAndFlush(tape: TapeWriter, frames: readonly Frame[]): Packing<void> {
  for (const { bytes, chunks } of frames) yield* tape.append(bytes, chunks);
  yield* tape.flush();
}

/** The frames lie where they are listed, and what lies between them is to be skipped. */
function assertIsLaid(tape: Buffer, listed: readonly FrameEntry[], frames: readonly Frame[]): void {
  let end = 0;
  for (const [at, { offset, length }] of listed.entries()) {
    if (offset > end) assert.equal(skipPadding("between", tape.subarray(end, offset)).length, 0);
    assert.ok(tape.subarray(offset, offset + length).equals(frames[at]?.bytes ?? tape));
    end = offset + length;
  }
  if (end < tape.length) assert.equal(skipPadding("behind", tape.subarray(end)).length, 0);
}

/** The sizes of what follows the full segments when so many bytes are left of 16384. */
function lastSegments(left: number): number[] {
  if (left === 16384) return [16384];
  // Fewer than 8 bytes of room for the padding's header: it goes on behind the next power of two.
  for (const size of [4096, 8192, 16384]) {
    if (left === size || left <= size - 8) return [size];
  }
  return [16384, 4096];
}

/** Buffers and arrays of bytes alike. */
function asPlain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, inner) =>
      inner instanceof Uint8Array ? [...inner] : inner?.type === "Buffer" ? inner.data : inner,
    ),
  );
}
