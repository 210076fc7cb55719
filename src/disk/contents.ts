/**
 * A directory to those who look into it before the walk does: its names, and
 * the beginnings of files that say what belongs into a backup. Whoever can
 * write to a tree chooses what has such a name: nothing but a regular file is
 * opened, no link is followed, and no more is read than was asked for.
 */
import { closeSync, constants, fstatSync, lstatSync, readSync } from "node:fs";
import type { RawName } from "../format/raw-name.ts";
import { atPath, openBelow } from "./long-path.ts";
import { joinPath, systemPath } from "./path.ts";
import type { Problem } from "./walk.ts";

/** A FIFO may have taken the file's place since it was looked at. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
/** It is gone, or has become a link or a socket; or what leads there has. */
const NO_FILE: readonly unknown[] = ["ENOENT", "ENOTDIR", "ELOOP", "EMLINK", "ENXIO"];

export class Contents {
  /** What came up; the walk tells it. */
  readonly problems: Problem[] = [];
  readonly #root: RawName;
  readonly #path: RawName;
  #names: readonly RawName[];

  /** @param path - of the directory, from the walk's root. */
  constructor(root: RawName, path: RawName, names: readonly RawName[]) {
    this.#root = root;
    this.#path = path;
    this.#names = names;
  }

  /** What the walk is going to look at. */
  get names(): readonly RawName[] {
    return this.#names;
  }

  /** Has the walk look at nothing else. */
  keepOnly(kept: readonly RawName[]): void {
    this.#names = this.#names.filter((name) => kept.includes(name));
  }

  /**
   * The first bytes of a regular file. Nothing where there is none, nor where
   * it cannot be read; that is a problem.
   */
  head(name: RawName, most: number): Uint8Array | undefined {
    try {
      return readHead(this.#root, joinPath(this.#path, name), most);
    } catch (error) {
      if (NO_FILE.includes((error as NodeJS.ErrnoException).code)) return undefined;
      const message = (error as Error).message;
      this.problem(name, `cannot read what it says of what to leave out: ${message}`);
      return undefined;
    }
  }

  problem(name: RawName, message: string): void {
    this.problems.push({ path: joinPath(this.#path, name), message });
  }
}

function readHead(root: RawName, path: RawName, most: number): Uint8Array | undefined {
  // To open a device may be to do something with it.
  const stats = atPath(joinPath(root, path), (short) => lstatSync(systemPath(short)));
  if (!stats.isFile()) return undefined;
  const descriptor = openBelow(root, path, FLAGS);
  try {
    const { size, isFile } = statOf(descriptor);
    return isFile ? readUpTo(descriptor, Math.min(size, most)) : undefined;
  } finally {
    closeSync(descriptor);
  }
}

function statOf(descriptor: number): { readonly size: number; readonly isFile: boolean } {
  const stats = fstatSync(descriptor);
  return { size: stats.size, isFile: stats.isFile() };
}

function readUpTo(descriptor: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, bytes, filled, length - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
