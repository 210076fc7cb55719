/**
 * What the cache keeps of a file: how it looked, what was stored of it, and
 * where that lies. It is a view of this host's and no stored format.
 *
 * A record is written as soon as its file is read, before the packs are
 * stored: it promises nothing. Whoever uses it first sees whether all that it
 * refers to is in the repository.
 */
import { pack, unpack } from "msgpackr";
import type { Content } from "../format/content.ts";
import { decodeContent, encodeContent } from "../format/content.ts";
import { decodeBase64, encodeBase64, Fields } from "../format/fields.ts";
import type { Holes } from "../format/holes.ts";
import { decodeHoles } from "../format/holes.ts";
import { parseRunName } from "../format/names.ts";
import type { RawName } from "../format/raw-name.ts";
import type { ChunkId } from "../format/table.ts";
import { isChunkId, MAX_TAPE } from "../format/table.ts";
import { decodeDigest } from "../format/tree.ts";
import type { Xattr } from "../format/xattrs.ts";
import { decodeXattrs, encodeXattrs } from "../format/xattrs.ts";
import type { Span } from "../repository/reach.ts";
import type { StoredChunk } from "./chunk-writer.ts";

export interface KnownFile {
  readonly signature: string;
  readonly content: Content;
  readonly digest?: string | undefined;
  readonly xattrs?: readonly Xattr[];
  readonly holes?: Holes;
  /** Where its chunks lie, with those of its list. */
  readonly spans: readonly Span[];
  /** Chunks whose place was not known yet when the record was written. */
  readonly unplaced: readonly ChunkId[];
}

/**
 * Whoever changes what a record says changes this: a file whose attributes an earlier version
 * did not look at must be read again, and not pass for one that has none.
 */
const VERSION = 2;

/** A record as it is packed: there is one for each file of a tree, so it is compact. */
type Packed = [
  version: number,
  signature: Buffer,
  size: number,
  depth: number,
  chunks: (readonly [Uint8Array | undefined, number])[],
  digest: readonly [string, Uint8Array] | undefined,
  spans: (readonly [string, number, number, number])[],
  /** Chunks of the content by their number there, others by id. */
  unplaced: (number | Uint8Array | undefined)[],
  ...rest: [] | [xattrs: readonly (readonly [string, Uint8Array])[], holes: Holes],
];

export function encodeKnownFile(file: KnownFile): Uint8Array {
  const { signature, content, digest, spans, unplaced, xattrs = [], holes = [] } = file;
  const attributes = xattrs.map(({ name, value }) => [name, value] as const);
  const packed: Packed = [
    VERSION,
    Buffer.from(signature, "latin1"),
    content.size,
    content.depth,
    content.chunks.map(({ id, size }) => [decodeBase64(id), size]),
    digest === undefined ? undefined : packDigest(digest),
    spans.map(({ run, tape, first, last }) => [run, tape, first, last]),
    unplaced.map((id) => {
      const number = content.chunks.findIndex((chunk) => chunk.id === id);
      return number < 0 ? decodeBase64(id) : number;
    }),
    ...(xattrs.length + holes.length > 0 ? ([attributes, holes] as const) : ([] as const)),
  ];
  return pack(packed);
}

/** Nothing, if the record is not what this version writes: then the file is read. */
export function decodeKnownFile(bytes: Uint8Array): KnownFile | undefined {
  try {
    const packed: Packed = unpack(bytes);
    const [version, signature, size, depth, chunks, digest, spans, unplaced, ...rest] = packed;
    if (version !== VERSION) return undefined;
    const list = chunks.map(([id, size]) => ({ id: textOf(id), size }));
    // Checked as if it came from the store: it goes back there.
    const content = decodeContent(
      new Fields("cache", encodeContent({ size, depth, chunks: list })),
    );
    return {
      signature: signature.toString("latin1"),
      content,
      // msgpack knows no undefined, and gives null back.
      ...(digest ? { digest: unpackDigest(digest) } : {}),
      spans: spans.map(unpackSpan),
      unplaced: unplaced.map((chunk) =>
        idOf(typeof chunk === "number" ? chunks[chunk]?.[0] : chunk),
      ),
      ...unpackRest(rest, content),
    };
  } catch {
    return undefined;
  }
}

function unpackRest(
  [xattrs = [], holes = []]: readonly unknown[],
  content: Content,
): Pick<KnownFile, "xattrs" | "holes"> {
  const fields = new Fields("cache", {
    xattrs: encodeXattrs(
      (xattrs as [RawName, Uint8Array][]).map(([name, value]) => ({ name, value })),
    ),
    holes,
  });
  const found = { xattrs: decodeXattrs(fields), holes: decodeHoles(fields, content) };
  return {
    ...(found.xattrs.length > 0 ? { xattrs: found.xattrs } : {}),
    ...(found.holes.length > 0 ? { holes: found.holes } : {}),
  };
}

function textOf(id: Uint8Array | undefined): ChunkId {
  return encodeBase64(id ?? new Uint8Array()) as ChunkId;
}

/** @throws Error if it is none. */
function idOf(bytes: Uint8Array | undefined): ChunkId {
  const id = textOf(bytes);
  if (isChunkId(id)) return id;
  throw new Error("a chunk without an id");
}

function packDigest(digest: string): readonly [string, Uint8Array] {
  const end = digest.indexOf(":");
  return [digest.slice(0, end), Buffer.from(digest.slice(end + 1), "hex")];
}

function unpackDigest([name, hash]: readonly [string, Uint8Array]): string {
  const digest = `${name}:${Buffer.from(hash).toString("hex")}`;
  return decodeDigest(new Fields("cache", { digest }));
}

function unpackSpan([run, tape, first, last]: readonly unknown[]): Span {
  const span = new Fields("cache", { tape, first, last });
  const end = span.integer("last");
  return {
    run: parseRunName("cache", run),
    tape: span.integer("tape", MAX_TAPE),
    first: span.integer("first", end),
    last: end,
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
