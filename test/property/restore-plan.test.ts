import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { RunName } from "../../src/format/names.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { ChunkId, Place } from "../../src/format/table.ts";
import { spanOf } from "../../src/repository/reach.ts";
import type { PlannedUnit, Want } from "../../src/restore/plan.ts";
import { planUnits, UNIT_BYTES } from "../../src/restore/plan.ts";

const numRuns = process.env["SLOW"] ? 2000 : 200;
const SEGMENT = 2 ** 20;
const MOST = UNIT_BYTES / SEGMENT;

/** Frames as a tape has them, end to end: lengths from a byte to longer than a unit. */
const tapes = fc.array(
  fc.record({
    run: fc.constantFrom("h/000000000001-0000000000000001", "i/000000000001-0000000000000002"),
    tape: fc.integer({ min: 0, max: 1 }),
    lengths: fc.array(
      fc.oneof(fc.integer({ min: 1, max: SEGMENT }), fc.integer({ min: 1, max: 2 * UNIT_BYTES })),
      { minLength: 1, maxLength: 40 },
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

interface Layout {
  readonly run: string;
  readonly tape: number;
  readonly lengths: readonly number[];
}

function placesOf(layouts: readonly Layout[]): Place[] {
  const ends = new Map<string, number>();
  return layouts.flatMap(({ run, tape, lengths }) =>
    lengths.flatMap((length) => {
      const key = `${run} ${tape}`;
      const offset = ends.get(key) ?? 0;
      ends.set(key, offset + length);
      const frame = { run: run as RunName, tape, offset, length, size: 10 };
      return [0, 10, 20].map((within) => ({ ...frame, within }));
    }),
  );
}

const batches = tapes.chain((layouts) => {
  const places = placesOf(layouts);
  const indexes = fc.array(fc.nat({ max: places.length - 1 }), { maxLength: 150 });
  return indexes.map((chosen) =>
    chosen.map((index, file): Want => {
      const place = places[index] as Place;
      const destination = { file, path: `f${file}` as RawName, shown: "" as RawName, at: 0 };
      return { id: `chunk ${index}` as ChunkId, place, destination };
    }),
  );
});

/** Each want as one line, whether planned or not. */
function line(id: string, place: Place, file: number): string {
  return `${id} ${place.run} ${place.tape} ${place.offset} ${place.within} -> ${file}`;
}

function linesOf(units: readonly PlannedUnit[]): string[] {
  return units.flatMap(({ frames }) =>
    frames
      .flat()
      .flatMap(({ id, place, destinations }) =>
        destinations.map(({ file }) => line(id, place, file)),
      ),
  );
}

function forAllPlans(check: (units: PlannedUnit[], wants: readonly Want[]) => void): void {
  fc.assert(
    fc.property(batches, (wants) => check(planUnits(wants, SEGMENT), wants)),
    { numRuns },
  );
}

describe("a plan", () => {
  it("delivers every want once, and nothing else", () => {
    forAllPlans((units, wants) => {
      const wanted = wants.map(({ id, place, destination }) => line(id, place, destination.file));
      assert.deepEqual(linesOf(units).sort(), wanted.sort());
    });
  });

  it("names each chunk once, and each frame once", () => {
    forAllPlans((units) => {
      const frames = units.flatMap((unit) => unit.frames);
      const places = frames.map(([{ place }]) => `${place.run} ${place.tape} ${place.offset}`);
      assert.equal(new Set(places).size, places.length);
      const ids = frames.flat().map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
    });
  });

  it("goes along each tape, and never back", () => {
    forAllPlans((units) => {
      const chunks = units.flatMap((unit) => unit.frames.flat());
      for (const [at, { place }] of chunks.entries()) {
        const before = chunks[at - 1]?.place;
        if (before?.run !== place.run || before.tape !== place.tape) continue;
        const isSameFrame = before.offset === place.offset;
        assert.ok(isSameFrame ? before.within < place.within : before.offset < place.offset);
      }
    });
  });

  it("fetches what its frames need, and at most two segments in a row that they do not", () => {
    forAllPlans((units) => {
      for (const { span, frames } of units) {
        let next = span.first;
        for (const [{ place }] of frames) {
          const needed = spanOf(place, SEGMENT);
          assert.ok(needed.first <= next + 2 && needed.last <= span.last);
          next = Math.max(next, needed.last + 1);
        }
        assert.equal(next, span.last + 1);
      }
    });
  });

  it("fetches no more at once than a unit, unless one frame is longer", () => {
    forAllPlans((units) => {
      for (const { span, frames } of units) {
        const [{ place }] = frames[0] as (typeof frames)[0];
        const single = spanOf(place, SEGMENT);
        assert.ok(span.last - span.first < Math.max(MOST, single.last - single.first + 1));
      }
    });
  });

  it("fetches a segment twice at most, and only where two units meet", () => {
    forAllPlans((units) => {
      for (const [at, { span }] of units.entries()) {
        const before = units[at - 1]?.span;
        if (before?.run === span.run && before.tape === span.tape) {
          assert.ok(span.first >= before.last);
          assert.ok(span.last > before.last);
        }
      }
    });
  });
});
