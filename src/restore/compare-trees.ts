/** What differs between two snapshots. Of directories that are alike nothing is read. */
import { isDeepStrictEqual } from "node:util";
import { digestName } from "../digest/digest.ts";
import type { Content } from "../format/content.ts";
import type { Entry, FileEntry } from "../format/tree.ts";
import type { Difference, Side } from "./compare.ts";
import { compare } from "./compare.ts";
import type { Chunks } from "./contents.ts";
import { nameOf, readDirectory } from "./resolve.ts";
import type { Selection } from "./selection.ts";

/** A snapshot's tree, and what reads it. */
export interface StoredTree {
  readonly root: Entry;
  readonly chunks: Chunks;
}

/** @throws {@link CorruptError} at a directory that is damaged. */
export function compareTrees(
  first: StoredTree,
  second: StoredTree,
  selection: Selection,
): AsyncGenerator<Difference<Entry, Entry>> {
  return compare({
    first: storedSide(first),
    second: storedSide(second),
    selection,
    judge: async (_, a, b) => (sameContent(a, b) ? (sameMetadata(a, b) ? undefined : "U") : "M"),
    holdSame: (a, b) =>
      a.type === "directory" && b.type === "directory" && sameChunks(a.content, b.content),
  });
}

export function storedSide({ root, chunks }: StoredTree): Side<Entry> {
  return {
    root,
    list: (path, directory) =>
      directory.type === "directory"
        ? readDirectory(nameOf(path), directory.content, chunks)
        : undefined,
  };
}

/** Of two entries of one type. What is in a directory is not its own. */
function sameContent(a: Entry, b: Entry): boolean {
  if (a.type === "file" && b.type === "file") return sameBytes(a, b);
  if (a.type === "symlink" && b.type === "symlink") return a.target === b.target;
  if (a.type === "directory" || b.type === "directory") return true;
  return isDeepStrictEqual(deviceOf(a), deviceOf(b));
}

function deviceOf(entry: Entry): unknown {
  return "device" in entry ? entry.device : undefined;
}

/** The same digest is the same content, however it was cut, and where holes are. */
function sameBytes(a: FileEntry, b: FileEntry): boolean {
  const areAlike =
    a.digest !== undefined &&
    b.digest !== undefined &&
    digestName(a.digest) === digestName(b.digest);
  if (areAlike) return a.digest === b.digest;
  return sameChunks(a.content, b.content) && isDeepStrictEqual(a.holes ?? [], b.holes ?? []);
}

function sameChunks(a: Content, b: Content): boolean {
  return (
    a.size === b.size &&
    a.depth === b.depth &&
    a.chunks.length === b.chunks.length &&
    a.chunks.every(({ id }, at) => id === b.chunks[at]?.id)
  );
}

function sameMetadata(a: Entry, b: Entry): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtime === b.mtime &&
    sameName(a.user, b.user) &&
    sameName(a.group, b.group) &&
    isDeepStrictEqual(a.xattrs ?? [], b.xattrs ?? [])
  );
}

/** A host need not know what an owner is called. */
function sameName(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}
