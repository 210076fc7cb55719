/**
 * The bytes of one file, in order. Each piece is verified before it is given
 * away, and the whole when there is no more. Memory holds a chunk or two.
 */
import type { Digests } from "../digest/digest.ts";
import { digestName } from "../digest/digest.ts";
import { CorruptError } from "../errors.ts";
import { displayName } from "../format/raw-name.ts";
import type { FileEntry } from "../format/tree.ts";
import type { Chunks } from "./contents.ts";
import { chunksOf } from "./contents.ts";
import type { Resolved } from "./resolve.ts";

/**
 * @throws {@link CorruptError} in front of the first piece that is damaged, or behind the last
 * one if all of them together are not what was backed up.
 */
export async function* fileBytes(
  { path, entry }: Resolved<FileEntry>,
  chunks: Chunks,
  digests: Pick<Digests, "file">,
): AsyncGenerator<Uint8Array> {
  const { content, digest } = entry;
  const hash = digests.file(digest === undefined ? "none" : digestName(digest));
  for await (const chunk of chunksOf(`the content of "${displayName(path)}"`, content, chunks)) {
    const bytes = await chunks.read(chunk);
    hash.update(bytes);
    yield bytes;
  }
  const found = hash.finish();
  if (found === digest) return;
  const problem = `its content is ${found} instead of ${digest}`;
  throw new CorruptError(`the file "${displayName(path)}"`, problem);
}
