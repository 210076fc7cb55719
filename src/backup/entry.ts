/** From what lstat or fstat saw to an entry of the tree. */
import type { BigIntStats } from "node:fs";
import { unpackDevice } from "../disk/device.ts";
import { namesOf } from "../disk/owners.ts";
import type { Metadata } from "../disk/stats.ts";
import { metadataOf } from "../disk/stats.ts";
import type { Found } from "../disk/walk.ts";
import type { DirectoryEntry, Entry, FileEntry, SpecialEntry } from "../format/tree.ts";
import { isOwnerName } from "../format/tree.ts";
import type { Xattr } from "../format/xattrs.ts";

/** What an entry says beside its name, whatever its type, and which inode it is of. */
export interface Looks extends Metadata {
  /** Of what has several names. */
  readonly linked?: Linked;
}

/** Which of a machine's inodes it is, in which state, and how many names it has. */
interface Linked extends Pick<BigIntStats, "dev" | "ino" | "ctimeNs"> {
  readonly names: number;
}

/** What a file's entry says beside that. */
export type FileParts = Omit<FileEntry, "type" | "name" | "link" | "links" | keyof Metadata>;

export function looksOf(stats: BigIntStats): Looks {
  const { dev, ino, ctimeNs, nlink } = stats;
  return {
    ...metadataOf(stats),
    ...(nlink > 1n && !stats.isDirectory()
      ? { linked: { dev, ino, ctimeNs, names: Number(nlink) } }
      : {}),
  };
}

/** Makes the entries of one snapshot. */
export class EntryMaker {
  /** Numbers that the system gives to devices are others after the next start. */
  readonly #devices = new Map<bigint, number>();

  directory(found: Found, xattrs: readonly Xattr[]): Omit<DirectoryEntry, "content"> {
    return { ...this.#common(found.name, metadataOf(found.stats), xattrs), type: "directory" };
  }

  file(name: Entry["name"], looks: Looks, parts: FileParts): FileEntry {
    const { xattrs = [], holes = [], ...others } = parts;
    return {
      ...this.#common(name, looks, xattrs),
      type: "file",
      ...others,
      ...(holes.length > 0 ? { holes } : {}),
      // What was torn is never again read like that: no other name may pass for the same.
      ...(parts.torn ? {} : this.#link(looks)),
    };
  }

  symlink(found: Found, target: Entry["name"], xattrs: readonly Xattr[]): Entry {
    return { ...this.#other(found, xattrs), type: "symlink", target };
  }

  /** FIFOs, sockets and devices; nothing for a type that this system should not have. */
  special(found: Found, xattrs: readonly Xattr[]): SpecialEntry | undefined {
    const { stats } = found;
    const device = { device: unpackDevice(stats.rdev) };
    const other = () => this.#other(found, xattrs);
    if (stats.isFIFO()) return { ...other(), type: "fifo" };
    if (stats.isSocket()) return { ...other(), type: "socket" };
    if (stats.isCharacterDevice()) return { ...other(), type: "character", ...device };
    if (stats.isBlockDevice()) return { ...other(), type: "block", ...device };
    return undefined;
  }

  #other({ name, stats }: Found, xattrs: readonly Xattr[]) {
    const looks = looksOf(stats);
    return { ...this.#common(name, looks, xattrs), ...this.#link(looks) };
  }

  #common(name: Entry["name"], metadata: Metadata, xattrs: readonly Xattr[]) {
    const { mode, uid, gid, mtime } = metadata;
    return {
      ...{ name, mode, uid, gid, mtime },
      ...ownersOf(metadata),
      ...(xattrs.length > 0 ? { xattrs } : {}),
    };
  }

  /**
   * Names of one inode in one state: where it changes meanwhile, the names before and after are
   * two files, for two contents must not pass for one.
   */
  #link({ linked }: Looks): Pick<FileEntry, "link" | "links"> {
    if (linked === undefined) return {};
    const { dev, ino, ctimeNs, names } = linked;
    const device = this.#devices.get(dev) ?? this.#devices.size;
    this.#devices.set(dev, device);
    const state = BigInt.asUintN(64, ctimeNs).toString(36);
    return { link: `${device}:${BigInt.asUintN(64, ino)}:${state}`, links: names };
  }
}

/** A name that no reader would take is worth less than the rest of the entry. */
function ownersOf(ids: Pick<Metadata, "uid" | "gid">): Pick<Entry, "user" | "group"> {
  const { user = "", group = "" } = namesOf(ids);
  return {
    ...(isOwnerName(user) ? { user } : {}),
    ...(isOwnerName(group) ? { group } : {}),
  };
}
