import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { RunName } from "../../src/format/names.ts";
import { runName } from "../../src/format/names.ts";
import type { ReachPage, SegmentRanges, TapeReach } from "../../src/format/reach.ts";
import { encodePage, paginate } from "../../src/format/reach.ts";
import type { Span } from "../../src/repository/reach.ts";
import { Reach, spanOf } from "../../src/repository/reach.ts";
import { runNames } from "../support/arbitraries.ts";
import { reaches } from "../support/arbitrary-records.ts";

const numRuns = process.env["SLOW"] ? 3000 : 200;

const run = "a/0000000001-0011223344556677" as RunName;
/** Stretches near each other, at ends of bytes and of sheets, and far out. */
const spans: fc.Arbitrary<Span[]> = fc.array(
  fc
    .record({
      run: fc.constantFrom(run, "a/0000000002-0011223344556677" as RunName),
      tape: fc.constantFrom(0, 9, 10),
      first: fc.oneof(
        fc.nat(60),
        fc.integer({ min: 4080, max: 4110 }),
        fc.integer({ min: 2 ** 32 - 9, max: 2 ** 32 + 9 }),
        fc.constant(Number.MAX_SAFE_INTEGER - 4300),
      ),
      length: fc.oneof(fc.nat(20), fc.constant(4200)),
    })
    .map(({ length, ...span }) => ({ ...span, last: span.first + length })),
  { maxLength: 8 },
);

function members(ranges: SegmentRanges): number[] {
  return ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, n) => first + n),
  );
}

/** Sorts as a reach does. */
function keyOf({ run, tape }: Pick<Span, "run" | "tape">, segment: number): string {
  return `${run} ${String(tape).padStart(2, "0")} ${String(segment).padStart(16, "0")}`;
}

describe("the reach", () => {
  it("is the set of all segments that were added, sorted by run and tape", () => {
    fc.assert(
      fc.property(spans, (spans) => {
        const reach = new Reach();
        for (const span of spans) reach.add(span);
        const tapes = [...reach.tapes()];
        const found = tapes.flatMap(({ segments, ...tape }) =>
          members(segments).map((segment) => keyOf(tape, segment)),
        );
        const wanted = spans.flatMap(({ first, last, ...tape }) =>
          members([[first, last]]).map((segment) => keyOf(tape, segment)),
        );
        assert.deepEqual(found, [...new Set(wanted)].sort());
        for (const { segments } of tapes) {
          const gaps = segments.slice(1).map(([first], at) => first - (segments[at]?.[1] ?? first));
          assert.ok(
            gaps.every((gap) => gap > 1),
            "two ranges touch",
          );
        }
        assert.deepEqual(reach.runs(), [...new Set(tapes.map((part) => part.run))]);
      }),
      { numRuns: numRuns / 4 },
    );
  });

  it("covers each byte of a piece, and no segment more", () => {
    const piece = fc.record({
      offset: fc.nat(40),
      length: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(piece, fc.integer({ min: 1, max: 16 }), (piece, size) => {
        const { first, last } = spanOf({ run, tape: 0, ...piece }, size);
        assert.ok(first * size <= piece.offset && piece.offset < (first + 1) * size);
        const end = piece.offset + piece.length;
        assert.ok(last * size < end && end <= (last + 1) * size);
      }),
      { numRuns },
    );
  });
});

describe("pages of a reach", () => {
  const key = (page: ReachPage) => Buffer.from(encodePage(page)).toString();

  it("hold all of it, in order, the tapes of a run together", () => {
    fc.assert(
      fc.property(reaches, (reach) => {
        const pages = [...paginate(reach)];
        assert.deepEqual(pages.flat(), reach);
        const runs = pages.flatMap((page) => [...new Set(page.map(({ run }) => run))]);
        assert.equal(new Set(runs).size, runs.length);
      }),
      { numRuns },
    );
  });

  it("stay as they are, but for two at most, where one run is added", () => {
    const many: fc.Arbitrary<TapeReach[]> = fc
      .uniqueArray(runNames, { minLength: 30, maxLength: 120, size: "max" })
      .map((runs) => runs.map((run) => ({ run, tape: 0, segments: [[0, 1]] })));
    let pages = 0;
    fc.assert(
      fc.property(many, fc.nat(), (reach, at) => {
        const sorted = reach.toSorted((a, b) => (a.run < b.run ? -1 : 1));
        const before = new Set([...paginate(sorted.toSpliced(at % sorted.length, 1))].map(key));
        const after = [...paginate(sorted)].map(key);
        pages = Math.max(pages, after.length);
        assert.ok(after.filter((page) => !before.has(page)).length <= 2);
      }),
      { numRuns },
    );
    assert.ok(pages > 3, "there was one page only");
  });

  it("open at one run of sixteen, by its name alone", () => {
    const reach = Array.from({ length: 1600 }, (_, n) => ({
      run: runName("a", n, new Uint8Array(8)),
      tape: 0,
      segments: [[0, 1] as const],
    }));
    const pages = [...paginate(reach)];
    assert.ok(pages.length > 60 && pages.length < 150, `${pages.length}`);
  });
});
