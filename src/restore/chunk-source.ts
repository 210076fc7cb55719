/**
 * Reads single chunks, as trees and content lists need them: near each other
 * on a few tapes, and often of the same frame, each once for every line in it.
 * Keeps the segments, frames and chunks that were used last.
 */
import type { Cache } from "../cache/cache.ts";
import type { Zstd } from "../compression/zstd.ts";
import { CorruptError } from "../errors.ts";
import type { ContentChunk } from "../format/content.ts";
import { decodeBase64, encodeBase64 } from "../format/fields.ts";
import type { PacketKey } from "../format/secret.ts";
import type { ChunkId, Place } from "../format/table.ts";
import { MAX_CHUNK_BYTES } from "../format/table.ts";
import { chunkOf, frameLimit } from "../pack/frame.ts";
import type { Span } from "../repository/reach.ts";
import { spanOf } from "../repository/reach.ts";
import type { Repository } from "../repository/repository.ts";
import type { SessionKeys } from "../repository/session-keys.ts";
import type { Opener } from "../seal/packet.ts";
import type { FetchedStretch, SegmentStore } from "./fetch.ts";
import { fetchSpan, knownPart } from "./fetch.ts";
import type { Segment } from "./open-segments.ts";
import { frameName, frameOf, segmentsOf } from "./open-segments.ts";
import { Recent } from "./recent.ts";

/** What reading content takes. */
export interface ReadingMeans {
  readonly repository: Repository;
  readonly cache: Pick<Cache, "chunks" | "segments">;
  readonly keys: Pick<SessionKeys, "key">;
  readonly zstd: Zstd;
  /** Gives a chunk's id. */
  readonly identify: (bytes: Uint8Array) => Uint8Array;
  readonly opener: (key: PacketKey) => Opener;
}

/** Segments read at once: what follows on a tape of trees is wanted next. */
const READ_AHEAD = 16;
/** A tree that changed little at a time lies on many tapes, and is read back and forth. */
const KEPT_SEGMENT_BYTES = 16 * 2 ** 20;
const KEPT_FRAME_BYTES = 16 * 2 ** 20;
const KEPT_CHUNK_BYTES = 16 * 2 ** 20;

export class ChunkSource {
  readonly #means: ReadingMeans;
  readonly #store: SegmentStore;
  readonly #segments = new Recent<Segment>(KEPT_SEGMENT_BYTES);
  readonly #frames = new Recent<Uint8Array>(KEPT_FRAME_BYTES);
  /** Verified. */
  readonly #chunks = new Recent<Uint8Array>(KEPT_CHUNK_BYTES);

  constructor(means: ReadingMeans) {
    this.#means = means;
    this.#store = segmentStore(means);
  }

  /**
   * A chunk's bytes, verified.
   *
   * @throws {@link CorruptError} if the index does not know it, or what is stored is not it.
   */
  async read(chunk: ContentChunk): Promise<Uint8Array> {
    const kept = this.#chunks.get(chunk.id);
    if (kept?.length === chunk.size) return kept;
    const place = placeOf(this.#means.cache, chunk);
    const bytes = chunkOf(frameName(place), await this.#frame(place), place);
    verifyChunk(chunk.id, bytes, this.#means.identify);
    // A view holds all of its frame.
    this.#chunks.put(chunk.id, bytes, bytes.buffer.byteLength);
    return bytes;
  }

  async #frame(place: Place): Promise<Uint8Array> {
    const key = `${place.run} ${place.tape} ${place.offset} ${place.length}`;
    const known = this.#frames.get(key);
    if (known !== undefined && known.length >= place.within + place.size) return known;
    const { keys, opener, zstd } = this.#means;
    const opening = opener(await keys.key(place.run));
    const { segmentSize } = this.#store;
    const segments = await this.#bring(spanOf(place, segmentSize));
    const tape = { segmentSize, opener: opening, segment: (at: number) => segments.get(at) };
    const frame = frameOf(tape, place);
    const content = zstd.decompress(frameName(place), frame, frameLimit(place)).slice();
    this.#frames.put(key, content, content.length);
    return content;
  }

  /** The segments of a span, fetched if need be. */
  async #bring(span: Span): Promise<Map<number, Segment>> {
    const segments = new Map<number, Segment>();
    for (let number = span.first; number <= span.last; number++) {
      const segment = this.#segments.get(segmentKey(span, number));
      if (segment === undefined) break;
      segments.set(number, segment);
    }
    const first = span.first + segments.size;
    if (first > span.last) return segments;
    for (const stretch of await this.#fetch({ ...span, first })) {
      for (const [number, segment] of segmentsOf(stretch)) {
        segments.set(number, segment);
        // Opened, it holds as much again.
        this.#segments.put(segmentKey(span, number), segment, 2 * stretch.sealedSize);
      }
    }
    return segments;
  }

  /** Reads ahead, as far as the index knows what follows, unless that is damaged. */
  async #fetch(span: Span): Promise<FetchedStretch[]> {
    const ahead = knownPart(this.#store, { ...span, last: span.first + READ_AHEAD - 1 });
    if (ahead.last > span.last) {
      try {
        return await fetchSpan(this.#store, ahead);
      } catch (error) {
        if (!(error instanceof CorruptError)) throw error;
      }
    }
    return await fetchSpan(this.#store, span);
  }
}

/** Where the segments of a repository are fetched from. */
export function segmentStore({ repository, cache }: ReadingMeans): SegmentStore {
  const { target, settings } = repository;
  return { target, cache, segmentSize: settings.sizes.segment };
}

function segmentKey({ run, tape }: Span, number: number): string {
  return `${run} ${tape} ${number}`;
}

/** @throws {@link CorruptError} if the index does not know the chunk, or not as the list does. */
export function placeOf(cache: Pick<Cache, "chunks">, { id, size }: ContentChunk): Place {
  const hash = decodeBase64(id);
  const place = hash && cache.chunks.locate(hash);
  if (place === undefined) throw new CorruptError(`chunk ${id}`, "the index does not know it");
  if (place.size !== size) {
    throw new CorruptError(`chunk ${id}`, `it has ${place.size} bytes where ${size} belong`);
  }
  // So that nobody makes us unpack more than a chunk's worth.
  if (place.within + size > MAX_CHUNK_BYTES || place.length === 0) {
    throw new CorruptError(`chunk ${id}`, "the index gives it a place that cannot be");
  }
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
