/**
 * Trees on disk: planted from a description, and surveyed, so that two of them
 * can be compared. Knows nothing of varve's own walk.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";

/** Names are bytes, as latin1 strings. Times are seconds. */
export type Plant =
  | ({ readonly type: "directory"; readonly mode: number; readonly mtime: number } & {
      readonly entries: readonly (readonly [name: string, plant: Plant])[];
    })
  | ({ readonly type: "file"; readonly mode: number; readonly mtime: number } & {
      readonly content: Uint8Array;
    })
  | { readonly type: "symlink"; readonly target: string; readonly mtime: number };

/** A file with the usual mode, written in 2001. */
export function file(content: Uint8Array | string): Plant {
  return { type: "file", mode: 0o644, mtime: 1e9, content: Buffer.from(content) };
}

export function directory(entries: Readonly<Record<string, Plant>>): Plant {
  return { type: "directory", mode: 0o755, mtime: 1e9, entries: Object.entries(entries) };
}

/** Makes what is described; nothing may be there, but an empty directory for a directory. */
export function plant(path: string, what: Plant): void {
  plantAt(Buffer.from(path), what);
}

export function plantAt(path: Buffer, what: Plant): void {
  if (what.type === "symlink") {
    symlinkSync(Buffer.from(what.target, "latin1"), path);
  } else if (what.type === "file") {
    writeFileSync(path, what.content);
    chmodSync(path, what.mode);
  } else {
    mkdirSync(path, { recursive: true });
    for (const [name, entry] of what.entries) plantAt(join(path, name), entry);
    chmodSync(path, what.mode);
  }
  lutimesSync(path, what.mtime, what.mtime);
}

/** What is seen of an entry, but for its time. */
export interface Seen {
  readonly mtime: bigint;
  readonly looks: string;
}

/** Everything at and below a path, by its path from there, as latin1. */
export type Survey = ReadonlyMap<string, Seen>;

export function survey(path: string): Survey {
  const seen = new Map<string, Seen>();
  look(Buffer.from(path), "", seen);
  return seen;
}

function look(path: Buffer, name: string, seen: Map<string, Seen>): void {
  const stats = lstatSync(path, { bigint: true });
  const common = `${(stats.mode & 0o7777n).toString(8)} ${stats.uid}:${stats.gid}`;
  const note = (looks: string) => seen.set(name, { mtime: stats.mtimeNs, looks });
  if (stats.isSymbolicLink()) {
    note(`link to ${JSON.stringify(readlinkSync(path, "latin1"))}`);
  } else if (stats.isDirectory()) {
    note(`directory ${common}`);
    for (const child of (readdirSync(path, "latin1") as string[]).sort()) {
      look(join(path, child), name === "" ? child : `${name}/${child}`, seen);
    }
  } else if (stats.isFile()) {
    note(
      `file ${common} ${stats.size} ${createHash("sha1").update(readFileSync(path)).digest("hex")}`,
    );
  } else {
    note(`something else ${common}`);
  }
}

/** Node sets times as doubles: below a microsecond they may differ. */
const TOLERANCE_NS = 1500n;

export function assertSameTree(found: Survey, expected: Survey): void {
  assert.deepEqual(looksOf(found), looksOf(expected));
  for (const [path, { mtime }] of expected) {
    const other = found.get(path)?.mtime ?? 0n;
    const difference = other > mtime ? other - mtime : mtime - other;
    assert.ok(difference < TOLERANCE_NS, `${JSON.stringify(path)}: ${other} instead of ${mtime}`);
  }
}

function looksOf(tree: Survey): [string, string][] {
  return [...tree].map(([path, { looks }]) => [path, looks]);
}

function join(directory: Buffer, name: string): Buffer {
  return Buffer.concat([directory, Buffer.from(`/${name}`, "latin1")]);
}
