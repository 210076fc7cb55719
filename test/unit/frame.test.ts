import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadZstd } from "../../src/compression/zstd.ts";
import { CorruptError } from "../../src/errors.ts";
import type { ChunkId, FrameEntry, Place } from "../../src/format/table.ts";
import { chunkOf, FrameWriter, frameLimit } from "../../src/pack/frame.ts";
import type { Packing } from "../../src/pack/pack.ts";
import { newTape, run, segmentsOf, storeAll } from "../support/tapes.ts";

const zstd = await loadZstd();
const KIB = 1024;

/** Chunk n is made of this; no two are alike. */
const chunk = (n: number, size: number) =>
  Uint8Array.from({ length: size }, (_, at) => (at * (n + 1) + n) & 0xff);
const idOf = (n: number) => Buffer.alloc(32, `${n} `).toString("base64") as ChunkId;

/** Writes chunks of these sizes; gives back the frames, and what `add` said of each chunk. */
function write(sizes: readonly number[]) {
  const tape = newTape(zstd, 4096, 1e7);
  const writer = new FrameWriter(tape, zstd, 3);
  const places: unknown[] = [];
  const scratch = new Uint8Array(300 * KIB);
  function* all(): Packing<void> {
    for (const [n, size] of sizes.entries()) {
      scratch.set(chunk(n, size));
      places.push(yield* writer.add(idOf(n), scratch.subarray(0, size)));
      // The writer does not look at it again.
      scratch.fill(0);
    }
    yield* writer.flush();
    yield* writer.flush();
    yield* tape.finish();
  }
  const packs = storeAll(all(), 1e7);
  const bytes = Buffer.concat(packs.flatMap(segmentsOf).map(({ plain }) => plain));
  const frames = packs.flatMap(({ table }) => table.parts).flatMap((part) => part.frames);
  return { frames, places, bytes };
}

/** Where the chunks of a frame lie. */
function placesIn(frame: FrameEntry): Place[] {
  let within = 0;
  return frame.chunks.map(({ size }) => {
    const place = { run, tape: 3, offset: frame.offset, length: frame.length, within, size };
    within += size;
    return place;
  });
}

describe("frames", () => {
  it("hold a chunk of 64 KiB alone, and smaller ones together up to 128 KiB or 1024", () => {
    const sizes = [64 * KIB, 10, 64 * KIB - 1, 63 * KIB, 2 * KIB, 5, 300 * KIB, 6];
    const { frames, places } = write(sizes);
    assert.deepEqual(
      frames.map(({ chunks }) => chunks.map(({ size }) => size)),
      [[64 * KIB], [10, 64 * KIB - 1, 63 * KIB, 2 * KIB], [300 * KIB], [5, 6]],
    );
    // Only of a chunk that shares no frame it is known at once where it lies.
    assert.deepEqual(
      places.map((place) => place !== undefined),
      sizes.map((size) => size >= 64 * KIB),
    );
    const tiny = write(new Array(2500).fill(1)).frames;
    assert.deepEqual(
      tiny.map(({ chunks }) => chunks.length),
      [1024, 1024, 452],
    );
  });

  it("lie where the table says, end to end, and give back each chunk", () => {
    const sizes = [100, 64 * KIB, 7, 40_000, 40_000, 50_000, 64 * KIB - 1, 128 * KIB, 1];
    const { frames, bytes } = write(sizes);
    let end = 0;
    const seen = new Map<string, Uint8Array>();
    for (const frame of frames) {
      assert.equal(frame.offset, end);
      end += frame.length;
      for (const [n, place] of placesIn(frame).entries()) {
        const piece = bytes.subarray(frame.offset, end);
        const content = zstd.decompress("frame", piece, frameLimit(place));
        seen.set(frame.chunks[n]?.id ?? "", chunkOf("frame", content, place).slice());
      }
    }
    assert.deepEqual(
      sizes.map((_, n) => seen.get(idOf(n))),
      sizes.map((size, n) => chunk(n, size)),
    );
  });

  it("are refused where they are too short for a chunk", () => {
    const place = { run, tape: 0, offset: 0, length: 9, within: 10, size: 5 };
    assert.deepEqual(chunkOf("frame", new Uint8Array(15), place), new Uint8Array(5));
    assert.throws(
      () => chunkOf("frame 7", new Uint8Array(14), place),
      (error) => error instanceof CorruptError && error.object === "frame 7",
    );
  });

  it("hold no more than a shared frame may, or one chunk", () => {
    const place = { run, tape: 0, offset: 0, length: 9, within: 0, size: 5 };
    assert.equal(frameLimit(place), 192 * KIB);
    assert.equal(frameLimit({ ...place, size: 2 ** 20 }), 2 ** 20);
  });
});
