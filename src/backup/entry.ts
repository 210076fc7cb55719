/** From what lstat saw to an entry of the tree. */
import type { BigIntStats } from "node:fs";
import type { Found } from "../disk/walk.ts";
import type { DirectoryEntry, Entry, FileEntry, SpecialEntry } from "../format/tree.ts";

/** What an entry says beside its name, whatever its type. */
export type Metadata = Pick<Entry, "mode" | "uid" | "gid" | "mtime">;

const MODE_BITS = 0o7777n;

function commonOf({ name, stats }: Found): Metadata & Pick<Entry, "name"> {
  return { name, ...metadataOf(stats) };
}

export function metadataOf(stats: BigIntStats): Metadata {
  return {
    mode: Number(stats.mode & MODE_BITS),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: stats.mtimeNs,
  };
}

export function directoryEntry(found: Found): Omit<DirectoryEntry, "content"> {
  return { ...commonOf(found), type: "directory" };
}

/** A file's entry, but for what is in it. */
export function fileEntry(found: Found): Omit<FileEntry, "content"> {
  return { ...commonOf(found), type: "file", ...linkOf(found.stats) };
}

export function symlinkEntry(found: Found, target: Entry["name"]): Entry {
  return { ...commonOf(found), type: "symlink", target };
}

/** FIFOs, sockets and devices; nothing for a type that this system should not have. */
export function specialEntry(found: Found): SpecialEntry | undefined {
  const { stats } = found;
  if (stats.isFIFO()) return { ...commonOf(found), type: "fifo" };
  if (stats.isSocket()) return { ...commonOf(found), type: "socket" };
  if (stats.isCharacterDevice()) {
    return { ...commonOf(found), type: "character", device: deviceOf(stats.rdev) };
  }
  if (stats.isBlockDevice()) {
    return { ...commonOf(found), type: "block", device: deviceOf(stats.rdev) };
  }
  return undefined;
}

function linkOf({ nlink, dev, ino }: BigIntStats): Pick<FileEntry, "link" | "links"> {
  return nlink > 1n ? { link: `${dev}:${ino}`, links: Number(nlink) } : {};
}

/** Major and minor number, as Linux packs them (glibc's gnu_dev_major, gnu_dev_minor). */
function deviceOf(rdev: bigint): readonly [number, number] {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}
