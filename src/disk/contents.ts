/**
 * A directory to those who look into it before the walk does: its names, and
 * the beginnings of files that say what belongs into a backup. Whoever can
 * write to a tree chooses what has such a name: nothing but a regular file is
 * opened, no link is followed, and no more is read than was asked for.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import type { RawName } from "../format/raw-name.ts";
import { atPath } from "./long-path.ts";
import { joinPath, systemPath } from "./path.ts";
import type { Problem } from "./walk.ts";

/** Should a FIFO or a link have taken the file's place since it was looked at. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
/** It is gone, or has become a link or a socket. */
const NO_FILE: readonly unknown[] = ["ENOENT", "ELOOP", "EMLINK", "ENXIO"];

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
      const path = joinPath(this.#root, joinPath(this.#path, name));
      return atPath(path, (short) => readHead(short, most));
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

function readHead(path: RawName, most: number): Uint8Array | undefined {
  // To open a device may be to do something with it.
  if (!lstatSync(systemPath(path)).isFile()) return undefined;
  const descriptor = openSync(systemPath(path), FLAGS);
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
