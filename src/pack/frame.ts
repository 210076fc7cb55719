/**
 * Frames: chunks as they lie on a tape, compressed. A large chunk is a zstd
 * frame of its own; smaller ones share frames, in the order in which they
 * came, so that the small files of a directory compress together.
 */
import type { Level, Zstd } from "../compression/zstd.ts";
import { CorruptError } from "../errors.ts";
import type { ChunkId, FrameChunk, Place } from "../format/table.ts";
import type { Packing } from "./pack.ts";
import type { TapeWriter } from "./tape.ts";

/** From this size on a chunk is its own frame. */
const OWN_FRAME_BYTES = 64 * 1024;
/** A shared frame is laid once it holds this much, or so many chunks. It never holds {@link OWN_FRAME_BYTES} more. */
const SHARED_FRAME_BYTES = 128 * 1024;
const SHARED_FRAME_CHUNKS = 1024;

/** Where a frame lies on its tape, in bytes. */
export type FramePlace = Pick<Place, "offset" | "length">;

export class FrameWriter {
  readonly #tape: TapeWriter;
  readonly #zstd: Zstd;
  readonly #level: Level;
  readonly #shared = new Uint8Array(SHARED_FRAME_BYTES + OWN_FRAME_BYTES);
  #filled = 0;
  #chunks: FrameChunk[] = [];

  /** @param level - zstd's. */
  constructor(tape: TapeWriter, zstd: Zstd, level: Level) {
    this.#tape = tape;
    this.#zstd = zstd;
    this.#level = level;
  }

  /**
   * Takes a chunk; its bytes are not looked at again.
   *
   * @returns where its frame lies, or nothing if it waits to share one.
   */
  *add(id: ChunkId, bytes: Uint8Array): Packing<FramePlace | undefined> {
    const chunk = { id, size: bytes.length };
    if (bytes.length >= OWN_FRAME_BYTES) return yield* this.#lay(bytes, [chunk]);
    this.#shared.set(bytes, this.#filled);
    this.#filled += bytes.length;
    this.#chunks.push(chunk);
    if (this.#filled >= SHARED_FRAME_BYTES || this.#chunks.length >= SHARED_FRAME_CHUNKS) {
      yield* this.flush();
    }
    return undefined;
  }

  /** Lays the chunks that wait. */
  *flush(): Packing<void> {
    if (this.#chunks.length === 0) return;
    const content = this.#shared.subarray(0, this.#filled);
    const chunks = this.#chunks;
    this.#filled = 0;
    this.#chunks = [];
    yield* this.#lay(content, chunks);
  }

  *#lay(content: Uint8Array, chunks: readonly FrameChunk[]): Packing<FramePlace> {
    const frame = this.#zstd.compress(content, this.#level);
    const place = { offset: this.#tape.end, length: frame.length };
    yield* this.#tape.append(frame, chunks);
    return place;
  }
}

/** The most bytes that a frame with a chunk at this place may hold: shared ones stay below a size. */
export function frameLimit(place: Place): number {
  return Math.max(place.within + place.size, SHARED_FRAME_BYTES + OWN_FRAME_BYTES);
}

/**
 * Takes a chunk out of its frame's content.
 *
 * @throws {@link CorruptError} in the frame's name if it is too short.
 */
export function chunkOf(name: string, content: Uint8Array, { within, size }: Place): Uint8Array {
  if (within + size > content.length) {
    throw new CorruptError(name, "it is too short for its chunks");
  }
  return content.subarray(within, within + size);
}
