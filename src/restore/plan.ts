/**
 * Plans a batch of chunks: in the order in which they lie on tapes, frame by
 * frame, in units of neighbouring segments, so that each segment is fetched
 * once and read in order. Pure: a plan is a value.
 */
import type { ChunkId, Place } from "../format/table.ts";
import type { Span } from "../repository/reach.ts";
import { spanOf } from "../repository/reach.ts";
import type { Destination, WantedChunk, WantedFrame } from "./unit.ts";

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

/** Segments fetched at once: 8 MiB. */
const UNIT_SEGMENTS = 128;
/** Segments in between that nobody wants are fetched too, rather than asking twice. */
const MAX_GAP = 2;

export function planUnits(wants: readonly Want[], segmentSize: number): PlannedUnit[] {
  const units: { span: Span; frames: WantedFrame[] }[] = [];
  for (const frame of framesOf(wants)) {
    const span = spanOf(frame[0].place, segmentSize);
    const unit = units.at(-1);
    if (unit !== undefined && continues(unit.span, span)) {
      unit.span = { ...unit.span, last: Math.max(unit.span.last, span.last) };
      unit.frames.push(frame);
    } else {
      units.push({ span, frames: [frame] });
    }
  }
  return units;
}

function continues(unit: Span, next: Span): boolean {
  return (
    unit.run === next.run &&
    unit.tape === next.tape &&
    next.first <= unit.last + 1 + MAX_GAP &&
    next.last - unit.first < UNIT_SEGMENTS
  );
}

function framesOf(wants: readonly Want[]): WantedFrame[] {
  const frames: WantedChunk[][] = [];
  let last: Want | undefined;
  for (const want of wants.toSorted(byPlace)) {
    const frame = frames.at(-1);
    const chunk = { id: want.id, place: want.place, destinations: [want.destination] };
    if (last === undefined || frame === undefined || !isSameFrame(last.place, want.place)) {
      frames.push([chunk]);
    } else if (last.id === want.id) {
      const same = frame.pop();
      const destinations = [...(same?.destinations ?? []), want.destination];
      frame.push({ ...chunk, destinations });
    } else {
      frame.push(chunk);
    }
    last = want;
  }
  return frames as unknown as WantedFrame[];
}

function isSameFrame(a: Place, b: Place): boolean {
  return a.run === b.run && a.tape === b.tape && a.offset === b.offset;
}

function byPlace({ place: a }: Want, { place: b }: Want): number {
  if (a.run !== b.run) return a.run < b.run ? -1 : 1;
  return a.tape - b.tape || a.offset - b.offset || a.within - b.within;
}
