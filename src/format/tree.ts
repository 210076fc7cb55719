/**
 * The tree: a directory is stored as a file, one JSON line for each entry,
 * sorted by the bytes of the name. A directory's own entry stands in its
 * parent; the root's stands in the manifest, with an empty name.
 */
import type { Content } from "./content.ts";
import { decodeContent, encodeContent } from "./content.ts";
import type { Fields } from "./fields.ts";
import { encodeBase64, isInteger } from "./fields.ts";
import type { RawName } from "./raw-name.ts";
import { decodeRaw, encodeRaw } from "./raw-name.ts";

/** What every entry has. */
interface Common {
  /** One component of a path; the root's is empty. */
  readonly name: RawName;
  /** Permission bits with setuid, setgid and sticky: 12 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Owner's and group's names, where the host knew them. */
  readonly user?: string;
  readonly group?: string;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  /** Extended attributes, sorted by name. */
  readonly xattrs?: readonly Xattr[];
}

export interface Xattr {
  readonly name: RawName;
  readonly value: Uint8Array;
}

export interface FileEntry extends Common {
  readonly type: "file";
  readonly content: Content;
  /** `sha1:<hex>` or `blake3:<hex>` of the whole content; absent if none was wanted. */
  readonly digest?: string;
  /** Holes as `[offset, length]`, ascending: they are no part of the content, but of the file. */
  readonly holes?: readonly (readonly [number, number])[];
  /** Entries of one snapshot with the same text here are one file under several names. */
  readonly link?: string;
  /** The file changed each time it was read: what is stored may never have been there as a whole. */
  readonly torn?: true;
}

export interface DirectoryEntry extends Common {
  readonly type: "directory";
  readonly content: Content;
}

export interface SymlinkEntry extends Common {
  readonly type: "symlink";
  readonly target: RawName;
}

export interface SpecialEntry extends Common {
  readonly type: "fifo" | "socket" | "character" | "block";
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
}

export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | SpecialEntry;

const TYPES = ["file", "directory", "symlink", "fifo", "socket", "character", "block"] as const;
const NANOSECONDS = 1_000_000_000n;
const MAX_ID = 2 ** 32 - 1;

/** The JSON object of an entry's line; {@link decodeEntry} is the inverse. */
export function encodeEntry(entry: Entry): object {
  return {
    ...encodeRaw("name", entry.name),
    type: entry.type,
    mode: entry.mode.toString(8).padStart(4, "0"),
    uid: entry.uid,
    gid: entry.gid,
    ...(entry.user === undefined ? {} : { user: entry.user }),
    ...(entry.group === undefined ? {} : { group: entry.group }),
    mtime: encodeTime(entry.mtime),
    ...encodeKind(entry),
    ...(entry.xattrs === undefined ? {} : { xattrs: entry.xattrs.map(encodeXattr) }),
  };
}

function encodeKind(entry: Entry): object {
  switch (entry.type) {
    case "file":
      return {
        ...(entry.digest === undefined ? {} : { digest: entry.digest }),
        content: encodeContent(entry.content),
        ...(entry.holes === undefined ? {} : { holes: entry.holes }),
        ...(entry.link === undefined ? {} : { link: entry.link }),
        ...(entry.torn === undefined ? {} : { torn: true }),
      };
    case "directory":
      return { content: encodeContent(entry.content) };
    case "symlink":
      return encodeRaw("target", entry.target);
    default:
      return entry.device === undefined ? {} : { device: entry.device };
  }
}

/**
 * Reads an entry of a directory. Its name is one component of a path: nothing
 * that a restore could be led astray by.
 *
 * @throws {@link CorruptError} in the line's name if it is no entry.
 */
export function decodeEntry(line: Fields): Entry {
  return decodeNamed(line, decodeName(line));
}

/**
 * Reads the root: a directory, which has no name, or the one thing that was backed up.
 *
 * @throws {@link CorruptError} in the line's name if it is no entry, or a directory with a name.
 */
export function decodeRoot(line: Fields): Entry {
  if (line.value("type") !== "directory") return decodeEntry(line);
  const name = decodeRaw(line, "name");
  return name === "" ? decodeNamed(line, name) : line.fail("name", "empty");
}

function decodeName(line: Fields): RawName {
  const name = decodeRaw(line, "name");
  const isSingle = name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
  return isSingle ? name : line.fail("name", "a single name");
}

function decodeNamed(line: Fields, name: RawName): Entry {
  const type = line.choice("type", TYPES);
  const common: Common = {
    name,
    mode: decodeMode(line),
    uid: line.integer("uid", MAX_ID),
    gid: line.integer("gid", MAX_ID),
    ...(line.has("user") ? { user: line.string("user") } : {}),
    ...(line.has("group") ? { group: line.string("group") } : {}),
    mtime: decodeTime(line, "mtime"),
    ...(line.has("xattrs") ? { xattrs: line.objects("xattrs").map(decodeXattr) } : {}),
  };
  switch (type) {
    case "file":
      return { ...common, type, ...decodeFile(line) };
    case "directory":
      return { ...common, type, content: decodeContent(line.object("content")) };
    case "symlink":
      return { ...common, type, target: decodeRaw(line, "target") };
    default:
      return { ...common, type, ...(line.has("device") ? { device: pair(line, "device") } : {}) };
  }
}

function decodeFile(line: Fields): Omit<FileEntry, keyof Common | "type"> {
  return {
    content: decodeContent(line.object("content")),
    ...(line.has("digest") ? { digest: decodeDigest(line) } : {}),
    ...(line.has("holes")
      ? { holes: line.array("holes").map((h) => pairOf(line, "holes", h)) }
      : {}),
    ...(line.has("link") ? { link: line.string("link") } : {}),
    ...(line.has("torn") && line.boolean("torn") ? { torn: true as const } : {}),
  };
}

function decodeMode(line: Fields): number {
  const text = line.string("mode");
  return /^[0-7]{4}$/.test(text) ? Number.parseInt(text, 8) : line.fail("mode", "4 octal digits");
}

function decodeDigest(line: Fields): string {
  const digest = line.string("digest");
  return /^(sha1:[0-9a-f]{40}|blake3:[0-9a-f]{64})$/.test(digest)
    ? digest
    : line.fail("digest", "sha1:<hex> or blake3:<hex>");
}

/** Seconds with nine decimals, as `stat -c %.9Y` prints them. */
export function encodeTime(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const digits = (size % NANOSECONDS).toString().padStart(9, "0");
  return `${nanoseconds < 0n ? "-" : ""}${size / NANOSECONDS}.${digits}`;
}

function decodeTime(line: Fields, field: string): bigint {
  // Some file systems keep 64 bits of seconds, and some files have any.
  const match = /^(-?)(\d{1,19})\.(\d{9})$/.exec(line.string(field));
  if (match === null) return line.fail(field, "seconds with nine decimals");
  const [, sign, seconds, decimals] = match as unknown as [string, string, string, string];
  const size = BigInt(seconds) * NANOSECONDS + BigInt(decimals);
  return sign === "-" ? -size : size;
}

function encodeXattr({ name, value }: Xattr): object {
  return { ...encodeRaw("name", name), value: encodeBase64(value) };
}

function decodeXattr(fields: Fields): Xattr {
  return { name: decodeRaw(fields, "name"), value: fields.bytes("value") };
}

function pair(line: Fields, field: string): readonly [number, number] {
  return pairOf(line, field, line.value(field));
}

function pairOf(line: Fields, field: string, value: unknown): readonly [number, number] {
  const [first, second] = Array.isArray(value) && value.length === 2 ? value : [];
  return isInteger(first) && isInteger(second)
    ? [first, second]
    : line.fail(field, "made of two whole numbers");
}
