/**
 * Puts owners, attributes, modes and times on what was restored, in this
 * order: changing the owner takes setuid and capabilities off, an ACL changes
 * the mode, and everything changes times.
 *
 * What the system refuses, because of who we are or what file system it is,
 * is told and not thrown: the content is there, and that counts.
 */
import type { BigIntStats } from "node:fs";
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  lutimesSync,
  openSync,
} from "node:fs";
import type { RawName } from "../format/raw-name.ts";
import { rawName } from "../format/raw-name.ts";
import type { Xattr } from "../format/xattrs.ts";
import type { Thing } from "./libc.ts";
import { libc } from "./libc.ts";
import type { Ids } from "./owners.ts";
import { systemPath } from "./path.ts";
import type { Refusal } from "./xattrs.ts";
import { hasXattrs, writeXattrs } from "./xattrs.ts";

/** What is to be put on something. */
export interface Metadata {
  /** Permission bits, with setuid, setgid and sticky. */
  readonly mode: number;
  /** Nothing: it stays with whom it is. */
  readonly owner: Ids | undefined;
  /** Nothing: they stay as they are. Else it has these and no others. */
  readonly xattrs: readonly Xattr[] | undefined;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
}

const NANOSECONDS_A_MICROSECOND = 1000n;
const MICROSECONDS = 1e6;
/** The name of what is refused where an owner may not be given. */
const OWNER = rawName(Buffer.from("owner"));
const REFUSALS = ["EPERM", "EINVAL", "ENOTSUP", "ENOSYS"];
const MODE_BITS = 0o7777n;
/** Linux's: of what is opened so, only what it is can be looked at and changed. */
const O_PATH = 0o10000000;

/** Whether something has all that already: then nobody need touch it. */
export function hasMetadata(of: Thing, stats: BigIntStats, metadata: Metadata): boolean {
  const { mode, owner, xattrs, mtime } = metadata;
  const isOwners =
    owner === undefined || (Number(stats.uid) === owner.uid && Number(stats.gid) === owner.gid);
  const hasMode = stats.isSymbolicLink() || (stats.mode & MODE_BITS) === BigInt(mode);
  if (!isOwners || !hasMode || stats.mtimeNs !== mtime) return false;
  return xattrs === undefined || hasXattrs(of, xattrs);
}

/** @returns what was refused. @throws the system's error for all else. */
export function applyToFile(descriptor: number, metadata: Metadata): Refusal[] {
  const { mode, owner, xattrs, mtime } = metadata;
  const refusals = [
    ...giveTo(owner, ({ uid, gid }) => fchownSync(descriptor, uid, gid)),
    ...(xattrs === undefined ? [] : writeXattrs(descriptor, xattrs)),
  ];
  fchmodSync(descriptor, mode);
  setMtime(descriptor, mtime);
  return refusals;
}

/**
 * @param path - what its last part is is never a link (directories.ts).
 * @returns what was refused. @throws the system's error for all else.
 */
export function applyToDirectory(path: RawName, metadata: Metadata): Refusal[] {
  const refusals = applyToLink(path, metadata);
  // Last: it may shut us out.
  chmodSync(systemPath(path), metadata.mode);
  return refusals;
}

/** FIFOs and devices. @returns what was refused. @throws the system's error for all else. */
export function applyToNode(path: RawName, metadata: Metadata): Refusal[] {
  const refusals = applyToLink(path, metadata);
  setMode(path, metadata.mode);
  return refusals;
}

/** Links have no mode. @returns what was refused. @throws the system's error for all else. */
export function applyToLink(path: RawName, { owner, xattrs, mtime }: Metadata): Refusal[] {
  const refusals = [
    ...giveTo(owner, ({ uid, gid }) => lchownSync(systemPath(path), uid, gid)),
    ...(xattrs === undefined ? [] : writeXattrs(path, xattrs)),
  ];
  setMtime(path, mtime);
  return refusals;
}

function giveTo(owner: Ids | undefined, give: (owner: Ids) => void): Refusal[] {
  try {
    if (owner !== undefined) give(owner);
    return [];
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!REFUSALS.includes(code)) throw error;
    return [{ name: OWNER, code }];
  }
}

/** As chmod does, which would follow a link in its place: elsewhere than on Linux, it stays. */
function setMode(path: RawName, mode: number): void {
  if (process.platform !== "linux") return;
  const descriptor = openSync(systemPath(path), O_PATH | constants.O_NOFOLLOW);
  try {
    chmodSync(`/proc/self/fd/${descriptor}`, mode);
  } finally {
    closeSync(descriptor);
  }
}

function setMtime(of: number | RawName, mtime: bigint): void {
  const system = libc();
  if (system !== undefined) system.setMtime(of, mtime);
  else if (typeof of === "number") futimesSync(of, seconds(mtime), seconds(mtime));
  else lutimesSync(systemPath(of), seconds(mtime), seconds(mtime));
}

/**
 * A time as Node takes it: whole microseconds, what is below is lost. As text, for
 * Node takes a number below 0 for a mistake, and sets the clock's time without a word.
 */
function seconds(nanoseconds: bigint): string {
  const microseconds = Number(nanoseconds / NANOSECONDS_A_MICROSECOND);
  // The double may lie a little nearer to 0, and libuv cuts off there what is no whole microsecond.
  return String((microseconds + Math.sign(microseconds) / 2) / MICROSECONDS);
}
