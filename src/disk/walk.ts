/**
 * Walks a tree, top down, each directory's names in the order of their bytes:
 * the order in which trees are stored.
 *
 * System calls are synchronous: a walk through promises costs many times as
 * much. Entries come in batches, so that the caller can let others run in
 * between. What cannot be read is reported, never passed over in silence.
 */
import type { BigIntStats } from "node:fs";
import { lstatSync, readdirSync, statSync } from "node:fs";
import type { RawName } from "../format/raw-name.ts";
import { Contents } from "./contents.ts";
import { atPath } from "./long-path.ts";
import { joinPath, lastName, systemPath } from "./path.ts";

/** A name in the tree, as lstat saw it. */
export interface Found {
  /** Empty for a root that is a directory: it stands for what is in it. */
  readonly name: RawName;
  /** From the root of the walk; the root's is empty. */
  readonly path: RawName;
  readonly stats: BigIntStats;
}

/** Something that could not be backed up or restored as it should, and why. */
export interface Problem {
  readonly path: RawName;
  readonly message: string;
}

export type Step =
  /** Entries of the directory that was entered last and not left; none of them a directory. */
  | { readonly kind: "entries"; readonly entries: readonly Found[] }
  | { readonly kind: "enter"; readonly directory: Found }
  /** `isLost`: it is not the one that was entered any more, and what was found may be another's. */
  | { readonly kind: "leave"; readonly directory: Found; readonly isLost: boolean }
  | { readonly kind: "problem"; readonly problem: Problem };

/** What a walk leaves out: asked of each entry, in the directory that the entry is in. */
export interface Exclusion {
  /** Whether an entry is left out; of a directory, with all that is in it. */
  excludes(entry: Found): boolean;
  /** Whether a directory is listed; else it stands as an empty one. */
  opens(directory: Found): boolean;
  /** What is left out in a directory that was listed. */
  within(directory: Found, contents: Contents): Exclusion;
}

const BATCH = 256;

/**
 * Walks the tree at `root`.
 *
 * @throws the system's error if the root itself cannot be looked at.
 */
export function* walk(root: RawName, exclusion: Exclusion): Generator<Step> {
  const stats = lookAtRoot(root);
  const path = "" as RawName;
  if (stats.isDirectory()) yield* walkDirectory(root, { name: path, path, stats }, exclusion);
  else yield { kind: "entries", entries: [{ name: lastName(root), path, stats }] };
}

/** A root that is a link to a directory stands for that directory: nobody wants to keep the link. */
export function lookAtRoot(root: RawName): BigIntStats {
  const stats = lookAt(root);
  if (!stats.isSymbolicLink()) return stats;
  const behind = atPath(root, (path) =>
    statSync(systemPath(path), { bigint: true, throwIfNoEntry: false }),
  );
  return behind?.isDirectory() ? behind : stats;
}

function* walkDirectory(root: RawName, directory: Found, exclusion: Exclusion): Generator<Step> {
  const names = exclusion.opens(directory) ? readNames(root, directory.path) : [];
  if ("message" in names) yield { kind: "problem", problem: names };
  yield { kind: "enter", directory };
  if (!("message" in names)) {
    const contents = new Contents(root, directory.path, names);
    const within = exclusion.within(directory, contents);
    for (const problem of contents.problems) yield { kind: "problem", problem };
    yield* walkNames(root, directory, contents.names, within);
  }
  // What the walk has seen below may be of elsewhere, if the path leads elsewhere by now.
  const loss = lossOf(root, directory);
  if (loss !== undefined) yield { kind: "problem", problem: loss };
  // The source itself is wherever its path leads.
  yield { kind: "leave", directory, isLost: loss !== undefined && directory.path !== "" };
}

function* walkNames(
  root: RawName,
  directory: Found,
  names: readonly RawName[],
  exclusion: Exclusion,
): Generator<Step> {
  const batch: Found[] = [];
  for (const name of names) {
    const found = look(root, joinPath(directory.path, name), name);
    if ("message" in found) {
      // Told once, for the directory, and not for each of its names.
      if (lossOf(root, directory) !== undefined) return;
      yield { kind: "problem", problem: found };
      continue;
    }
    if (exclusion.excludes(found)) continue;
    if (found.stats.isDirectory()) {
      yield* entriesOf(batch.splice(0));
      yield* walkDirectory(root, found, exclusion);
    } else if (batch.push(found) === BATCH) {
      yield* entriesOf(batch.splice(0));
    }
  }
  yield* entriesOf(batch);
}

function* entriesOf(entries: readonly Found[]): Generator<Step> {
  if (entries.length > 0) yield { kind: "entries", entries };
}

function readNames(root: RawName, path: RawName): RawName[] | Problem {
  try {
    // One character a byte: compact, and sorted by bytes with plain comparison.
    const names = atPath(joinPath(root, path), (short) =>
      readdirSync(systemPath(short), "latin1"),
    ) as string[];
    return names.sort() as RawName[];
  } catch (error) {
    return { path, message: `cannot list it: ${(error as Error).message}` };
  }
}

function look(root: RawName, path: RawName, name: RawName): Found | Problem {
  try {
    return { name, path, stats: lookAt(joinPath(root, path)) };
  } catch (error) {
    return { path, message: `cannot look at it: ${(error as Error).message}` };
  }
}

function lookAt(path: RawName): BigIntStats {
  return atPath(path, (short) => lstatSync(systemPath(short), { bigint: true }));
}

/** Why a directory is not the one any more that was entered; nothing if it is. */
function lossOf(root: RawName, { path, stats }: Found): Problem | undefined {
  try {
    const now = path === "" ? lookAtRoot(root) : lookAt(joinPath(root, path));
    if (now.ino === stats.ino && now.dev === stats.dev) return undefined;
    return { path, message: "it was replaced while it was read" };
  } catch (error) {
    return { path, message: `it went away while it was read: ${(error as Error).message}` };
  }
}
