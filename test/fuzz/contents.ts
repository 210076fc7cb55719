/**
 * Targets: lists of lists, trees of trees. The input is a content as JSON, and
 * behind it the chunks, each behind a mark; a chunk is called by its number.
 * In here a chunk may even name itself, which outside would take a broken hash.
 */
import { CorruptError } from "../../src/errors.ts";
import type { Content, ContentChunk } from "../../src/format/content.ts";
import { decodeContent, encodeContent, encodeListLine } from "../../src/format/content.ts";
import { decodeLine, encodeLines } from "../../src/format/lines.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { ChunkId } from "../../src/format/table.ts";
import { encodeEntry } from "../../src/format/tree.ts";
import type { Chunks } from "../../src/restore/contents.ts";
import { chunksOf } from "../../src/restore/contents.ts";
import { resolve } from "../../src/restore/resolve.ts";
import { Selection } from "../../src/restore/selection.ts";
import { tree } from "../support/samples.ts";
import type { FuzzTarget } from "./target.ts";
import { OBJECT } from "./target.ts";

const MARK = Buffer.from("\n#\n");
/** What is asked for without end is asked for on purpose: whoever walks a tree may stop. */
const MAX_STEPS = 2000;

class Story implements Chunks {
  readonly content: Content;
  readonly #chunks: Buffer[] = [];
  #left = MAX_STEPS;

  /** @throws {@link CorruptError} if the content is none. */
  constructor(bytes: Uint8Array) {
    let rest = Buffer.from(bytes);
    for (let end = rest.indexOf(MARK); end >= 0; end = rest.indexOf(MARK)) {
      this.#chunks.push(rest.subarray(0, end));
      rest = rest.subarray(end + MARK.length);
    }
    const [content = rest] = this.#chunks.splice(0, 1);
    this.#chunks.push(rest);
    this.content = decodeContent(decodeLine(OBJECT, content.toString()));
  }

  async read({ id, size }: ContentChunk): Promise<Uint8Array> {
    const chunk = this.#chunks[Buffer.from(id, "base64")[0] ?? 0];
    if (chunk === undefined) throw new CorruptError(`${OBJECT}, a chunk`, "it is not there");
    // Sizes are said twice, and have to agree; what a mutant has made of chunks is of any size.
    return chunk.length > 0 ? chunk.subarray(0, size) : Buffer.alloc(1, 0x0a);
  }

  /** False once there were enough. */
  get goesOn(): boolean {
    this.#left -= 1;
    return this.#left > 0;
  }
}

function storyOf(content: Content, ...chunks: readonly Uint8Array[]): Uint8Array {
  const parts = [Buffer.from(JSON.stringify(encodeContent(content))), ...chunks];
  return Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [MARK, part])));
}

function chunkAt(number: number, size: number): ContentChunk {
  const id = Buffer.alloc(32);
  id[0] = number;
  return { id: id.toString("base64") as ChunkId, size };
}

/** A content of these bytes, as chunk `number`, under `depth` lists. */
function listed(bytes: Uint8Array, depth: number): Uint8Array {
  const chunks: Uint8Array[] = [bytes];
  for (let level = 0; level < depth; level++) {
    const below = chunkAt(level, chunks[level]?.length ?? 0);
    chunks.push(encodeLines([encodeListLine(below)]));
  }
  const top = chunkAt(depth, chunks[depth]?.length ?? 0);
  return storyOf({ size: bytes.length, depth, chunks: [top] }, ...chunks);
}

const lines = encodeLines(
  tree.map((entry) =>
    // What is below is read too, and is the same again: until its names are too many.
    encodeEntry(
      entry.type === "directory" ? { ...entry, content: { size: 0, depth: 0, chunks: [] } } : entry,
    ),
  ),
);

export const contents: readonly FuzzTarget[] = [
  {
    name: "lists of lists",
    examples: [0, 1, 8].map((depth) => listed(Buffer.from("hello"), depth)),
    form: "lines",
    run: async (bytes) => {
      const story = new Story(bytes);
      for await (const _ of chunksOf(OBJECT, story.content, story)) if (!story.goesOn) return;
    },
  },
  {
    name: "walk of a tree",
    examples: [0, 2].map((depth) => listed(lines, depth)),
    form: "lines",
    run: async (bytes) => {
      const story = new Story(bytes);
      const [like] = tree.filter(({ type }) => type === "directory");
      const root = { ...like, type: "directory", name: "", content: story.content } as never;
      const scope = new Selection([], "/s" as RawName);
      try {
        for await (const _ of resolve(root, story, scope)) if (!story.goesOn) return;
      } catch (error) {
        throw named(error);
      }
    },
  },
];

/** A walk names directories and lines of theirs. */
function named(error: unknown): unknown {
  if (!(error instanceof CorruptError) || !error.object.startsWith("the directory")) return error;
  return new CorruptError(OBJECT, error.message, { cause: error });
}
