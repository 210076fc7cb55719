/**
 * Puts modes, owners and times on what was restored. Owners only as root, who
 * alone may give files away; owners come before modes, since changing the
 * owner takes setuid and setgid off.
 */
import {
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
import { systemPath } from "./path.ts";

export interface FileMetadata {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
}

/** setuid and setgid come back only on request. */
const SAFE_MODE = 0o1777;
const NANOSECONDS = 1e9;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export function applyToFile(descriptor: number, { mode, uid, gid, mtime }: FileMetadata): void {
  if (isRoot()) fchownSync(descriptor, uid, gid);
  fchmodSync(descriptor, mode & SAFE_MODE);
  futimesSync(descriptor, seconds(mtime), seconds(mtime));
}

export function applyToDirectory(path: RawName, metadata: FileMetadata): void {
  const descriptor = openSync(systemPath(path), DIRECTORY);
  try {
    applyToFile(descriptor, metadata);
  } finally {
    closeSync(descriptor);
  }
}

/** A symbolic link has no mode of its own. */
export function applyToSymlink(path: RawName, { uid, gid, mtime }: FileMetadata): void {
  if (isRoot()) lchownSync(systemPath(path), uid, gid);
  lutimesSync(systemPath(path), seconds(mtime), seconds(mtime));
}

/** Node takes a double: what is below a microsecond is lost. */
function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / NANOSECONDS;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
