/** From what lstat saw to an entry of the tree. */
import type { BigIntStats } from "node:fs";
import { unpackDevice } from "../disk/device.ts";
import type { Metadata } from "../disk/stats.ts";
import { metadataOf } from "../disk/stats.ts";
import type { Found } from "../disk/walk.ts";
import type { DirectoryEntry, Entry, FileEntry, SpecialEntry } from "../format/tree.ts";

function commonOf({ name, stats }: Found): Metadata & Pick<Entry, "name"> {
  return { name, ...metadataOf(stats) };
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
    return { ...commonOf(found), type: "character", device: unpackDevice(stats.rdev) };
  }
  if (stats.isBlockDevice()) {
    return { ...commonOf(found), type: "block", device: unpackDevice(stats.rdev) };
  }
  return undefined;
}

function linkOf({ nlink, dev, ino }: BigIntStats): Pick<FileEntry, "link" | "links"> {
  return nlink > 1n ? { link: `${dev}:${ino}`, links: Number(nlink) } : {};
}
