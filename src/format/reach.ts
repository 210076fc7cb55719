/**
 * The reach: the segments that a snapshot needs, as ranges by run and tape.
 * It says what gc must keep, without saying which chunk is where.
 *
 * A reach is stored as pages. Which runs share a page depends on the runs'
 * names alone, so that what did not change is named again and not stored again.
 */
import { createHash } from "node:crypto";
import { CorruptError } from "../errors.ts";
import type { Fields } from "./fields.ts";
import { isInteger } from "./fields.ts";
import { encodeLines } from "./lines.ts";
import type { RunName } from "./names.ts";
import { parseRunName } from "./names.ts";
import { MAX_TAPE } from "./table.ts";

/** `[first, last]` segment numbers. */
type Range = readonly [number, number];

/** Ascending, apart from each other. */
export type SegmentRanges = readonly Range[];

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

/**
 * The inverse of {@link encodePage}.
 *
 * @throws {@link CorruptError} in the name of a line that is none, or out of order.
 */
export function decodePage(lines: Iterable<Fields>): ReachPage {
  const page: (TapeReach & { readonly segments: Range[] })[] = [];
  for (const line of lines) {
    const run = parseRunName(line.name, line.value("run"));
    const tape = line.integer("tape", MAX_TAPE);
    const last = page.at(-1);
    const segments = last?.run === run && last.tape === tape ? last.segments : [];
    if (segments !== last?.segments) {
      if (last && (run < last.run || (run === last.run && tape < last.tape))) {
        throw new CorruptError(line.name, "it should come before the one before");
      }
      page.push({ run, tape, segments });
    }
    addRanges(segments, line);
  }
  return page;
}

function addRanges(segments: Range[], line: Fields): void {
  for (const item of line.array("segments")) {
    const range = decodeRange(line, item);
    const before = segments.at(-1);
    if (before !== undefined && range[0] <= before[1] + 1) {
      line.fail("segments", "ascending ranges, apart from each other");
    }
    segments.push(range);
  }
}

function decodeRange(line: Fields, item: unknown): Range {
  const [first, last] = Array.isArray(item) ? item : [];
  return isInteger(first) && isInteger(last) && first <= last
    ? [first, last]
    : line.fail("segments", "ranges, [first, last] each");
}
