/**
 * Fetches sealed segments: whole stretches of a tape, wherever packs have them.
 * The index was written by somebody else: what it says is looked at before
 * memory is asked for.
 */
import type { Cache } from "../cache/cache.ts";
import type { Stretch } from "../cache/segments.ts";
import { CorruptError, NotFoundError } from "../errors.ts";
import type { Span } from "../repository/reach.ts";
import type { Target } from "../target/target.ts";

/** Sealed segments, one behind the other, as they were read from one pack. */
export interface FetchedStretch {
  readonly pack: string;
  /** Number of the first. */
  readonly first: number;
  readonly sealedSize: number;
  /** One behind the other, as in the index. */
  readonly hashes: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Sealing adds less than this to a segment, in every format. */
const MAX_OVERHEAD_BYTES = 4096;

/** Where segments are fetched from. */
export interface SegmentStore {
  readonly target: Target;
  readonly cache: Pick<Cache, "segments">;
  readonly segmentSize: number;
}

/**
 * Reads the segments of a span.
 *
 * @throws {@link CorruptError} if the index does not know where all of them are, or a pack is
 * missing or too short; otherwise as {@link Target.readRange}.
 */
export async function fetchSpan(store: SegmentStore, span: Span): Promise<FetchedStretch[]> {
  const { run, tape, first, last } = span;
  const stretches = store.cache.segments.locate(run, tape, first, last);
  const known = lastInRow(stretches, first);
  if (known !== last) {
    throw new CorruptError(
      `segment ${known + 1} of tape ${tape} of run ${run}`,
      "the index does not say where it is",
    );
  }
  // Settled, not all: nothing is read on behind the caller's back.
  const fetched = await Promise.allSettled(stretches.map((part) => fetchStretch(store, part)));
  return fetched.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

/** As much of a span as the index knows without a gap, and the first segment in any case. */
export function knownPart({ cache }: SegmentStore, span: Span): Span {
  const stretches = cache.segments.locate(span.run, span.tape, span.first, span.last);
  return { ...span, last: Math.max(span.first, lastInRow(stretches, span.first)) };
}

/** The last segment of a row that begins with `first`; `first - 1` if there is none. */
function lastInRow(stretches: readonly Stretch[], first: number): number {
  let next = first;
  for (const stretch of stretches) {
    if (stretch.first === next) next += stretch.count;
  }
  return next - 1;
}

async function fetchStretch(store: SegmentStore, stretch: Stretch): Promise<FetchedStretch> {
  const { pack, offset, first, count, sealedSize, hashes } = stretch;
  if (sealedSize > store.segmentSize + MAX_OVERHEAD_BYTES) {
    throw new CorruptError(`${pack}, segment ${first}`, `${sealedSize} bytes are too many for one`);
  }
  try {
    const bytes = await store.target.readRange(pack, offset, count * sealedSize);
    // A copy: a view would take all the memory behind it along to another thread.
    return { pack, first, sealedSize, hashes: new Uint8Array(hashes), bytes };
  } catch (error) {
    if (error instanceof NotFoundError) {
      throw new CorruptError(pack, "it is missing", { cause: error });
    }
    // The contract of targets: the name or the range cannot be one.
    if (error instanceof RangeError) {
      throw new CorruptError(pack, "the index is wrong about it", { cause: error });
    }
    throw error;
  }
}
