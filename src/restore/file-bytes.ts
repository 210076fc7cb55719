/**
 * The bytes of one file, in order, holes and all. Each piece is verified before
 * it is given away, and the whole when there is no more. Memory holds a chunk
 * or two, and of a hole a block of zeros, however long it is.
 */
import type { Digests } from "../digest/digest.ts";
import { digestName } from "../digest/digest.ts";
import { CorruptError } from "../errors.ts";
import type { ContentChunk } from "../format/content.ts";
import type { Holes } from "../format/holes.ts";
import { zeros } from "../format/holes.ts";
import { displayName } from "../format/raw-name.ts";
import type { FileEntry } from "../format/tree.ts";
import type { Chunks } from "./contents.ts";
import { chunksOf } from "./contents.ts";
import type { Resolved } from "./resolve.ts";

/**
 * Nobody may write to what it gives: zeros are shared.
 *
 * @throws {@link CorruptError} in front of the first piece that is damaged, or behind the last
 * one if all of them together are not what was backed up.
 */
export async function* fileBytes(
  { path, entry }: Resolved<FileEntry>,
  chunks: Chunks,
  digests: Pick<Digests, "file">,
): AsyncGenerator<Uint8Array> {
  const { content, digest, holes = [] } = entry;
  const hash = digests.file(digest === undefined ? "none" : digestName(digest));
  const list = chunksOf(`the content of "${displayName(path)}"`, content, chunks);
  for await (const bytes of withHoles(readAll(list, chunks), holes)) {
    hash.update(bytes);
    yield bytes;
  }
  const found = hash.finish();
  if (found === digest) return;
  const problem = `its content is ${found} instead of ${digest}`;
  throw new CorruptError(`the file "${displayName(path)}"`, problem);
}

async function* readAll(
  list: AsyncIterable<ContentChunk>,
  chunks: Chunks,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of list) yield await chunks.read(chunk);
}

/** Puts zeros where holes are. Where there is less data than that, the holes behind it follow. */
async function* withHoles(
  pieces: AsyncIterable<Uint8Array>,
  holes: Holes,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  let next = 0;
  for await (const piece of pieces) {
    let rest = piece;
    while (rest.length > 0) {
      const [offset, length] = holes[next] ?? [Number.POSITIVE_INFINITY, 0];
      if (at === offset) {
        yield* zeros(length);
        at += length;
        next += 1;
      } else {
        const data = rest.subarray(0, offset - at);
        yield data;
        at += data.length;
        rest = rest.subarray(data.length);
      }
    }
  }
  for (const [, length] of holes.slice(next)) yield* zeros(length);
}
