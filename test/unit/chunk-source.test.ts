import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CorruptError } from "../../src/errors.ts";
import type { ContentChunk } from "../../src/format/content.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { Recent } from "../../src/restore/recent.ts";
import { flipped } from "../support/packets.ts";
import { randomBytes } from "../support/random.ts";
import { SEGMENT_BYTES, Shelf } from "../support/shelf.ts";

const PACK = "packs/h/000000000001-0000000000000001/0";

/** One chunk a segment, more or less. */
function chunksOf(shelf: Shelf, count: number): { bytes: Uint8Array; chunk: ContentChunk }[] {
  return Array.from({ length: count }, (_, seed) => {
    const bytes = randomBytes(seed, SEGMENT_BYTES);
    const [chunk] = shelf.frame(bytes) as [ContentChunk];
    return { bytes, chunk };
  });
}

describe("a chunk source", () => {
  it("reads chunks in any order, and fetches what lies together once", async () => {
    const shelf = new Shelf();
    const chunks = chunksOf(shelf, 14);
    const means = await shelf.close().means();
    const { target } = means;
    let reads = 0;
    const readRange = target.readRange.bind(target);
    target.readRange = (...range) => {
      reads += 1;
      return readRange(...range);
    };
    const source = new ChunkSource(means);
    for (const { chunk, bytes } of [...chunks, ...chunks.toReversed()]) {
      assert.deepEqual(Buffer.from(await source.read(chunk)), Buffer.from(bytes));
    }
    // Four packs hold it all.
    assert.ok(reads <= 8, `${reads} reads`);
  });

  it("is not kept from a chunk by damage behind it", async () => {
    for (const kind of ["flipped", "missing"] as const) {
      const shelf = new Shelf();
      const [first, , , , , , last] = chunksOf(shelf, 16);
      shelf.close();
      const next = PACK.replace(/0$/, "1");
      if (kind === "missing") shelf.packs.delete(next);
      else shelf.packs.set(next, flipped(shelf.packs.get(next) as Uint8Array, 8 * 9500));
      const source = new ChunkSource(await shelf.means());
      assert.ok(first && last);
      await source.read(first.chunk);
      await assert.rejects(source.read(last.chunk), (error: Error) => {
        assert.ok(error instanceof CorruptError);
        assert.match(error.message, new RegExp(next));
        return true;
      });
    }
  });
});

describe("what was used last", () => {
  it("is kept up to its limit, the longest unused goes first", () => {
    const recent = new Recent<number>(10);
    for (const key of ["a", "b"]) recent.put(key, 1, 5);
    recent.get("a");
    recent.put("c", 1, 5);
    assert.deepEqual(
      ["a", "b", "c"].map((key) => recent.get(key)),
      [1, undefined, 1],
    );
  });

  it("counts what is put again once, and keeps the last one whatever its size", () => {
    const recent = new Recent<number>(10);
    for (let time = 0; time < 5; time++) recent.put("a", time, 5);
    recent.put("b", 1, 5);
    assert.equal(recent.get("a"), 4);
    recent.put("c", 2, 50);
    assert.deepEqual(
      ["a", "b", "c"].map((key) => recent.get(key)),
      [undefined, undefined, 2],
    );
  });
});
