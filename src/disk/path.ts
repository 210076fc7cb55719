/** Paths made of raw names: one character a byte, as {@link RawName} says. */
import type { RawName } from "../format/raw-name.ts";
import { rawBytes } from "../format/raw-name.ts";

const NOT_ASCII = /[\x80-\xff]/;

/** A path as system calls take it. */
export function systemPath(path: RawName): string | Buffer {
  return NOT_ASCII.test(path) ? rawBytes(path) : path;
}

/** `name` in `directory`; either may be empty. */
export function joinPath(directory: RawName, name: RawName): RawName {
  if (directory === "" || name === "") return (directory + name) as RawName;
  return `${directory}${directory.endsWith("/") ? "" : "/"}${name}` as RawName;
}

/** What stands behind the last slash. */
export function lastName(path: RawName): RawName {
  return path.slice(path.lastIndexOf("/") + 1) as RawName;
}
