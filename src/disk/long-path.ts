/**
 * Paths that are too long for one system call, and files that may be reached
 * through no link: both are opened piece by piece, each directory through the
 * descriptor of the one before, as /proc/self/fd shows it.
 *
 * That costs several times as much as a path: 4.3 us a call instead of 2.2, and
 * two more calls for each piece. So paths that fit are used as they are.
 */
import { closeSync, constants, openSync } from "node:fs";
import type { RawName } from "../format/raw-name.ts";
import { systemPath } from "./path.ts";

/** PATH_MAX of Linux, with the zero byte at the end. */
const PATH_MAX = 4096;
/** A name has 255 bytes, and the way through a descriptor some 30. */
const PIECE_BYTES = 3800;
/** Of Linux: a directory that is only passed through need not be readable. */
const O_PATH = 0o10000000;
const DIRECTORY = O_PATH | constants.O_DIRECTORY;
const BELOW = DIRECTORY | constants.O_NOFOLLOW;

/**
 * Acts on a path of any length.
 *
 * @param action - is given a path that leads there, good until it returns.
 * @throws the system's error.
 */
export function atPath<T>(path: RawName, action: (path: RawName) => T): T {
  if (path.length < PATH_MAX) return action(path);
  const way = new Way();
  try {
    let rest = path;
    while (rest.length > PIECE_BYTES) {
      const end = rest.lastIndexOf("/", PIECE_BYTES);
      // A name that no file system has: the action fails by it.
      if (end <= 0) break;
      way.enter(rest.slice(0, end) as RawName, BELOW);
      rest = rest.slice(end + 1) as RawName;
    }
    return action(way.to(rest));
  } finally {
    way.close();
  }
}

/**
 * Opens what is at a path below a root, through no link below it.
 *
 * @throws the system's error, also where a part of the path is a link.
 */
export function openBelow(root: RawName, path: RawName, flags: number): number {
  if (path === "") return atPath(root, (short) => openSync(systemPath(short), flags));
  const names = path.split("/") as RawName[];
  const last = names.pop() as RawName;
  const way = new Way();
  try {
    // The root itself may be a link: it stands for the directory.
    atPath(root, (short) => way.enter(short, DIRECTORY));
    for (const name of names) way.enter(name, BELOW);
    return openSync(systemPath(way.to(last)), flags | constants.O_NOFOLLOW);
  } finally {
    way.close();
  }
}

/** The directory that was come to. */
class Way {
  #directory: number | undefined;

  /** A path to something in it. */
  to(path: RawName): RawName {
    const directory = this.#directory;
    return directory === undefined ? path : (`/proc/self/fd/${directory}/${path}` as RawName);
  }

  enter(path: RawName, flags: number): void {
    const next = openSync(systemPath(this.to(path)), flags);
    this.close();
    this.#directory = next;
  }

  close(): void {
    if (this.#directory !== undefined) closeSync(this.#directory);
    this.#directory = undefined;
  }
}
