/**
 * Reads contents: the chunks behind all levels of lists, and JSON lines out of
 * chunks, which end anywhere.
 *
 * Between two lines nothing is held but where the reader is: a walk stands in
 * as many directories at once as a hostile tree is deep.
 */
import { CorruptError } from "../errors.ts";
import type { Content, ContentChunk } from "../format/content.ts";
import { decodeListLine } from "../format/content.ts";
import type { Fields } from "../format/fields.ts";
import { decodeLine } from "../format/lines.ts";
import type { ChunkSource } from "./chunk-source.ts";

const NEWLINE = 0x0a;
/** A line has one entry: names, targets and attributes are bounded by the system that had them. */
const MAX_LINE_BYTES = 64 * 2 ** 20;

/** What contents are read from: a chunk is asked for again with each of its lines. */
export type Chunks = Pick<ChunkSource, "read">;

/**
 * The chunks that a content is made of, through all levels of lists.
 *
 * @throws {@link CorruptError} in `name` if they do not add up to its size.
 */
export async function* chunksOf(
  name: string,
  content: Content,
  source: Chunks,
): AsyncGenerator<ContentChunk> {
  let size = 0;
  for await (const chunk of expand(name, content, source)) {
    size += chunk.size;
    // At once, and not only behind the last: lists of lists may go on for ages.
    if (size > content.size) break;
    yield chunk;
  }
  if (size !== content.size) throw new CorruptError(name, "its chunks do not add up to its size");
}

/**
 * The JSON lines of a content.
 *
 * @throws {@link CorruptError} in `name` if it has none, or they do not add up to its size.
 */
export function linesOf(name: string, content: Content, source: Chunks): AsyncGenerator<Fields> {
  return readLines(name, chunksOf(name, content, source), source);
}

async function* expand(
  name: string,
  { depth, chunks }: Pick<Content, "depth" | "chunks">,
  source: Chunks,
): AsyncGenerator<ContentChunk> {
  if (depth === 0) {
    yield* chunks;
    return;
  }
  const list = expand(name, { depth: depth - 1, chunks }, source);
  for await (const line of readLines(name, list, source)) yield decodeListLine(line);
}

async function* readLines(
  name: string,
  chunks: AsyncIterable<ContentChunk>,
  source: Chunks,
): AsyncGenerator<Fields> {
  const begun = new BegunLine(name);
  for await (const chunk of chunks) {
    for (let from = 0; ; ) {
      const line = begun.go(await source.read(chunk), from);
      if (line === undefined) break;
      from = line.end;
      yield decodeLine(name, line.text);
    }
  }
  if (!begun.isEmpty) throw new CorruptError(name, "its last line has no end");
}

/** A line as far as it has come. It grows by doubling: it may come byte by byte. */
class BegunLine {
  readonly #name: string;
  #bytes = Buffer.alloc(0);
  #filled = 0;

  constructor(name: string) {
    this.#name = name;
  }

  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  /** Goes on in a chunk. @returns a line, if one ends there, and where. */
  go(chunk: Uint8Array, from: number): { text: string; end: number } | undefined {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const end = bytes.indexOf(NEWLINE, from);
    if (end >= 0) return { text: this.#end(bytes.subarray(from, end)), end: end + 1 };
    this.#add(bytes.subarray(from));
    return undefined;
  }

  #add(piece: Buffer): void {
    const filled = this.#filled + piece.length;
    if (filled > MAX_LINE_BYTES) throw new CorruptError(this.#name, "a line of it is too long");
    if (filled > this.#bytes.length) {
      const grown = Buffer.alloc(2 * filled);
      this.#bytes.copy(grown, 0, 0, this.#filled);
      this.#bytes = grown;
    }
    piece.copy(this.#bytes, this.#filled);
    this.#filled = filled;
  }

  /** The whole line; the next one begins. */
  #end(piece: Buffer): string {
    if (this.isEmpty) return piece.toString("utf8");
    this.#add(piece);
    const text = this.#bytes.toString("utf8", 0, this.#filled);
    this.#filled = 0;
    this.#bytes = Buffer.alloc(0);
    return text;
  }
}
