/** Paths made of raw names: one character a byte, as {@link RawName} says. */
import type { RawName } from "../format/raw-name.ts";
import { rawBytes } from "../format/raw-name.ts";

const ASCII = /^[\x01-\x7f]*$/;

/** A path as system calls take it. */
export function systemPath(path: RawName): string | Buffer {
  return ASCII.test(path) ? path : rawBytes(path);
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
