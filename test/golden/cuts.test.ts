import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { forms } from "../support/chunkers.ts";
import type { CutVector } from "../support/cuts.ts";
import { sha256, streams, TABLE_SEED } from "../support/cuts.ts";
import { chunkLengths } from "../support/gear.ts";
import { gearTable } from "../support/random.ts";

const file = new URL("../../../test/vectors/cuts.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as readonly CutVector[];
const table = gearTable(TABLE_SEED);

describe("cuts as the repository format has them", () => {
  for (const vector of vectors) {
    const { sizes, lengths } = vector;
    const bytes = streams[vector.stream]?.(vector.bytes) ?? new Uint8Array();

    describe(`${vector.stream}, ${sizes.average} bytes on average`, () => {
      it("starts from the stream that was cut then", () => {
        assert.equal(sha256(bytes), vector.sha256);
      });

      it("are what the twin finds", () => {
        assert.deepEqual(chunkLengths(bytes, table, sizes), lengths);
      });

      for (const form of forms) {
        it(`are what ${form.name} finds`, () => {
          const chunks = form.make(table, sizes, 2 * sizes.max).split(bytes);
          assert.deepEqual(
            chunks.map((chunk) => chunk.length),
            lengths,
          );
        });
      }
    });
  }
});
