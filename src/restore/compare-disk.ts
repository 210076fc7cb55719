/**
 * What differs between a snapshot and a tree on disk. A file whose size and
 * time are as they were is taken for the same; one whose time alone differs is
 * read. Owners are compared by number, and extended attributes not at all.
 */
import type { BigIntStats } from "node:fs";
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import type { Digests } from "../digest/digest.ts";
import { unpackDevice } from "../disk/device.ts";
import { joinPath, systemPath } from "../disk/path.ts";
import { metadataOf, typeOf } from "../disk/stats.ts";
import type { Problem } from "../disk/walk.ts";
import { lookAtRoot } from "../disk/walk.ts";
import { UsageError } from "../errors.ts";
import { fileSize } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { Entry } from "../format/tree.ts";
import { systemCode } from "../target/file-failure.ts";
import type { Difference, Item, Side, Unknown } from "./compare.ts";
import { compare } from "./compare.ts";
import { FileComparer } from "./compare-file.ts";
import type { StoredTree } from "./compare-trees.ts";
import { storedSide } from "./compare-trees.ts";
import type { Selection } from "./selection.ts";

/** An entry as it is on disk. */
export interface DiskItem extends Item {
  /** Bytes of a file. */
  readonly size: number;
  /** Of a symlink. */
  readonly target?: RawName;
  readonly device?: readonly [number, number];
}

/** What a snapshot is compared with. */
export interface DiskTree {
  /** An absolute path. */
  readonly path: RawName;
  readonly digests: Digests;
  /** Is told what cannot be read, and so was not compared. */
  readonly problem: (problem: Problem) => void;
}

/**
 * @throws the system's error if nothing is at the path, {@link CorruptError} at a directory of
 * the snapshot that is damaged.
 */
export function compareDisk(
  stored: StoredTree,
  disk: DiskTree,
  selection: Selection,
): AsyncGenerator<Difference<Entry, DiskItem>> {
  const files = new FileComparer(stored.chunks, disk.digests);
  const second = new DiskSide(disk);
  return compare({
    first: storedSide(stored),
    second,
    selection,
    judge: async (path, a, b) => {
      try {
        if (!(await sameContent(a, b, { path, disk: second.pathOf(path), files }))) return "M";
        return sameMetadata(a, b) ? undefined : "U";
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
        disk.problem({ path, message: `cannot compare it: ${(error as Error).message}` });
        return undefined;
      }
    },
    holdSame: () => false,
  });
}

class DiskSide implements Side<DiskItem> {
  readonly root: DiskItem;
  readonly #tree: DiskTree;

  constructor(tree: DiskTree) {
    this.#tree = tree;
    const stats = lookAtRoot(tree.path);
    const item = itemOf("" as RawName, tree.path, stats);
    if (item === undefined) throw new UsageError(`${displayName(tree.path)} is of no known type`);
    this.root = item;
  }

  /** Where an entry is. A root that is a file is where the tree is, whatever its name. */
  pathOf(path: RawName): RawName {
    return this.root.type === "directory" ? joinPath(this.#tree.path, path) : this.#tree.path;
  }

  list(path: RawName): AsyncIterator<DiskItem | Unknown, undefined> | undefined {
    try {
      const names = readdirSync(systemPath(this.pathOf(path)), "latin1") as string[] as RawName[];
      return this.#items(path, names.sort());
    } catch (error) {
      this.#tree.problem({ path, message: `cannot list it: ${(error as Error).message}` });
      return undefined;
    }
  }

  async *#items(
    path: RawName,
    names: readonly RawName[],
  ): AsyncGenerator<DiskItem | Unknown, undefined> {
    for (const name of names) {
      const item = this.#look(joinPath(path, name), name);
      if (item !== undefined) yield item;
    }
    return undefined;
  }

  /** Nothing for what has vanished since it was listed. */
  #look(path: RawName, name: RawName): DiskItem | Unknown | undefined {
    const disk = this.pathOf(path);
    try {
      const stats = lstatSync(systemPath(disk), { bigint: true, throwIfNoEntry: false });
      if (stats === undefined) return undefined;
      const item = itemOf(name, disk, stats);
      if (item !== undefined) return item;
      this.#tree.problem({ path, message: "it is of no known type" });
    } catch (error) {
      this.#tree.problem({ path, message: `cannot look at it: ${(error as Error).message}` });
    }
    return { name, type: "unknown" };
  }
}

function itemOf(name: RawName, disk: RawName, stats: BigIntStats): DiskItem | undefined {
  const type = typeOf(stats);
  if (type === undefined) return undefined;
  const item = { name, type, ...metadataOf(stats), size: Number(stats.size) };
  switch (type) {
    case "symlink":
      return { ...item, target: readlinkSync(systemPath(disk), "latin1") as RawName };
    case "character":
    case "block":
      return { ...item, device: unpackDevice(stats.rdev) };
    default:
      return item;
  }
}

interface Place {
  readonly path: RawName;
  /** The absolute path. */
  readonly disk: RawName;
  readonly files: FileComparer;
}

/** Of two entries of one type. What is in a directory is not its own. */
async function sameContent(a: Entry, b: DiskItem, place: Place): Promise<boolean> {
  switch (a.type) {
    case "file": {
      if (fileSize(a) !== b.size) return false;
      if (a.mtime === b.mtime) return true;
      const { path, disk, files } = place;
      return (await files.difference(disk, { path, entry: a })) === undefined;
    }
    case "symlink":
      return a.target === b.target;
    case "character":
    case "block":
      return a.device?.[0] === b.device?.[0] && a.device?.[1] === b.device?.[1];
    default:
      return true;
  }
}

function sameMetadata(a: Entry, b: DiskItem): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.mtime === b.mtime;
}
