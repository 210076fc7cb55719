/**
 * Walks a snapshot's tree, top down, reading directories as it comes to them.
 */

import { joinPath } from "../disk/path.ts";
import { CorruptError } from "../errors.ts";
import type { Content, ContentChunk } from "../format/content.ts";
import { decodeListLine } from "../format/content.ts";
import type { Fields } from "../format/fields.ts";
import { decodeLine } from "../format/lines.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { DirectoryEntry, Entry } from "../format/tree.ts";
import { decodeEntry } from "../format/tree.ts";
import type { ChunkSource } from "./chunk-source.ts";
import type { Selection } from "./selection.ts";

/** An entry of the snapshot, at its path from the root; the root's is empty. */
export interface Resolved<E extends Entry = Entry> {
  readonly path: RawName;
  readonly entry: E;
}

export type TreeStep =
  | ({ readonly kind: "enter" } & Resolved<DirectoryEntry>)
  | ({ readonly kind: "leave" } & Resolved<DirectoryEntry>)
  | ({ readonly kind: "entry" } & Resolved<Exclude<Entry, DirectoryEntry>>);

const NEWLINE = 0x0a;
/** A line has one entry: names, targets and attributes are bounded by the system that had them. */
const MAX_LINE_BYTES = 64 * 2 ** 20;

/**
 * The entries that are selected, and the directories that lead to them.
 *
 * @throws {@link CorruptError} at a directory that is damaged, or out of order.
 */
export async function* resolve(
  root: Entry,
  chunks: ChunkSource,
  selection: Selection,
): AsyncGenerator<TreeStep> {
  if (root.type === "directory") {
    yield* resolveDirectory({ path: "" as RawName, entry: root }, chunks, selection);
  } else if (selection.takes(root.name)) {
    yield { kind: "entry", path: root.name, entry: root };
  }
}

async function* resolveDirectory(
  directory: Resolved<DirectoryEntry>,
  chunks: ChunkSource,
  selection: Selection,
): AsyncGenerator<TreeStep> {
  yield { kind: "enter", ...directory };
  for await (const entry of readDirectory(directory, chunks)) {
    const path = joinPath(directory.path, entry.name);
    if (entry.type === "directory") {
      if (selection.leadsInto(path)) yield* resolveDirectory({ path, entry }, chunks, selection);
    } else if (selection.takes(path)) {
      yield { kind: "entry", path, entry };
    }
  }
  yield { kind: "leave", ...directory };
}

async function* readDirectory(
  { path, entry: { content } }: Resolved<DirectoryEntry>,
  chunks: ChunkSource,
): AsyncGenerator<Entry> {
  const name = `the directory "${displayName(path)}"`;
  let last: RawName | undefined;
  for await (const line of readLines(name, content, chunks)) {
    const entry = decodeEntry(line);
    if (entry.name === "" || (last !== undefined && entry.name <= last)) {
      throw new CorruptError(name, "its names are out of order");
    }
    last = entry.name;
    yield entry;
  }
}

/**
 * The chunks that a content is made of, through all levels of lists.
 *
 * @throws {@link CorruptError} in `name` if they do not add up to its size.
 */
export async function* chunksOf(
  name: string,
  content: Content,
  source: ChunkSource,
): AsyncGenerator<ContentChunk> {
  let size = 0;
  for await (const chunk of expand(name, content, source)) {
    size += chunk.size;
    yield chunk;
  }
  if (size !== content.size) throw new CorruptError(name, "its chunks do not add up to its size");
}

async function* expand(
  name: string,
  { depth, chunks }: Pick<Content, "depth" | "chunks">,
  source: ChunkSource,
): AsyncGenerator<ContentChunk> {
  if (depth === 0) {
    yield* chunks;
    return;
  }
  for await (const line of readLines(name, { depth: depth - 1, chunks }, source)) {
    yield decodeListLine(line);
  }
}

/** JSON lines out of chunks, which end anywhere. */
async function* readLines(
  name: string,
  content: Pick<Content, "depth" | "chunks">,
  source: ChunkSource,
): AsyncGenerator<Fields> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const { id } of expand(name, content, source)) {
    const bytes = await source.read(id);
    const text = Buffer.concat([rest, bytes]);
    let from = 0;
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, from)) {
      yield decodeLine(name, text.toString("utf8", from, end));
      from = end + 1;
    }
    rest = text.subarray(from);
    if (rest.length > MAX_LINE_BYTES) throw new CorruptError(name, "a line of it is too long");
  }
  if (rest.length > 0) throw new CorruptError(name, "its last line has no end");
}
