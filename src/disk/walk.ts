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
/** Each directory on the way holds its path: deeper ones would cost more memory than they are worth. */
const MAX_PATH_BYTES = 16384;

/**
 * Walks the tree at `root`.
 *
 * @throws the system's error if the root itself cannot be looked at.
 */
export function* walk(root: RawName, exclusion: Exclusion): Generator<Step> {
  const stats = lookAtRoot(root);
  const path = "" as RawName;
  if (stats.isDirectory()) yield* new Walk(root).steps({ name: path, path, stats }, exclusion);
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

/** A directory that was entered. */
interface Level {
  readonly directory: Found;
  /** What is left out in it. */
  readonly exclusion: Exclusion;
  /** Nothing, if it could not be listed. */
  readonly names: readonly RawName[];
  /** Names before this one were looked at. */
  next: number;
}

/** Where the walk is stands in a list, not on the stack: no tree is too deep. */
class Walk {
  readonly #root: RawName;
  readonly #levels: Level[] = [];

  constructor(root: RawName) {
    this.#root = root;
  }

  *steps(top: Found, exclusion: Exclusion): Generator<Step> {
    yield* this.#enter(top, exclusion);
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const inner = yield* this.#advance(level);
      if (inner === undefined) yield* this.#leave(level);
      else yield* this.#enter(inner, level.exclusion);
    }
  }

  *#enter(directory: Found, exclusion: Exclusion): Generator<Step> {
    const names = exclusion.opens(directory) ? readNames(this.#root, directory.path) : [];
    if ("message" in names) {
      yield { kind: "problem", problem: names };
      yield { kind: "enter", directory };
      this.#levels.push({ directory, exclusion, names: [], next: 0 });
      return;
    }
    yield { kind: "enter", directory };
    const contents = new Contents(this.#root, directory.path, names);
    const within = exclusion.within(directory, contents);
    for (const problem of contents.problems) yield { kind: "problem", problem };
    this.#levels.push({ directory, exclusion: within, names: contents.names, next: 0 });
  }

  /** @returns the next directory in it, or nothing when all of its names were looked at. */
  *#advance(level: Level): Generator<Step, Found | undefined> {
    const { directory, exclusion, names } = level;
    const batch: Found[] = [];
    while (level.next < names.length) {
      const name = names[level.next++] as RawName;
      const found = look(this.#root, joinPath(directory.path, name), name);
      if ("message" in found) {
        // Told once, for the directory, and not for each of its names.
        if (lossOf(this.#root, directory) !== undefined) return undefined;
        yield { kind: "problem", problem: found };
        continue;
      }
      if (exclusion.excludes(found)) continue;
      if (found.stats.isDirectory()) {
        yield* entriesOf(batch);
        return found;
      }
      if (batch.push(found) === BATCH) yield* entriesOf(batch.splice(0));
    }
    yield* entriesOf(batch);
    return undefined;
  }

  *#leave({ directory }: Level): Generator<Step> {
    this.#levels.pop();
    // What the walk has seen below may be of elsewhere, if the path leads elsewhere by now.
    const loss = lossOf(this.#root, directory);
    if (loss !== undefined) yield { kind: "problem", problem: loss };
    // The source itself is wherever its path leads.
    yield { kind: "leave", directory, isLost: loss !== undefined && directory.path !== "" };
  }
}

function* entriesOf(entries: readonly Found[]): Generator<Step> {
  if (entries.length > 0) yield { kind: "entries", entries };
}

function readNames(root: RawName, path: RawName): RawName[] | Problem {
  if (path.length > MAX_PATH_BYTES) {
    return { path, message: `cannot list it: its path has more than ${MAX_PATH_BYTES} bytes` };
  }
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
