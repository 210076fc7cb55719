/**
 * What the cache keeps of a file: how it looked, what was stored of it, and
 * where that lies. It is a view of this host's and no stored format.
 *
 * A record is written as soon as its file is read, before the packs are
 * stored: it promises nothing. Whoever uses it first sees whether all that it
 * refers to is in the repository.
 */
import type { Content } from "../format/content.ts";
import { decodeContent, encodeContent } from "../format/content.ts";
import { Fields } from "../format/fields.ts";
import { decodeLine } from "../format/lines.ts";
import { parseRunName } from "../format/names.ts";
import type { ChunkId } from "../format/table.ts";
import { isChunkId } from "../format/table.ts";
import type { Span } from "../repository/reach.ts";
import type { StoredChunk } from "./chunk-writer.ts";

export interface KnownFile {
  readonly signature: string;
  readonly content: Content;
  readonly digest?: string | undefined;
  /** Where its chunks lie, with those of its list. */
  readonly spans: readonly Span[];
  /** Chunks whose place was not known yet when the record was written. */
  readonly unplaced: readonly ChunkId[];
}

export function encodeKnownFile(file: KnownFile): Uint8Array {
  const { signature, content, digest, spans, unplaced } = file;
  return Buffer.from(
    JSON.stringify({
      signature,
      content: encodeContent(content),
      ...(digest === undefined ? {} : { digest }),
      spans: spans.map(({ run, tape, first, last }) => [run, tape, first, last]),
      ...(unplaced.length === 0 ? {} : { unplaced }),
    }),
  );
}

/** Nothing, if the record is not what this version writes: then the file is read. */
export function decodeKnownFile(bytes: Uint8Array): KnownFile | undefined {
  try {
    const fields = decodeLine("cache", Buffer.from(bytes).toString("utf8"));
    return {
      signature: fields.string("signature"),
      content: decodeContent(fields.object("content")),
      ...(fields.has("digest") ? { digest: fields.string("digest") } : {}),
      spans: fields.array("spans").map((item) => decodeSpan(fields, item)),
      unplaced: fields.has("unplaced") ? fields.strings("unplaced").filter(isChunkId) : [],
    };
  } catch {
    return undefined;
  }
}

function decodeSpan(fields: Fields, item: unknown): Span {
  const [run, tape, first, last] = Array.isArray(item) ? item : [];
  const span = new Fields(fields.name, { tape, first, last });
  return {
    run: parseRunName(fields.name, run),
    tape: span.integer("tape"),
    first: span.integer("first"),
    last: span.integer("last"),
  };
}

/** Gathers where the chunks of one file lie; stretches that touch become one. */
export class SpanList {
  #spans: Span[] = [];
  #unplaced: ChunkId[] = [];

  add({ id, span }: StoredChunk): void {
    if (span === undefined) this.#unplaced.push(id);
    else this.addSpan(span);
  }

  addSpan(span: Span): void {
    const at = this.#spans.findLastIndex((other) => touches(other, span));
    const other = this.#spans[at];
    if (other === undefined) {
      this.#spans.push(span);
    } else {
      const first = Math.min(other.first, span.first);
      this.#spans[at] = { ...other, first, last: Math.max(other.last, span.last) };
    }
  }

  /** What was added before does not count. */
  clear(): void {
    this.#spans = [];
    this.#unplaced = [];
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }

  get unplaced(): readonly ChunkId[] {
    return this.#unplaced;
  }
}

function touches(a: Span, b: Span): boolean {
  return a.run === b.run && a.tape === b.tape && b.first <= a.last + 1 && a.first <= b.last + 1;
}
