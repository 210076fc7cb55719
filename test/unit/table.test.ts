import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeIndex } from "../../src/format/index-object.ts";
import { encodeLines } from "../../src/format/lines.ts";
import { indexName } from "../../src/format/names.ts";
import { decodePage } from "../../src/format/reach.ts";
import { decodeTables, MAX_CHUNK_BYTES } from "../../src/format/table.ts";
import { id, linesOf, refused, repository, run } from "../support/refused.ts";

const pack = `packs/${run}/00000000`;

describe("tables", () => {
  const table = (...rest: object[]) => [...decodeTables(linesOf({ pack }, ...rest))];
  const part = { run, tape: 0, segments: [[0, 100, "A".repeat(22).concat("==")]] };

  it("are refused where lines belong to nothing", () => {
    refused(() => [...decodeTables(linesOf(part))], /no pack/);
    refused(() => table({ run, tape: 0, frames: [] }), /segments should come first/);
    refused(() => table(part, { run, tape: 1, frames: [] }), /segments should come first/);
    refused(() => [...decodeTables(linesOf({ pack: "../../etc/passwd" }))], /name an object/);
  });

  it("are refused with frames that nobody could hold or number", () => {
    const frames = (...frame: unknown[]) => table(part, { run, tape: 0, frames: [frame] });
    assert.equal(frames(0, 1, [[id, MAX_CHUNK_BYTES]]).length, 1);
    refused(
      () =>
        frames(0, 1, [
          [id, MAX_CHUNK_BYTES],
          [id, 1],
        ]),
      /at most/,
    );
    refused(() => frames(0, 1, [[id, MAX_CHUNK_BYTES + 1]]), /\[id, size\]/);
    refused(() => frames(0, 1, [[id, 0]]), /\[id, size\]/);
    refused(() => frames(0, 0, []), /offset, length/);
    refused(() => frames(0, 2 ** 28, []), /offset, length/);
    for (const offset of [Number.MAX_SAFE_INTEGER, 2 ** 48 - 1]) {
      refused(() => frames(offset, 1, []), /2\^48/);
    }
  });

  it("are refused with segments that nobody could hold or number", () => {
    const segments = (...group: unknown[]) => table({ run, tape: 0, segments: [group] });
    const hash = part.segments[0]?.[2];
    assert.equal(segments(0, 86, hash).length, 1);
    refused(() => segments(0, 0, hash), /sealed bytes/);
    refused(() => segments(0, 2 ** 25, hash), /sealed bytes/);
    refused(() => segments(0, 86, ""), /16 bytes/);
    refused(() => segments(0, 86, "AAE="), /16 bytes/);
    for (const first of [Number.MAX_SAFE_INTEGER, 2 ** 36]) {
      refused(() => segments(first, 86, hash), /2\^36/);
    }
  });

  it("are refused with more segments than a pack could hold", () => {
    const hashes = Buffer.alloc(16 * 2 ** 14).toString("base64");
    const line = {
      run,
      tape: 0,
      segments: Array.from({ length: 2 ** 9 }, () => [0, 2 ** 24, hashes]),
    };
    assert.equal(table(line).length, 1);
    refused(() => table(line, line), /first 2\^48 bytes of a pack/);
  });
});

describe("pages of a reach", () => {
  it("are refused with ranges that touch, cross or run backwards", () => {
    const page = (...segments: number[][]) => decodePage(linesOf({ run, tape: 0, segments }));
    assert.equal(page([0, 1], [3, 3]).length, 1);
    refused(() => page([0, 1], [2, 3]), /apart/);
    refused(() => page([5, 6], [0, 1]), /apart/);
    refused(() => page([1, 0]), /first, last/);
    refused(() => page([0.5, 1]), /first, last/);
  });

  it("are refused out of order, and go on over several lines", () => {
    const later = { run: "a/0000000002-0011223344556677", tape: 0, segments: [[0, 1]] };
    refused(() => decodePage(linesOf(later, { ...later, run })), /before the one before/);
    refused(() => decodePage(linesOf({ ...later, tape: 1 }, later)), /before the one before/);
    refused(() => decodePage(linesOf(later, later)), /apart/);
    const pages = decodePage(linesOf(later, { ...later, segments: [[3, 4]] }));
    assert.deepEqual(pages, [
      {
        ...later,
        segments: [
          [0, 1],
          [3, 4],
        ],
      },
    ]);
  });

  it("are numbered in their index object", () => {
    const object = indexName(run, 0);
    const header = { varve: "index", repository, object, holds: "reach" };
    const index = (...rest: object[]) => decodeIndex("x", encodeLines([header, ...rest]));
    assert.deepEqual(index({ page: 0 }, { page: 1 }), {
      repository,
      object,
      holds: "reach",
      pages: [[], []],
    });
    refused(() => index({ page: 1 }), /"page" should be 0/);
    refused(() => index({ page: 0 }, { page: 0 }), /"page" should be 1/);
    refused(() => index({ run, tape: 0, segments: [] }), /no page/);
    refused(() => decodeIndex("x", new Uint8Array(0)), /no index object/);
  });
});
