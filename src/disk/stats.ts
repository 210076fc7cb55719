/** What lstat says of an entry, in the words of stored trees. */
import type { BigIntStats } from "node:fs";
import type { Entry } from "../format/tree.ts";

/** What an entry says beside its name, whatever its type. */
export type Metadata = Pick<Entry, "mode" | "uid" | "gid" | "mtime">;

const MODE_BITS = 0o7777n;

export function metadataOf(stats: BigIntStats): Metadata {
  return {
    mode: Number(stats.mode & MODE_BITS),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: stats.mtimeNs,
  };
}

/** The part of {@link BigIntStats} and of `Stats` that says what it is. */
type Kinds = Pick<
  BigIntStats,
  | "isFile"
  | "isDirectory"
  | "isSymbolicLink"
  | "isFIFO"
  | "isSocket"
  | "isCharacterDevice"
  | "isBlockDevice"
>;

const TYPES: readonly (readonly [Entry["type"], (stats: Kinds) => boolean])[] = [
  ["file", (stats) => stats.isFile()],
  ["directory", (stats) => stats.isDirectory()],
  ["symlink", (stats) => stats.isSymbolicLink()],
  ["fifo", (stats) => stats.isFIFO()],
  ["socket", (stats) => stats.isSocket()],
  ["character", (stats) => stats.isCharacterDevice()],
  ["block", (stats) => stats.isBlockDevice()],
];

/** Nothing for a type that no stored tree has. */
export function typeOf(stats: Kinds): Entry["type"] | undefined {
  return TYPES.find(([, is]) => is(stats))?.[0];
}
