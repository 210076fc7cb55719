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
const NANOSECONDS_A_MICROSECOND = 1000n;
const MICROSECONDS = 1e6;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export function applyToFile(descriptor: number, { mode, uid, gid, mtime }: FileMetadata): void {
  if (isRoot()) fchownSync(descriptor, uid, gid);
  fchmodSync(descriptor, mode & SAFE_MODE);
  futimesSync(descriptor, seconds(mtime), seconds(mtime));
}

export function applyToDirectory(path: RawName, metadata: FileMetadata): void {
  withDirectory(path, (descriptor) => applyToFile(descriptor, metadata));
}

/** Gives a directory a mode, and never what a link in its place leads to. */
export function setDirectoryMode(path: RawName, mode: number): void {
  withDirectory(path, (descriptor) => fchmodSync(descriptor, mode));
}

/** A symbolic link has no mode of its own. */
export function applyToSymlink(path: RawName, { uid, gid, mtime }: FileMetadata): void {
  if (isRoot()) lchownSync(systemPath(path), uid, gid);
  lutimesSync(systemPath(path), seconds(mtime), seconds(mtime));
}

function withDirectory(path: RawName, action: (descriptor: number) => void): void {
  const descriptor = openSync(systemPath(path), DIRECTORY);
  try {
    action(descriptor);
  } finally {
    closeSync(descriptor);
  }
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

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
