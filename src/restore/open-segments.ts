/**
 * Opens fetched segments, and takes frames out of the tape that they join to.
 *
 * A segment is opened when the first frame asks for it, not before: one that is
 * damaged then fails the frames that lie in it, and no others.
 */
import { CorruptError } from "../errors.ts";
import type { Place } from "../format/table.ts";
import { SEGMENT_HASH_BYTES } from "../format/table.ts";
import { openSegment } from "../pack/segment.ts";
import type { Opener } from "../seal/packet.ts";
import type { FetchedStretch } from "./fetch.ts";

/** A sealed segment that was fetched. */
export class Segment {
  /** The pack and the number, for error messages. */
  readonly name: string;
  readonly #sealed: Uint8Array;
  readonly #hash: Uint8Array;
  #plain: Uint8Array | undefined;

  constructor(name: string, sealed: Uint8Array, hash: Uint8Array) {
    this.name = name;
    this.#sealed = sealed;
    this.#hash = hash;
  }

  /** @throws {@link CorruptError} in its name, each time it is asked, if it is not what was stored. */
  open(opener: Opener): Uint8Array {
    this.#plain ??= openSegment(this.name, this.#sealed, this.#hash, opener);
    return this.#plain;
  }
}

/** The segments of a stretch by their numbers. */
export function* segmentsOf(stretch: FetchedStretch): Generator<[number: number, Segment]> {
  const { pack, first, sealedSize, hashes, bytes } = stretch;
  const count = hashes.length / SEGMENT_HASH_BYTES;
  for (let at = 0; at < count; at++) {
    const sealed = bytes.subarray(at * sealedSize, (at + 1) * sealedSize);
    const hash = hashes.subarray(at * SEGMENT_HASH_BYTES, (at + 1) * SEGMENT_HASH_BYTES);
    yield [first + at, new Segment(`${pack}, segment ${first + at}`, sealed, hash)];
  }
}

/** A tape of which some segments were fetched. */
export interface OpenTape {
  readonly segmentSize: number;
  readonly opener: Opener;
  segment(number: number): Segment | undefined;
}

/** The name of a frame, for error messages. */
export function frameName({ run, tape, offset }: Place): string {
  return `the frame at ${offset} of tape ${tape} of run ${run}`;
}

/**
 * The bytes of a frame.
 *
 * @throws {@link CorruptError} if a segment of it is damaged, or does not hold so much.
 */
export function frameOf(tape: OpenTape, place: Place): Uint8Array {
  const { segmentSize, opener } = tape;
  const end = place.offset + place.length;
  const pieces: Uint8Array[] = [];
  for (let at = place.offset; at < end; ) {
    const number = Math.floor(at / segmentSize);
    const within = at % segmentSize;
    const wanted = Math.min(segmentSize - within, end - at);
    const segment = tape.segment(number);
    if (segment === undefined) throw new CorruptError(frameName(place), "it is not all there");
    const piece = segment.open(opener).subarray(within, within + wanted);
    if (piece.length !== wanted) {
      throw new CorruptError(segment.name, "it is shorter than the index says");
    }
    pieces.push(piece);
    at += wanted;
  }
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
}
