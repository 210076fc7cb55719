/**
 * The reach: the segments that a snapshot needs, as ranges by run and tape.
 * It says what gc must keep, without saying which chunk is where.
 *
 * A reach is stored as pages. Which runs share a page depends on the runs'
 * names alone, so that what did not change is named again and not stored again.
 */
import { createHash } from "node:crypto";
import type { Fields } from "./fields.ts";
import { isInteger } from "./fields.ts";
import { encodeLines } from "./lines.ts";
import type { RunName } from "./names.ts";
import { parseRunName } from "./names.ts";

/** Ascending, apart from each other: `[first, last]` segment numbers. */
export type SegmentRanges = readonly (readonly [number, number])[];

export interface TapeReach {
  readonly run: RunName;
  readonly tape: number;
  readonly segments: SegmentRanges;
}

/** One page: sorted by run and tape. */
export type ReachPage = readonly TapeReach[];

/** On average so many runs share a page. */
const RUNS_A_PAGE = 16;
/** A tape in more pieces than this is spread over several lines. */
const RANGES_A_LINE = 1024;
const MAX_TAPE = 0xffff;

/** Cuts a reach, sorted by run and tape, into pages. */
export function* paginate(reach: Iterable<TapeReach>): Generator<ReachPage> {
  let page: TapeReach[] = [];
  for (const part of reach) {
    if (page.length > 0 && page.at(-1)?.run !== part.run && opensPage(part.run)) {
      yield page;
      page = [];
    }
    page.push(part);
  }
  if (page.length > 0) yield page;
}

function opensPage(run: RunName): boolean {
  const hash = createHash("sha256").update(run).digest();
  return hash.readUInt32LE(0) % RUNS_A_PAGE === 0;
}

export function encodePage(page: ReachPage): Uint8Array {
  return encodeLines(pageLines(page));
}

function* pageLines(page: ReachPage): Generator<object> {
  for (const { run, tape, segments } of page) {
    for (let at = 0; at < segments.length; at += RANGES_A_LINE) {
      yield { run, tape, segments: segments.slice(at, at + RANGES_A_LINE) };
    }
  }
}

/** @throws {@link CorruptError} in the name of the lines' document. */
export function* decodePage(lines: Iterable<Fields>): Generator<TapeReach> {
  for (const line of lines) {
    yield {
      run: parseRunName(line.name, line.value("run")),
      tape: line.integer("tape", MAX_TAPE),
      segments: line.array("segments").map((item) => decodeRange(line, item)),
    };
  }
}

function decodeRange(line: Fields, item: unknown): readonly [number, number] {
  const [first, last] = Array.isArray(item) ? item : [];
  return isInteger(first) && isInteger(last) && first <= last
    ? [first, last]
    : line.fail("segments", "ranges, [first, last] each");
}
