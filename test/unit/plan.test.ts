import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunName } from "../../src/format/names.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { ChunkId } from "../../src/format/table.ts";
import type { Want } from "../../src/restore/plan.ts";
import { planUnits, UNIT_BYTES, UNIT_WANTS } from "../../src/restore/plan.ts";

const SEGMENT = 65536;
const run = "h/000000000001-0000000000000001" as RunName;

function want(id: string, offset: number, length: number, file = 0): Want {
  const place = { run, tape: 0, offset, length, within: 0, size: 1 };
  return {
    id: id as ChunkId,
    place,
    destination: { file, path: "p" as RawName, shown: "p" as RawName, at: 0 },
  };
}

describe("planUnits", () => {
  it("plans nothing for nothing", () => {
    assert.deepEqual(planUnits([], SEGMENT), []);
  });

  it("cuts what many small files want, so that all writers have work", () => {
    const wants = Array.from({ length: 3 * UNIT_WANTS }, (_, at) => want(`c${at}`, at * 100, 100));
    const units = planUnits(wants, SEGMENT);
    assert.equal(units.length, 3);
    // A unit ends with its segment: what lies in it costs no fetch.
    for (const { frames } of units) assert.ok(frames.length < UNIT_WANTS + SEGMENT / 100);
  });

  it("holds to its size in bytes, whatever the size of segments", () => {
    for (const segment of [4096, 65536, 2 ** 20]) {
      const wants = Array.from({ length: 32 }, (_, at) => want(`c${at}`, at * 2 ** 20, 2 ** 20));
      for (const { span } of planUnits(wants, segment)) {
        assert.ok((span.last - span.first + 1) * segment <= UNIT_BYTES);
      }
    }
  });

  it("keeps frames apart that an index lets begin at one place", () => {
    const [unit] = planUnits([want("a", 0, 10), want("b", 0, 3 * SEGMENT)], SEGMENT);
    assert.deepEqual(
      unit?.frames.map(([{ id, place }]) => [id, place.length]),
      [
        ["a", 10],
        ["b", 3 * SEGMENT],
      ],
    );
    assert.equal(unit?.span.last, 2);
  });

  it("keeps two chunks in one piece each that an index puts at one place", () => {
    const [unit] = planUnits(
      [want("a", 0, 10, 1), want("b", 0, 10, 2), want("a", 0, 10, 3)],
      SEGMENT,
    );
    const chunks = unit?.frames.flat().map(({ id, destinations }) => [id, destinations.length]);
    assert.deepEqual(chunks, [
      ["a", 2],
      ["b", 1],
    ]);
  });
});
