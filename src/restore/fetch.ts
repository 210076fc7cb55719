/** Fetches sealed segments: whole stretches of a tape, wherever packs have them. */
import type { Cache } from "../cache/cache.ts";
import type { Stretch } from "../cache/segments.ts";
import { CorruptError } from "../errors.ts";
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

/**
 * Reads the segments of a span.
 *
 * @throws {@link CorruptError} if the index does not know where all of them are.
 */
export function fetchSpan(
  target: Target,
  cache: Pick<Cache, "segments">,
  span: Span,
): Promise<FetchedStretch[]> {
  const stretches = cache.segments.locate(span.run, span.tape, span.first, span.last);
  let next = span.first;
  for (const { first, count } of stretches) {
    if (first === next) next += count;
  }
  if (next !== span.last + 1) {
    throw new CorruptError(
      `segment ${next} of tape ${span.tape} of run ${span.run}`,
      "the index does not say where it is",
    );
  }
  return Promise.all(stretches.map((stretch) => fetchStretch(target, stretch)));
}

async function fetchStretch(target: Target, stretch: Stretch): Promise<FetchedStretch> {
  const { pack, offset, first, count, sealedSize, hashes } = stretch;
  const bytes = await target.readRange(pack, offset, count * sealedSize);
  return { pack, first, sealedSize, hashes, bytes };
}
