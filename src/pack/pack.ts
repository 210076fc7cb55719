/**
 * Packs: objects of about 16 MiB that hold whole sealed segments, ended by a
 * table of what is in them: `segments ‖ sealed table ‖ u32le its length ‖ "varv"`.
 *
 * A writer fills one buffer and gives it away when it is full; whoever stores
 * the pack hands a buffer back. Nothing is copied on the way.
 */

import { CorruptError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { objectHashOf } from "../format/object-hash.ts";
import type { FrameEntry, PackTable, SegmentGroup } from "../format/table.ts";
import { encodeTable, SEGMENT_HASH_BYTES } from "../format/table.ts";
import type { Sealer } from "../seal/packet.ts";
import { segmentHash } from "./segment.ts";

const MAGIC = 0x76726176; // "varv", little-endian
export const TRAILER_BYTES = 8;
/**
 * A pack that lists so many chunks takes no further segment: that bounds tables,
 * and claims in flight, but for what the last segment brings.
 */
export const MAX_PACK_CHUNKS = 16384;
/** Room behind the segments: for one that is longer than a pack, and for nearly every table. */
const TABLE_RESERVE = 4 * 2 ** 20;

/** A finished pack on its way to the target. */
export interface FullPack {
  readonly table: PackTable;
  /** The object: the front part of a buffer that the writer wants back. */
  readonly bytes: Uint8Array;
}

/** A step that may finish packs: it yields each and is sent a buffer to go on in. */
export type Packing<T> = Generator<FullPack, T, Uint8Array>;

/** What a pack of one tape is made with. */
export interface PackMaker {
  readonly run: RunName;
  readonly tape: number;
  /** The most bytes of segments in a pack, but that it holds at least one. */
  readonly packSize: number;
  /** Seals segments. */
  readonly sealer: Sealer;
  /** Seals the table's lines under the index key. */
  readonly sealTable: (lines: Uint8Array) => Uint8Array;
  /** The object name of the next pack. */
  readonly nextPack: () => string;
}

/** The size of the buffers that packs are made in. */
export function packBufferSize(packSize: number): number {
  return packSize + TABLE_RESERVE;
}

export class PackWriter {
  readonly #maker: PackMaker;
  #buffer: Uint8Array | undefined;
  #used = 0;
  #groups: { first: number; sealedSize: number; hashes: Uint8Array[] }[] = [];
  #frames: FrameEntry[] = [];
  #chunks = 0;

  constructor(maker: PackMaker, buffer: Uint8Array) {
    this.#maker = maker;
    this.#buffer = buffer;
  }

  /**
   * Seals one segment into the pack, after beginning another pack if this one is full.
   *
   * @param frames - the frames whose last byte lies in this segment.
   */
  *add(number: number, plain: Uint8Array, frames: readonly FrameEntry[]): Packing<void> {
    const size = this.#maker.sealer.sealedSize(plain.length);
    if (this.#used > 0 && this.#used + size > this.#maker.packSize) yield* this.close();
    if (this.#buffer === undefined) throw new Error("the pack writer was not given a buffer");
    const sealed = this.#buffer.subarray(this.#used, this.#used + size);
    this.#maker.sealer.seal(plain, sealed);
    this.#used += size;

    const group = this.#groups.at(-1);
    if (group !== undefined && group.sealedSize === size) group.hashes.push(segmentHash(sealed));
    else this.#groups.push({ first: number, sealedSize: size, hashes: [segmentHash(sealed)] });
    for (const frame of frames) {
      this.#chunks += frame.chunks.length;
      this.#frames.push(frame);
    }
    if (this.#chunks >= MAX_PACK_CHUNKS) yield* this.close();
  }

  /** Finishes the pack, if anything is in it. */
  *close(): Packing<void> {
    if (this.#used === 0 || this.#buffer === undefined) return;
    const pack = this.#finish(this.#buffer);
    this.#buffer = undefined;
    this.#used = 0;
    this.#groups = [];
    this.#frames = [];
    this.#chunks = 0;
    this.#buffer = yield pack;
  }

  #finish(buffer: Uint8Array): FullPack {
    const { run, tape, nextPack, sealTable } = this.#maker;
    const segments: SegmentGroup[] = this.#groups.map(({ first, sealedSize, hashes }) => ({
      first,
      sealedSize,
      // Not a pooled Buffer: this crosses to another thread.
      hashes: new Uint8Array(Buffer.concat(hashes)),
    }));
    const table = { pack: nextPack(), parts: [{ run, tape, segments, frames: this.#frames }] };
    const sealed = sealTable(encodeTable(table));
    const hash = objectHashOf(sealed);
    const end = this.#used + sealed.length;
    const bytes = withRoom(buffer, this.#used, end + TRAILER_BYTES);
    bytes.set(sealed, this.#used);
    const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, TRAILER_BYTES);
    trailer.setUint32(0, sealed.length, true);
    trailer.setUint32(4, MAGIC, true);
    return { table: { ...table, hash }, bytes: bytes.subarray(0, end + TRAILER_BYTES) };
  }
}

/**
 * `buffer`, or a longer one in its place. Frames may be hundreds of times smaller
 * than their chunks, so no reserve is enough for the files that somebody may make.
 */
function withRoom(buffer: Uint8Array, used: number, size: number): Uint8Array {
  if (size <= buffer.length) return buffer;
  const longer = new Uint8Array(size);
  longer.set(buffer.subarray(0, used));
  return longer;
}

/**
 * Where a pack's sealed table lies, as its last {@link TRAILER_BYTES} bytes tell.
 *
 * @param size - the pack's bytes.
 * @throws {@link CorruptError} if that is no end of a pack.
 */
export function tableRange(name: string, size: number, trailer: Uint8Array): [number, number] {
  if (trailer.length !== TRAILER_BYTES) throw new CorruptError(name, "it is too short for a pack");
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.byteLength);
  const length = view.getUint32(0, true);
  const offset = size - TRAILER_BYTES - length;
  if (view.getUint32(4, true) !== MAGIC || offset < 0) {
    throw new CorruptError(name, "it has no table at its end");
  }
  return [offset, length];
}

/** The bytes of segments that a table says are in its pack. */
export function bodySize(table: PackTable): number {
  let size = 0;
  for (const { segments } of table.parts) {
    for (const { sealedSize, hashes } of segments) {
      size += (hashes.length / SEGMENT_HASH_BYTES) * sealedSize;
    }
  }
  return size;
}
