/**
 * Stores what the backup itself writes: directories, and lists of chunks that
 * are too long for an entry. Both are cut, deduplicated and laid like any
 * file, with the small sizes of trees, on the tape of trees.
 */
import type { Chunker } from "../chunker/chunker.ts";
import type { Content, ContentChunk } from "../format/content.ts";
import { encodeListLine, MAX_INLINE_CHUNKS } from "../format/content.ts";
import type { Packing } from "../pack/pack.ts";
import type { ChunkWriter, StoredChunk } from "./chunk-writer.ts";

/** Where trees are stored, and who is told of each chunk that they need. */
export interface TreeStore {
  readonly chunker: Chunker;
  readonly chunks: ChunkWriter;
}

export type Needs = (chunk: StoredChunk) => void;

/** A file of JSON lines, written line by line. */
export class StoredFile {
  readonly #store: TreeStore;
  readonly #needs: Needs;
  readonly #content: ContentBuilder;
  #rest: Uint8Array = new Uint8Array(0);
  #lines: string[] = [];
  #length = 0;

  constructor(store: TreeStore, needs: Needs) {
    this.#store = store;
    this.#needs = needs;
    this.#content = new ContentBuilder(store, needs);
  }

  *write(line: object): Packing<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.#lines.push(text);
    this.#length += text.length;
    // In characters; in bytes it is as much or more. The window takes it in turns.
    if (this.#length >= this.#store.chunker.window.length / 2) yield* this.#cut("more follows");
  }

  *finish(): Packing<Content> {
    yield* this.#cut("end");
    return yield* this.#content.finish();
  }

  *#cut(what: "more follows" | "end"): Packing<void> {
    const { chunker, chunks } = this.#store;
    let bytes: Uint8Array = Buffer.concat([this.#rest, Buffer.from(this.#lines.join(""))]);
    this.#lines = [];
    this.#length = 0;
    while (bytes.length > 0) {
      const filled = Math.min(bytes.length, chunker.window.length);
      chunker.window.set(bytes.subarray(0, filled));
      const length = chunker.next(0, filled) || (what === "end" ? filled : 0);
      if (length === 0) break;
      const chunk = yield* chunks.put(bytes.subarray(0, length));
      this.#needs(chunk);
      yield* this.#content.add(chunk);
      bytes = bytes.subarray(length);
    }
    this.#rest = bytes.slice();
  }
}

/** Gathers a content's chunks; a long list of them becomes a file of its own. */
export class ContentBuilder {
  readonly #store: TreeStore;
  readonly #needs: Needs;
  #size = 0;
  #chunks: ContentChunk[] = [];
  #list: StoredFile | undefined;

  /** @param needs - is told of the chunks that hold the list, not of those in it. */
  constructor(store: TreeStore, needs: Needs) {
    this.#store = store;
    this.#needs = needs;
  }

  *add({ id, size }: ContentChunk): Packing<void> {
    this.#size += size;
    this.#chunks.push({ id, size });
    if (this.#list === undefined && this.#chunks.length <= MAX_INLINE_CHUNKS) return;
    this.#list ??= new StoredFile(this.#store, this.#needs);
    for (const chunk of this.#chunks) yield* this.#list.write(encodeListLine(chunk));
    this.#chunks = [];
  }

  *finish(): Packing<Content> {
    if (this.#list === undefined) return { size: this.#size, depth: 0, chunks: this.#chunks };
    const { depth, chunks } = yield* this.#list.finish();
    return { size: this.#size, depth: depth + 1, chunks };
  }
}
