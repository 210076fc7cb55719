/** Whether what stands where an entry belongs is the same as the entry. */
import type { BigIntStats } from "node:fs";
import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import { unpackDevice } from "../disk/device.ts";
import type { Metadata } from "../disk/metadata.ts";
import { hasMetadata } from "../disk/metadata.ts";
import { systemPath } from "../disk/path.ts";
import { fileSize } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import type { DirectoryEntry, Entry, FileEntry, SpecialEntry } from "../format/tree.ts";
import { hasItsNames } from "./conflict.ts";

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

/** What an entry would become. */
export interface Wanted {
  readonly metadata: Metadata;
  readonly compare: CompareContent;
}

export type Likeness = "same" | "same but for its metadata" | "different";

const LOOK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * What has other names is the same only if it needs no touching up: they may be somebody else's,
 * and would be given away with it. Nor is it if it has not as many as it should: to link them
 * again, it has to be made anew.
 *
 * @throws the system's error if it cannot be read.
 */
export async function likenessOf(
  found: Found,
  entry: Exclude<Entry, DirectoryEntry>,
  { metadata, compare }: Wanted,
): Promise<Likeness> {
  const { stats, place } = found;
  if (!hasItsNames(stats, entry)) return "different";
  const isDone = hasMetadata(place, stats, metadata);
  if (stats.nlink > 1n && !isDone) return "different";
  if (!(await isLike(found, entry, compare))) return "different";
  return isDone ? "same" : "same but for its metadata";
}

async function isLike(
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
