/**
 * How a tape is cut, padded, sealed and packed belongs to the repository
 * format: the same frames, key and salts give the same packs in every version,
 * but for their tables, which are compressed.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { loadZstd } from "../../src/compression/zstd.ts";
import type { ChunkId } from "../../src/format/table.ts";
import { encodeTable } from "../../src/format/table.ts";
import { bodySize } from "../../src/pack/pack.ts";
import type { Frame } from "../support/tapes.ts";
import { layAll, newTape, segmentsOf, storeAll } from "../support/tapes.ts";

interface Vector {
  readonly segmentSize: number;
  readonly packSize: number;
  /** Of each frame. Byte i of frame n is (i + 7 n) mod 251; it holds one chunk, its id n 32 times. */
  readonly frameSizes: readonly number[];
  readonly tape: { readonly bytes: number; readonly sha256: string };
  readonly packs: readonly {
    /** SHA-256 of the segments, all that stands before the table. */
    readonly segments: string;
    readonly lines: readonly string[];
  }[];
}

const file = new URL("../../../test/vectors/tape.json", import.meta.url);
const vector = JSON.parse(readFileSync(file, "utf8")) as Vector;
const zstd = await loadZstd();
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("a tape", () => {
  const { segmentSize, packSize } = vector;
  const frames = vector.frameSizes.map(
    (size, n): Frame => ({
      bytes: Uint8Array.from({ length: size }, (_, at) => (at + 7 * n) % 251),
      chunks: [{ id: Buffer.alloc(32, n).toString("base64") as ChunkId, size }],
    }),
  );
  const packs = storeAll(layAll(newTape(zstd, segmentSize, packSize), frames), packSize);

  it("makes the frozen packs", () => {
    const made = packs.map(({ table: { hash: _, ...table }, object }) => ({
      segments: sha256(object.subarray(0, bodySize(table))),
      lines: Buffer.from(encodeTable(table)).toString().split("\n").slice(0, -1),
    }));
    assert.deepEqual(made, vector.packs);
  });

  it("is read back from them", () => {
    const tape = Buffer.concat(packs.flatMap(segmentsOf).map(({ plain }) => plain));
    assert.deepEqual({ bytes: tape.length, sha256: sha256(tape) }, vector.tape);
  });
});
