/**
 * Walks a snapshot's tree, top down, reading directories as it comes to them.
 * Where the walk is stands in a list, not on the stack, and the list has no
 * paths: however deep a tree is, it costs memory only for each of its levels.
 */
import { joinPath } from "../disk/path.ts";
import { CorruptError } from "../errors.ts";
import type { Content } from "../format/content.ts";
import { EMPTY_CONTENT } from "../format/content.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { DirectoryEntry, Entry } from "../format/tree.ts";
import { decodeEntry } from "../format/tree.ts";
import type { Chunks } from "./contents.ts";
import { linesOf } from "./contents.ts";
import type { Selection } from "./selection.ts";

/** An entry of the snapshot, at its path from the root; the root's is empty. */
export interface Resolved<E extends Entry = Entry> {
  readonly path: RawName;
  readonly entry: E;
}

/** A directory on the way. */
export interface ResolvedDirectory extends Resolved<DirectoryEntry> {
  /** It was asked for, and does not merely lead to something that was. */
  readonly isSelected: boolean;
}

export type TreeStep =
  | ({ readonly kind: "enter" } & ResolvedDirectory)
  | ({ readonly kind: "leave" } & ResolvedDirectory)
  | ({ readonly kind: "entry" } & Resolved<Exclude<Entry, DirectoryEntry>>);

/** Which part of a snapshot is walked. */
export type Scope = Pick<Selection, "takes" | "looksInto">;

interface Level {
  readonly entry: DirectoryEntry;
  readonly isSelected: boolean;
  /** Of its path, which the path of the level below begins with. */
  readonly length: number;
  readonly entries: AsyncIterator<Entry, undefined>;
}

/** A path of more than twice as many is called by the first and the last of them. */
const SHOWN_CHARACTERS = 120;

/**
 * The entries that are selected, and the directories that lead to them. A
 * directory is entered when there is something in it that is selected, and read
 * only if there may be.
 *
 * @param damaged - is told of a directory that is damaged, or out of order; the walk goes on behind
 * what can be read of it.
 * @throws {@link CorruptError} at such a directory, if nobody is to be told.
 */
export async function* resolve(
  root: Entry,
  chunks: Chunks,
  scope: Scope,
  damaged?: (path: RawName, error: CorruptError) => void,
): AsyncGenerator<TreeStep> {
  if (root.type !== "directory") {
    if (root.name === "") throw new CorruptError("the snapshot's root", "it has no name");
    if (scope.takes(root.name)) yield { kind: "entry", path: root.name, entry: root };
    return;
  }
  yield* resolveDirectory(root, new Way(chunks, damaged), scope);
}

async function* resolveDirectory(
  root: DirectoryEntry,
  way: Way,
  scope: Scope,
): AsyncGenerator<TreeStep> {
  const path = "" as RawName;
  way.goInto({ path, entry: root, isSelected: scope.takes(path) }, root.content);
  for (let level = way.last; level !== undefined; level = way.last) {
    if (level.isSelected) yield* way.enter();
    const entry = await way.next(level);
    if (entry === undefined) {
      yield* way.leave();
      continue;
    }
    const path = joinPath(way.path, entry.name);
    const isSelected = scope.takes(path);
    if (entry.type === "directory") {
      if (scope.looksInto(path)) way.goInto({ path, entry, isSelected }, entry.content);
      else if (isSelected) way.goInto({ path, entry, isSelected }, EMPTY_CONTENT);
    } else if (isSelected) {
      yield* way.enter();
      yield { kind: "entry", path, entry };
    }
  }
}

/** The directories from the root to where the walk is. */
class Way {
  readonly #chunks: Chunks;
  readonly #damaged: ((path: RawName, error: CorruptError) => void) | undefined;
  readonly #levels: Level[] = [];
  /** Of the last level. */
  #path = "" as RawName;
  /** How many of them, from the root on, it was told that they are entered. */
  #entered = 0;

  constructor(chunks: Chunks, damaged?: (path: RawName, error: CorruptError) => void) {
    this.#chunks = chunks;
    this.#damaged = damaged;
  }

  /** The next entry of a directory; nothing at its end, or where it cannot be read on. */
  async next({ entries }: Level): Promise<Entry | undefined> {
    try {
      return (await entries.next()).value;
    } catch (error) {
      if (!(error instanceof CorruptError) || this.#damaged === undefined) throw error;
      this.#damaged(this.#path, error);
      return undefined;
    }
  }

  get last(): Level | undefined {
    return this.#levels.at(-1);
  }

  /** Where the walk is. */
  get path(): RawName {
    return this.#path;
  }

  /** @param content - what of it is read. */
  goInto({ path, entry, isSelected }: ResolvedDirectory, content: Content): void {
    const entries = readDirectory(nameOf(path), content, this.#chunks);
    this.#levels.push({ entry, isSelected, length: path.length, entries });
    this.#path = path;
  }

  /** Enters what is not yet entered. */
  *enter(): Generator<TreeStep> {
    for (; this.#entered < this.#levels.length; this.#entered++) {
      const level = this.#levels[this.#entered];
      if (level !== undefined) yield this.#step("enter", level);
    }
  }

  *leave(): Generator<TreeStep> {
    const left = this.#levels.pop();
    if (left === undefined) return;
    const step = this.#step("leave", left);
    this.#path = this.#path.slice(0, this.last?.length ?? 0) as RawName;
    if (this.#entered <= this.#levels.length) return;
    this.#entered = this.#levels.length;
    yield step;
  }

  #step(kind: "enter" | "leave", { entry, isSelected, length }: Level): TreeStep {
    return { kind, path: this.#path.slice(0, length) as RawName, entry, isSelected };
  }
}

/**
 * The entries of a directory, in the order of their names.
 *
 * @throws {@link CorruptError} in `name` if it is damaged.
 */
export async function* readDirectory(
  name: string,
  content: Content,
  chunks: Chunks,
): AsyncGenerator<Entry, undefined> {
  let last: RawName | undefined;
  for await (const line of linesOf(name, content, chunks)) {
    const entry = decodeEntry(line);
    if (entry.name === "" || (last !== undefined && entry.name <= last)) {
      throw new CorruptError(name, "its names are out of order");
    }
    last = entry.name;
    yield entry;
  }
  return undefined;
}

/** For messages. Each level has its own, which must not hold on to its path: of V8's strings, pieces do. */
export function nameOf(path: RawName): string {
  const isLong = path.length > 2 * SHOWN_CHARACTERS;
  const [front, end] = [
    path.slice(0, SHOWN_CHARACTERS),
    path.slice(-SHOWN_CHARACTERS),
  ] as RawName[];
  const shown = isLong
    ? `${displayName(front as RawName)} ... ${displayName(end as RawName)}`
    : displayName(path);
  return Buffer.from(`the directory "${shown}"`).toString();
}
