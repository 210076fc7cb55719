/** Whether what stands where an entry belongs is the same as the entry, but for its metadata. */
import type { BigIntStats } from "node:fs";
import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import { unpackDevice } from "../disk/device.ts";
import { systemPath } from "../disk/path.ts";
import { fileSize } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import type { DirectoryEntry, Entry, FileEntry, SpecialEntry } from "../format/tree.ts";

/** Compares an open file with an entry. @returns how it differs; nothing if it does not. */
export type CompareContent = (
  descriptor: number,
  entry: FileEntry,
  path: RawName,
) => Promise<string | undefined>;

/** What stands at a place. */
export interface Found {
  readonly stats: BigIntStats;
  /** For system calls. */
  readonly place: RawName;
  /** From the root of the snapshot, for messages. */
  readonly path: RawName;
}

const LOOK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @throws the system's error if it cannot be read. */
export async function isLike(
  found: Found,
  entry: Exclude<Entry, DirectoryEntry>,
  compare: CompareContent,
): Promise<boolean> {
  const { stats, place } = found;
  switch (entry.type) {
    case "file":
      return await isSameFile(found, entry, compare);
    case "symlink":
      return stats.isSymbolicLink() && readlinkSync(systemPath(place), "latin1") === entry.target;
    default:
      return isSameNode(stats, entry);
  }
}

async function isSameFile(
  { stats, place, path }: Found,
  entry: FileEntry,
  compare: CompareContent,
): Promise<boolean> {
  if (!stats.isFile() || Number(stats.size) !== fileSize(entry)) return false;
  const descriptor = openSync(systemPath(place), LOOK);
  try {
    return (await compare(descriptor, entry, path)) === undefined;
  } finally {
    closeSync(descriptor);
  }
}

function isSameNode(stats: BigIntStats, { type, device }: SpecialEntry): boolean {
  if (type === "fifo") return stats.isFIFO();
  if (type === "socket") return stats.isSocket();
  const isDevice = type === "block" ? stats.isBlockDevice() : stats.isCharacterDevice();
  return isDevice && String(unpackDevice(stats.rdev)) === String(device);
}
