/**
 * Directories below one root, held open while they are used: what is done in
 * one happens there, whatever its name leads to by then. None is entered
 * through a link, and one that was closed meanwhile is opened again only if it
 * is still the same.
 *
 * On Linux, where an open directory has a path of its own (proc(5)). On other
 * systems paths are used as they are: whoever can write there while a restore
 * runs can lead it astray.
 */
import type { BigIntStats } from "node:fs";
import { closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";
import { UnavailableError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import { joinPath, systemPath } from "./path.ts";

/** A directory at or below the root. Its path is not kept: that of each level has all those above it. */
export interface Directory {
  /** The root's is empty. */
  readonly name: RawName;
  readonly parent: Directory | undefined;
  /** Device and inode. */
  readonly identity: string;
}

interface OpenDirectory {
  readonly descriptor: number;
  uses: number;
}

/** Enough for the way down to where a walk is; a deeper one costs opening again. */
const MAX_IDLE = 128;
/** Linux's, which Node does not name: neither reading nor writing, only a place to go on from. */
const O_PATH = 0o10000000;
const FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const HAS_PROC = process.platform === "linux";

/** From the root, whose own is empty. */
export function pathOf(directory: Directory): RawName {
  const names: RawName[] = [];
  for (let at = directory; at.parent !== undefined; at = at.parent) names.push(at.name);
  return names.reverse().join("/") as RawName;
}

export class Directories {
  readonly root: Directory;
  readonly #rootPath: RawName;
  /** Those that were used last at the end. */
  readonly #open = new Map<Directory, OpenDirectory>();

  /**
   * @param path - an absolute one, of a directory; links on the way to it are followed.
   * @throws the system's error if it cannot be opened.
   */
  constructor(path: RawName) {
    this.#rootPath = path;
    const name = "" as RawName;
    this.root = { name, parent: undefined, identity: identityOf(look(path), () => path) };
  }

  /**
   * A path to something in a directory, for a call that follows at once, or while the directory
   * is {@link hold held}. An empty name is the directory itself.
   *
   * @throws {@link UnavailableError} if the directory is not the one that it was.
   */
  at(directory: Directory, name: RawName): RawName {
    if (!HAS_PROC) return joinPath(joinPath(this.#rootPath, pathOf(directory)), name);
    const { descriptor } = this.#bring(directory);
    return `/proc/self/fd/${descriptor}/${name === "" ? "." : name}` as RawName;
  }

  /** A directory in another, which is not looked for behind a link. @throws the system's error. */
  enter(parent: Directory, name: RawName): Directory {
    const path = () => joinPath(pathOf(parent), name);
    const place = this.at(parent, name);
    if (!HAS_PROC) return { name, parent, identity: identityOf(look(place), path) };
    const descriptor = openSync(systemPath(place), FLAGS);
    const identity = identityOf(fstatSync(descriptor, { bigint: true }), path);
    const directory = { name, parent, identity };
    this.#keep(directory, descriptor);
    return directory;
  }

  /** Keeps a directory open, and its paths good, until it is {@link letGo}. */
  hold(directory: Directory): void {
    if (HAS_PROC) this.#bring(directory).uses += 1;
  }

  letGo(directory: Directory): void {
    const open = this.#open.get(directory);
    if (open !== undefined) open.uses -= 1;
  }

  close(): void {
    for (const { descriptor } of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #bring(directory: Directory): OpenDirectory {
    const known = this.#open.get(directory);
    if (known !== undefined) {
      this.#open.delete(directory);
      this.#open.set(directory, known);
      return known;
    }
    // Not by calling itself: a tree may be deeper than the stack.
    const way: Directory[] = [];
    let from: Directory | undefined = directory;
    for (; from !== undefined && !this.#open.has(from); from = from.parent) way.push(from);
    let open = from && this.#open.get(from);
    for (const next of way.reverse()) open = this.#reopen(next, open);
    return open as OpenDirectory;
  }

  #reopen(directory: Directory, parent: OpenDirectory | undefined): OpenDirectory {
    const place =
      parent === undefined
        ? this.#rootPath
        : `/proc/self/fd/${parent.descriptor}/${directory.name}`;
    const flags = parent === undefined ? O_PATH | constants.O_DIRECTORY : FLAGS;
    const descriptor = openSync(systemPath(place as RawName), flags);
    const path = () => pathOf(directory);
    if (identityOf(fstatSync(descriptor, { bigint: true }), path) !== directory.identity) {
      closeSync(descriptor);
      throw new UnavailableError(`${shown(path())} was replaced by another one meanwhile`);
    }
    return this.#keep(directory, descriptor);
  }

  #keep(directory: Directory, descriptor: number): OpenDirectory {
    const open: OpenDirectory = { descriptor, uses: 0 };
    this.#open.set(directory, open);
    if (this.#open.size > MAX_IDLE) this.#closeOldest(directory);
    return open;
  }

  #closeOldest(but: Directory): void {
    for (const [directory, { descriptor, uses }] of this.#open) {
      if (uses > 0 || directory === but) continue;
      closeSync(descriptor);
      this.#open.delete(directory);
      return;
    }
  }
}

function look(path: RawName): BigIntStats {
  return lstatSync(systemPath(path), { bigint: true });
}

function identityOf(stats: BigIntStats, path: () => RawName): string {
  if (!stats.isDirectory()) throw new UnavailableError(`${shown(path())} is no directory`);
  return `${stats.dev}:${stats.ino}`;
}

function shown(path: RawName): string {
  return `the directory "${displayName(path)}"`;
}
