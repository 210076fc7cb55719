/** Opens fetched segments and takes frames out of the tape that they join to. */
import { CorruptError } from "../errors.ts";
import type { Place } from "../format/table.ts";
import { SEGMENT_HASH_BYTES } from "../format/table.ts";
import { openSegment } from "../pack/segment.ts";
import type { Opener } from "../seal/packet.ts";
import type { FetchedStretch } from "./fetch.ts";

/** Plain segments by number. */
export type OpenSegments = Map<number, Uint8Array>;

/**
 * Opens every segment of a stretch, after its hash was checked.
 *
 * @throws {@link CorruptError} naming the pack and the segment.
 */
export function openStretch(stretch: FetchedStretch, opener: Opener, into: OpenSegments): void {
  const { pack, first, sealedSize, hashes, bytes } = stretch;
  for (let at = 0; at * sealedSize < bytes.length; at++) {
    const sealed = bytes.subarray(at * sealedSize, (at + 1) * sealedSize);
    const hash = hashes.subarray(at * SEGMENT_HASH_BYTES, (at + 1) * SEGMENT_HASH_BYTES);
    into.set(first + at, openSegment(`${pack}, segment ${first + at}`, sealed, hash, opener));
  }
}

/**
 * The bytes of a frame.
 *
 * @throws {@link CorruptError} if the segments do not hold all of it.
 */
export function frameOf(
  segments: OpenSegments,
  { offset, length }: Pick<Place, "offset" | "length">,
  segmentSize: number,
): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let at = offset; at < offset + length; ) {
    const number = Math.floor(at / segmentSize);
    const within = at % segmentSize;
    const wanted = Math.min(segmentSize - within, offset + length - at);
    const piece = segments.get(number)?.subarray(within, within + wanted);
    if (piece?.length !== wanted) {
      throw new CorruptError(`segment ${number}`, "it is shorter than the index says");
    }
    pieces.push(piece);
    at += wanted;
  }
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
}
