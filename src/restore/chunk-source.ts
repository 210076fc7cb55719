/**
 * Reads single chunks, as trees and content lists need them: near each other
 * on a tape, and often of the same frame. Keeps the segments around the last
 * places and the last frames.
 */
import type { Cache } from "../cache/cache.ts";
import type { Zstd } from "../compression/zstd.ts";
import { CorruptError } from "../errors.ts";
import { decodeBase64, encodeBase64 } from "../format/fields.ts";
import type { ChunkId, Place } from "../format/table.ts";
import { chunkOf, frameLimit } from "../pack/frame.ts";
import type { Span } from "../repository/reach.ts";
import { spanOf } from "../repository/reach.ts";
import type { Repository } from "../repository/repository.ts";
import type { SessionKeys } from "../repository/session-keys.ts";
import type { Opener } from "../seal/packet.ts";
import { fetchSpan } from "./fetch.ts";
import type { OpenSegments } from "./open-segments.ts";
import { frameOf, openStretch } from "./open-segments.ts";

/** What reading content takes. */
export interface ReadingMeans {
  readonly repository: Repository;
  readonly cache: Pick<Cache, "chunks" | "segments">;
  readonly keys: SessionKeys;
  readonly zstd: Zstd;
  /** Gives a chunk's id. */
  readonly identify: (bytes: Uint8Array) => Uint8Array;
  readonly opener: (key: Uint8Array) => Opener;
}

/** Segments read at once: what follows on a tape of trees is wanted next. */
const READ_AHEAD = 16;
const KEPT_FRAMES = 64;

export class ChunkSource {
  readonly #means: ReadingMeans;
  readonly #segmentSize: number;
  #tape = "";
  #segments: OpenSegments = new Map();
  readonly #frames = new Map<string, Uint8Array>();

  constructor(means: ReadingMeans) {
    this.#means = means;
    this.#segmentSize = means.repository.settings.sizes.segment;
  }

  /**
   * A chunk's bytes, verified.
   *
   * @throws {@link CorruptError} if the index does not know it, or what is stored is not it.
   */
  async read(id: ChunkId): Promise<Uint8Array> {
    const place = placeOf(this.#means.cache, id);
    const name = `the frame at ${place.offset} of tape ${place.tape} of run ${place.run}`;
    const chunk = chunkOf(name, await this.#frame(name, place), place);
    verifyChunk(id, chunk, this.#means.identify);
    return chunk;
  }

  async #frame(name: string, place: Place): Promise<Uint8Array> {
    const key = `${place.run} ${place.tape} ${place.offset}`;
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    await this.#bring(spanOf(place, this.#segmentSize));
    const frame = frameOf(this.#segments, place, this.#segmentSize);
    const content = this.#means.zstd.decompress(name, frame, frameLimit(place)).slice();
    this.#frames.set(key, content);
    for (const oldest of this.#frames.keys()) {
      if (this.#frames.size <= KEPT_FRAMES) break;
      this.#frames.delete(oldest);
    }
    return content;
  }

  /** Makes sure that the segments of a span are open. */
  async #bring(span: Span): Promise<void> {
    const tape = `${span.run} ${span.tape}`;
    if (tape !== this.#tape) this.#segments.clear();
    this.#tape = tape;
    let first = span.first;
    while (first <= span.last && this.#segments.has(first)) first += 1;
    if (first > span.last) return;
    const { repository, cache, keys, opener } = this.#means;
    const ahead = { ...span, first, last: Math.max(span.last, first + READ_AHEAD - 1) };
    const wanted = cache.segments.holds(ahead.run, ahead.tape, ahead.first, ahead.last)
      ? ahead
      : { ...span, first };
    for (const number of this.#segments.keys()) {
      if (number < span.first) this.#segments.delete(number);
    }
    const open = opener(await keys.key(span.run));
    for (const stretch of await fetchSpan(repository.target, cache, wanted)) {
      openStretch(stretch, open, this.#segments);
    }
  }
}

/** @throws {@link CorruptError} if the index does not know the chunk. */
export function placeOf(cache: Pick<Cache, "chunks">, id: ChunkId): Place {
  const hash = decodeBase64(id);
  const place = hash && cache.chunks.locate(hash);
  if (place === undefined) throw new CorruptError(`chunk ${id}`, "the index does not know it");
  return place;
}

/** @throws {@link CorruptError} if the bytes have another id. */
export function verifyChunk(
  id: ChunkId,
  bytes: Uint8Array,
  identify: (bytes: Uint8Array) => Uint8Array,
): void {
  if (encodeBase64(identify(bytes)) !== id) {
    throw new CorruptError(`chunk ${id}`, "its bytes are not the ones that were backed up");
  }
}
