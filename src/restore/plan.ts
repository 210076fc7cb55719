/**
 * Plans a batch of chunks: in the order in which they lie on tapes, frame by
 * frame, in units of neighbouring segments. A segment is fetched once, or
 * twice where two units meet in it. Pure: a plan is a value.
 */
import type { ChunkId, Place } from "../format/table.ts";
import type { Span } from "../repository/reach.ts";
import { spanOf } from "../repository/reach.ts";
import type { Destination, WantedFrame } from "./unit.ts";

/** A chunk and one place that it goes to. */
export interface Want {
  readonly id: ChunkId;
  readonly place: Place;
  readonly destination: Destination;
}

/** Frames whose segments are fetched together. */
export interface PlannedUnit {
  readonly span: Span;
  readonly frames: readonly WantedFrame[];
}

/** The most that is fetched at once, unless one frame is longer. */
export const UNIT_BYTES: number = 4 * 2 ** 20;
/** And the most to be written, so that small files too keep all writers busy. */
export const UNIT_WANTS = 1024;
/** Segments in between that nobody wants are fetched too, rather than asking twice. */
const MAX_GAP = 2;

interface OpenUnit {
  span: Span;
  readonly frames: WantedFrame[];
  wants: number;
}

/** @param segmentSize - bytes of a tape in one segment. */
export function planUnits(wants: readonly Want[], segmentSize: number): PlannedUnit[] {
  const most = Math.max(1, Math.floor(UNIT_BYTES / segmentSize));
  const units: OpenUnit[] = [];
  for (const group of framesOf(wants)) {
    const frame = group.map(chunkOf) as [WantedFrame[0], ...WantedFrame];
    const span = spanOf(frame[0].place, segmentSize);
    const count = frame.reduce((sum, { destinations }) => sum + destinations.length, 0);
    const unit = units.at(-1);
    if (unit !== undefined && takes(unit, span, most)) {
      unit.span = { ...unit.span, last: Math.max(unit.span.last, span.last) };
      unit.frames.push(frame);
      unit.wants += count;
    } else {
      units.push({ span, frames: [frame], wants: count });
    }
  }
  return units;
}

/** What needs no segment more is always taken: a third unit would fetch it again. */
function takes({ span, wants }: OpenUnit, next: Span, most: number): boolean {
  if (span.run !== next.run || span.tape !== next.tape) return false;
  if (next.last <= span.last) return true;
  return (
    next.first <= span.last + 1 + MAX_GAP && next.last - span.first < most && wants < UNIT_WANTS
  );
}

/** Wants by frame, and in a frame by chunk, in the order of the tape. */
function framesOf(wants: readonly Want[]): Want[][][] {
  const frames: Want[][][] = [];
  let last: Want | undefined;
  for (const want of wants.toSorted(byPlace)) {
    if (last === undefined || compareFrames(last.place, want.place) !== 0) frames.push([]);
    const chunks = frames.at(-1);
    if (chunks?.length === 0 || last?.id !== want.id) chunks?.push([]);
    chunks?.at(-1)?.push(want);
    last = want;
  }
  return frames;
}

function chunkOf(wants: readonly Want[]): WantedFrame[0] {
  const [{ id, place }] = wants as [Want, ...Want[]];
  return { id, place, destinations: wants.map(({ destination }) => destination) };
}

function byPlace(a: Want, b: Want): number {
  return (
    compareFrames(a.place, b.place) ||
    a.place.within - b.place.within ||
    // An index may say that two chunks lie at one place: each stays in one piece.
    compareText(a.id, b.id)
  );
}

function compareFrames(a: Place, b: Place): number {
  return compareText(a.run, b.run) || a.tape - b.tape || a.offset - b.offset || a.length - b.length;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
