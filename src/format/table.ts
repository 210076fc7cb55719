/**
 * What lies in packs: the table that ends each pack, and the index, which
 * repeats the tables of a run's packs so that nobody has to read packs to
 * find a chunk.
 *
 * A table is JSON lines: first the pack, then for each tape that it holds
 * pieces of, the segments in the order in which they lie in the pack, and
 * the frames that end in them. A chunk's place never changes, so a frame is
 * listed in the pack that held its last byte first, and nowhere else.
 */
import { CorruptError } from "../errors.ts";
import type { Fields } from "./fields.ts";
import { decodeBase64, encodeBase64, isInteger } from "./fields.ts";
import { encodeLines } from "./lines.ts";
import type { RunName } from "./names.ts";
import { parseObjectName, parseRunName } from "./names.ts";

/** Bytes of a chunk id: keyed BLAKE3. */
export const CHUNK_ID_BYTES = 32;
/** Bytes kept of a sealed segment's SHA-256. */
export const SEGMENT_HASH_BYTES = 16;
/** Chunks are never longer; nor is what a frame holds, one chunk or a few small ones. */
export const MAX_CHUNK_BYTES: number = 64 * 2 ** 20;
/** Tapes are numbered from 0 to this. */
export const MAX_TAPE = 0xffff;
const MAX_SEGMENT_BYTES = 16 * 2 ** 20;
/** Where anything may end on a tape or in a pack; caches keep 48 bits of it. */
const MAX_POSITION = 2 ** 48 - 1;
/** What does not compress grows a little. */
const MAX_FRAME_BYTES = 2 * MAX_CHUNK_BYTES;
const FRAMES_A_LINE = 512;
/** The base64 of {@link CHUNK_ID_BYTES}; its last two bits are unused, and zero. */
const CHUNK_ID = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** A chunk's keyed BLAKE3 in base64. */
export type ChunkId = string & { readonly kind: "ChunkId" };

/** Where a chunk lies, for ever: behind `within` bytes of the content of one frame on a tape. */
export interface Place {
  readonly run: RunName;
  readonly tape: number;
  /** Where the frame begins on the tape, in bytes. */
  readonly offset: number;
  /** The frame's bytes on the tape. */
  readonly length: number;
  /** Where the chunk begins in the frame's content. */
  readonly within: number;
  /** The chunk's bytes. */
  readonly size: number;
}

/** Segments of one tape, numbered from `first`, one behind the other in a pack. */
export interface SegmentGroup {
  readonly first: number;
  /** Sealed bytes of each: all are of one size. */
  readonly sealedSize: number;
  /** {@link SEGMENT_HASH_BYTES} for each segment, end to end. */
  readonly hashes: Uint8Array;
}

export interface FrameEntry {
  /** Where the frame begins on its tape, in bytes. */
  readonly offset: number;
  readonly length: number;
  /** The chunks in it, in order, without gaps. */
  readonly chunks: readonly FrameChunk[];
}

export interface FrameChunk {
  readonly id: ChunkId;
  readonly size: number;
}

/** The pieces of one tape that lie in one pack. */
export interface TapePart {
  readonly run: RunName;
  readonly tape: number;
  readonly segments: readonly SegmentGroup[];
  readonly frames: readonly FrameEntry[];
}

export interface PackTable {
  /** The pack's object name. */
  readonly pack: string;
  /** SHA-256 of the sealed table, in hex; a table does not hold its own. */
  readonly hash?: string;
  /** The parts in the order in which their segments lie in the pack. */
  readonly parts: readonly TapePart[];
}

/** The lines of a table; {@link decodeTables} is the inverse. */
export function* tableLines(table: PackTable): Generator<object> {
  yield table.hash === undefined ? { pack: table.pack } : { pack: table.pack, table: table.hash };
  for (const { run, tape, segments, frames } of table.parts) {
    yield {
      run,
      tape,
      segments: segments.map((group) => [
        group.first,
        group.sealedSize,
        encodeBase64(group.hashes),
      ]),
    };
    for (let at = 0; at < frames.length; at += FRAMES_A_LINE) {
      yield { run, tape, frames: frames.slice(at, at + FRAMES_A_LINE).map(encodeFrame) };
    }
  }
}

export function encodeTable(table: PackTable): Uint8Array {
  return encodeLines(tableLines(table));
}

function encodeFrame({ offset, length, chunks }: FrameEntry): unknown[] {
  return [offset, length, chunks.map(({ id, size }) => [id, size])];
}

/**
 * Reads tables, one for each `pack` line.
 *
 * @throws {@link CorruptError} in the name of the lines' document if they are no tables.
 */
export function* decodeTables(lines: Iterable<Fields>): Generator<PackTable> {
  let table: MutableTable | undefined;
  let body = 0;
  for (const line of lines) {
    if (line.has("pack")) {
      if (table) yield table;
      table = beginTable(line);
      body = 0;
    } else if (table) {
      body += addLine(table.parts, line);
      if (body > MAX_POSITION) line.fail("segments", "in the first 2^48 bytes of a pack");
    } else {
      throw new CorruptError(line.name, "it belongs to no pack");
    }
  }
  if (table) yield table;
}

type MutableTable = PackTable & { readonly parts: MutablePart[] };

function beginTable(line: Fields): MutableTable {
  const pack = parseObjectName(line.name, "pack", line.value("pack"));
  return { pack, ...(line.has("table") ? { hash: line.hex("table", 64) } : {}), parts: [] };
}

interface MutablePart extends TapePart {
  readonly segments: SegmentGroup[];
  readonly frames: FrameEntry[];
}

/** @returns the bytes of the segments that it adds. */
function addLine(parts: MutablePart[], line: Fields): number {
  const run = parseRunName(line.name, line.value("run"));
  const tape = line.integer("tape", MAX_TAPE);
  if (line.has("segments")) {
    const segments = line.array("segments").map((item) => decodeGroup(line, item));
    parts.push({ run, tape, segments, frames: [] });
    return segments.reduce((sum, group) => sum + segmentCount(group) * group.sealedSize, 0);
  }
  const part = parts.at(-1);
  if (part?.run !== run || part.tape !== tape) {
    throw new CorruptError(line.name, "its tape's segments should come first");
  }
  for (const item of line.array("frames")) part.frames.push(decodeFrame(line, item));
  return 0;
}

function decodeGroup(line: Fields, item: unknown): SegmentGroup {
  const [first, sealedSize, text] = Array.isArray(item) ? item : [];
  const hashes = decodeBase64(text);
  if (!isInteger(first) || !isSize(sealedSize, MAX_SEGMENT_BYTES) || hashes === undefined) {
    line.fail("segments", "[number, sealed bytes, hashes] each");
  }
  if (hashes.length === 0 || hashes.length % SEGMENT_HASH_BYTES !== 0) {
    line.fail("segments", `${SEGMENT_HASH_BYTES} bytes of hash for each`);
  }
  // The least segments have 2^12 bytes.
  if (first + hashes.length > MAX_POSITION / 2 ** 12) line.fail("segments", "numbered below 2^36");
  return { first, sealedSize, hashes };
}

function decodeFrame(line: Fields, item: unknown): FrameEntry {
  const [offset, length, chunks] = Array.isArray(item) ? item : [];
  if (!isInteger(offset) || !isSize(length, MAX_FRAME_BYTES) || !Array.isArray(chunks)) {
    line.fail("frames", "[offset, length, chunks] each");
  }
  if (offset + length > MAX_POSITION) line.fail("frames", "on the first 2^48 bytes of a tape");
  const decoded = chunks.map((chunk) => decodeFrameChunk(line, chunk));
  // Readers make room for what a frame is said to hold.
  if (decoded.reduce((sum, { size }) => sum + size, 0) > MAX_CHUNK_BYTES) {
    line.fail("frames", `of ${MAX_CHUNK_BYTES} bytes of chunks at most`);
  }
  return { offset, length, chunks: decoded };
}

function decodeFrameChunk(line: Fields, item: unknown): FrameChunk {
  const [id, size] = Array.isArray(item) ? item : [];
  if (!isChunkId(id) || !isSize(size, MAX_CHUNK_BYTES)) {
    line.fail("frames", "made of chunks, [id, size] each");
  }
  return { id, size };
}

function isSize(value: unknown, max: number): value is number {
  return isInteger(value, max) && value > 0;
}

export function isChunkId(value: unknown): value is ChunkId {
  return typeof value === "string" && CHUNK_ID.test(value);
}

/** How many segments a group has. */
export function segmentCount(group: SegmentGroup): number {
  return group.hashes.length / SEGMENT_HASH_BYTES;
}
