/**
 * Lets through the chunks that the repository lacks, each of them once, and
 * lays them on a tape: identify, claim, compress, tape, seal.
 *
 * Everything here is synchronous, on whatever thread; a step yields when a
 * pack is full and goes on in the buffer that it is sent.
 */
import type { ContentChunk } from "../format/content.ts";
import { encodeBase64 } from "../format/fields.ts";
import type { ChunkId, Place } from "../format/table.ts";
import type { FrameWriter } from "../pack/frame.ts";
import type { Packing } from "../pack/pack.ts";
import type { Claims } from "../repository/claims.ts";
import type { Span } from "../repository/reach.ts";
import { spanOf } from "../repository/reach.ts";

/** The stored chunks, as this thread sees them. */
export interface KnownChunks {
  locate(id: Uint8Array): Place | undefined;
  /** From now on {@link locate} sees what other threads have committed until now. */
  refresh(): void;
}

/** A chunk that is in the repository, or in flight. */
export interface StoredChunk extends ContentChunk {
  /** Where it lies, as far as that is known by now. */
  readonly span?: Span;
  /** Whether this run stores it. */
  readonly isNew: boolean;
}

/** The tape that new chunks go to. */
export interface Lane {
  readonly run: Span["run"];
  readonly tape: number;
  readonly segmentSize: number;
  readonly frames: FrameWriter;
}

export class ChunkWriter {
  readonly #identify: (bytes: Uint8Array) => Uint8Array;
  readonly #claims: Claims;
  readonly #known: KnownChunks;
  readonly #lane: Lane;
  #commits = 0;

  /** @param identify - gives a chunk's id. */
  constructor(
    identify: (bytes: Uint8Array) => Uint8Array,
    { claims, known }: { readonly claims: Claims; readonly known: KnownChunks },
    lane: Lane,
  ) {
    this.#identify = identify;
    this.#claims = claims;
    this.#known = known;
    this.#lane = lane;
  }

  /** Stores a chunk unless it is known or in flight. Its bytes are not looked at again. */
  *put(bytes: Uint8Array): Packing<StoredChunk> {
    const hash = this.#identify(bytes);
    const chunk = { id: encodeBase64(hash) as ChunkId, size: bytes.length };
    if (!this.#claims.claim(hash)) return { ...chunk, isNew: false };
    const place = this.#locate(hash);
    if (place !== undefined) {
      this.#claims.withdraw(hash);
      return { ...chunk, isNew: false, span: spanOf(place, this.#lane.segmentSize) };
    }
    const frame = yield* this.#lane.frames.add(chunk.id, bytes);
    if (frame === undefined) return { ...chunk, isNew: true };
    const { run, tape, segmentSize } = this.#lane;
    return { ...chunk, isNew: true, span: spanOf({ run, tape, ...frame }, segmentSize) };
  }

  /**
   * Asked after the claim: had another thread's claim on this chunk ended just
   * before ours, the count of commits tells that our view of the cache is old.
   */
  #locate(hash: Uint8Array): Place | undefined {
    const commits = this.#claims.commits;
    if (commits !== this.#commits) {
      this.#commits = commits;
      this.#known.refresh();
    }
    return this.#known.locate(hash);
  }
}
