/**
 * Content: what a file's or a directory's bytes are made of.
 *
 * Short content names its chunks itself. Longer content names chunks that hold
 * the list, one chunk a line, and so on level by level: a file of ten
 * terabytes costs its tree what changed in it.
 */
import type { Fields } from "./fields.ts";
import { isInteger } from "./fields.ts";
import type { ChunkId } from "./table.ts";
import { isChunkId, MAX_CHUNK_BYTES } from "./table.ts";

/** A list longer than this is stored as chunks itself. */
export const MAX_INLINE_CHUNKS = 16;
/** Levels of lists: enough for 2^53 bytes at the smallest sizes. */
const MAX_DEPTH = 8;

export interface ContentChunk {
  readonly id: ChunkId;
  /** Bytes of data in it. */
  readonly size: number;
}

export interface Content {
  /** Bytes of the content itself, not of its lists. */
  readonly size: number;
  /** 0: the chunks are the content. n: the chunks hold the list of the chunks of depth n - 1. */
  readonly depth: number;
  readonly chunks: readonly ContentChunk[];
}

export const EMPTY_CONTENT: Content = { size: 0, depth: 0, chunks: [] };

export function encodeContent({ size, depth, chunks }: Content): object {
  const list = chunks.map(({ id, size }) => [id, size]);
  return depth === 0 ? { size, chunks: list } : { size, depth, chunks: list };
}

/**
 * Reads content. Where a list is stored as chunks, whoever reads the list has
 * to see to it that its chunks add up to `size`.
 *
 * @throws {@link CorruptError} in the name of `fields`, also where sizes here do not add up.
 */
export function decodeContent(fields: Fields): Content {
  const size = fields.integer("size");
  const depth = fields.has("depth") ? fields.integer("depth", MAX_DEPTH) : 0;
  if (depth > 0 && fields.array("chunks").length === 0) fields.fail("chunks", "a list of some");
  const chunks = fields.array("chunks").map((item) => {
    const [id, size] = Array.isArray(item) ? item : [];
    return chunkOf(id, size) ?? fields.fail("chunks", "[id, size] each");
  });
  if (depth === 0 && chunks.reduce((sum, chunk) => sum + chunk.size, 0) !== size) {
    fields.fail("size", "the sum of the chunks");
  }
  return { size, depth, chunks };
}

/** One line of a list of chunks that is stored as chunks. */
export function encodeListLine({ id, size }: ContentChunk): object {
  return { id, size };
}

/** The inverse of {@link encodeListLine}. */
export function decodeListLine(line: Fields): ContentChunk {
  return (
    chunkOf(line.value("id"), line.value("size")) ?? line.fail("id", "a chunk's, with its size")
  );
}

function chunkOf(id: unknown, size: unknown): ContentChunk | undefined {
  return isChunkId(id) && isInteger(size, MAX_CHUNK_BYTES) && size > 0 ? { id, size } : undefined;
}
