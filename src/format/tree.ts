/**
 * The tree: a directory is stored as a file, one JSON line for each entry,
 * sorted by the bytes of the name. A directory's own entry stands in its
 * parent; the root's stands in the manifest, with an empty name.
 */
import type { Content } from "./content.ts";
import { decodeContent, encodeContent } from "./content.ts";
import type { Fields } from "./fields.ts";
import { isInteger } from "./fields.ts";
import type { Holes } from "./holes.ts";
import { decodeHoles } from "./holes.ts";
import type { RawName } from "./raw-name.ts";
import { decodeRaw, encodeRaw } from "./raw-name.ts";
import type { Xattr } from "./xattrs.ts";
import { decodeXattrs, encodeXattrs } from "./xattrs.ts";

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

/** What everything but a directory may have: both of it, or neither. */
interface Linked {
  /** Entries of one snapshot with the same text here are one thing under several names. */
  readonly link?: string;
  /** How many names it had, also outside of the snapshot: 2 or more. */
  readonly links?: number;
}

export interface FileEntry extends Common, Linked {
  readonly type: "file";
  readonly content: Content;
  /** `sha1:<hex>` or `blake3:<hex>` of the whole file, holes and all; absent if none was wanted. */
  readonly digest?: string;
  /** They are no part of the content, but of the file: see {@link fileSize}. */
  readonly holes?: Holes;
  /** The file changed each time it was read: what is stored may never have been there as a whole. */
  readonly torn?: true;
}

export interface DirectoryEntry extends Common {
  readonly type: "directory";
  readonly content: Content;
}

export interface SymlinkEntry extends Common, Linked {
  readonly type: "symlink";
  readonly target: RawName;
}

export interface SpecialEntry extends Common, Linked {
  readonly type: "fifo" | "socket" | "character" | "block";
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
}

export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | SpecialEntry;

const TYPES = ["file", "directory", "symlink", "fifo", "socket", "character", "block"] as const;
const NANOSECONDS = 1_000_000_000n;
/** The one behind it is no owner's: to chown(2) it says that the owner stays. */
const MAX_ID = 2 ** 32 - 2;
const MAX_DEVICE = 2 ** 32 - 1;
const LINK = /^[0-9a-z:]{1,64}$/;
const OWNER_NAME = /^\P{Cc}{1,256}$/u;

/** Whether an entry may have it as the name of its owner or group. */
export function isOwnerName(name: string): boolean {
  return OWNER_NAME.test(name);
}

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
    ...(entry.type === "directory" ? {} : encodeLink(entry)),
    ...(entry.xattrs === undefined ? {} : { xattrs: encodeXattrs(entry.xattrs) }),
  };
}

function encodeKind(entry: Entry): object {
  switch (entry.type) {
    case "file":
      return {
        ...(entry.digest === undefined ? {} : { digest: entry.digest }),
        content: encodeContent(entry.content),
        ...(entry.holes === undefined ? {} : { holes: entry.holes }),
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

function encodeLink({ link, links }: Linked): object {
  return link === undefined ? {} : { link, links };
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
    ...(line.has("user") ? { user: decodeOwner(line, "user") } : {}),
    ...(line.has("group") ? { group: decodeOwner(line, "group") } : {}),
    mtime: decodeTime(line, "mtime"),
    ...(line.has("xattrs") ? { xattrs: decodeXattrs(line) } : {}),
  };
  switch (type) {
    case "file":
      return { ...common, type, ...decodeFile(line), ...decodeLink(line) };
    case "directory":
      return { ...common, type, content: decodeContent(line.object("content")) };
    case "symlink":
      return { ...common, type, target: decodeRaw(line, "target"), ...decodeLink(line) };
    default:
      return { ...common, type, ...decodeDevice(line), ...decodeLink(line) };
  }
}

function decodeFile(line: Fields): Omit<FileEntry, keyof Common | keyof Linked | "type"> {
  const content = decodeContent(line.object("content"));
  return {
    content,
    ...(line.has("digest") ? { digest: decodeDigest(line) } : {}),
    ...(line.has("holes") ? { holes: decodeHoles(line, content) } : {}),
    ...(line.has("torn") && line.boolean("torn") ? { torn: true as const } : {}),
  };
}

function decodeLink(line: Fields): Linked {
  if (!line.has("link") && !line.has("links")) return {};
  const link = line.string("link");
  if (!LINK.test(link)) line.fail("link", "1 to 64 characters of 0-9, a-z and :");
  const links = line.integer("links");
  return links >= 2 ? { link, links } : line.fail("links", "2 or more");
}

function decodeDevice(line: Fields): Pick<SpecialEntry, "device"> {
  if (!line.has("device")) return {};
  const [major, minor] = line.array("device");
  return line.array("device").length === 2 &&
    isInteger(major, MAX_DEVICE) &&
    isInteger(minor, MAX_DEVICE)
    ? { device: [major, minor] }
    : line.fail("device", "major and minor number");
}

function decodeOwner(line: Fields, field: "user" | "group"): string {
  const name = line.string(field);
  return isOwnerName(name) ? name : line.fail(field, "a name that may be shown");
}

function decodeMode(line: Fields): number {
  const text = line.string("mode");
  return /^[0-7]{4}$/.test(text) ? Number.parseInt(text, 8) : line.fail("mode", "4 octal digits");
}

/** @throws {@link CorruptError} unless it is `sha1:<hex>` or `blake3:<hex>`. */
export function decodeDigest(line: Fields): string {
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
