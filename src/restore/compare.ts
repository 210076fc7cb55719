/**
 * Compares two trees: one walk over both, each directory's names side by side
 * in the order of their bytes. The walk has an explicit stack, and reads a
 * directory line by line: memory grows with the depth only, however many names
 * there are. What both sides are known to have alike is not read.
 */
import { joinPath } from "../disk/path.ts";
import type { Metadata } from "../disk/stats.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Entry } from "../format/tree.ts";
import type { Selection } from "./selection.ts";

/** Only in the second, only in the first, another type, other content, or other metadata alone. */
export type Modifier = "+" | "-" | "T" | "M" | "U";

/** An entry, as far as all comparisons look at it. */
export type Item = Metadata & Pick<Entry, "name" | "type">;

/** Something is there, and nobody can say what: its side has told why. */
export interface Unknown {
  readonly name: RawName;
  readonly type: "unknown";
}

/** One of two trees. */
export interface Side<I extends Item> {
  readonly root: I;
  /**
   * What is in a directory, sorted by the bytes of the names.
   *
   * @returns nothing if it cannot be listed: the side has told why.
   */
  list(path: RawName, directory: I): AsyncIterator<I | Unknown, undefined> | undefined;
}

export interface Difference<A extends Item = Item, B extends Item = Item> {
  readonly modifier: Modifier;
  /** From the roots; theirs is empty. */
  readonly path: RawName;
  readonly first?: A;
  readonly second?: B;
}

export interface Comparison<A extends Item, B extends Item> {
  readonly first: Side<A>;
  readonly second: Side<B>;
  readonly selection: Pick<Selection, "takes" | "looksInto" | "missing">;
  /** How two entries of one type differ. */
  judge(path: RawName, first: A, second: B): Promise<"M" | "U" | undefined>;
  /** Whether all below two directories is known to be the same. */
  holdSame(first: A, second: B): boolean;
}

/** What is under one name. */
interface Pair<A, B> {
  readonly first: A | undefined;
  readonly second: B | undefined;
}

/** A directory that the walk is in, on the sides that have one there. */
interface Level<A, B> {
  readonly path: RawName;
  readonly first: Cursor<A> | undefined;
  readonly second: Cursor<B> | undefined;
}

/**
 * Everything selected that differs, a directory before what is in it.
 *
 * @throws what the sides throw.
 */
export async function* compare<A extends Item, B extends Item>(
  comparison: Comparison<A, B>,
): AsyncGenerator<Difference<A, B>> {
  const { first, second } = comparison;
  const levels: Level<A, B>[] = [];
  // The roots are compared with each other, whatever they are called.
  const roots: Pair<A, B> = { first: first.root, second: second.root };
  yield* visit(rootPath(roots), roots, comparison, levels);
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const next = await nextOf(level);
    if (next === undefined) levels.pop();
    else yield* visit(joinPath(level.path, next.name), next, comparison, levels);
  }
}

/** Empty where paths begin there: one thing alone has its name. */
function rootPath({ first, second }: Pair<Item, Item>): RawName {
  const isAlone = first?.type !== "directory" && second?.type !== "directory";
  return isAlone ? (first?.name ?? ("" as RawName)) : ("" as RawName);
}

/** Tells how a pair differs, and goes into its directories. */
async function* visit<A extends Item, B extends Item>(
  path: RawName,
  pair: Pair<A | Unknown, B | Unknown>,
  comparison: Comparison<A, B>,
  levels: Level<A, B>[],
): AsyncGenerator<Difference<A, B>> {
  const { first, second } = pair;
  const isTaken = comparison.selection.takes(path);
  if (first?.type === "unknown" || second?.type === "unknown") return;
  const known = { first, second } as Pair<A, B>;
  const modifier = isTaken ? await modifierOf(path, known, comparison) : undefined;
  if (modifier !== undefined) {
    yield {
      modifier,
      path,
      ...(known.first === undefined ? {} : { first: known.first }),
      ...(known.second === undefined ? {} : { second: known.second }),
    };
  }
  const level = levelOf(path, known, comparison);
  if (level !== undefined) levels.push(level);
}

async function modifierOf<A extends Item, B extends Item>(
  path: RawName,
  { first, second }: Pair<A, B>,
  comparison: Comparison<A, B>,
): Promise<Modifier | undefined> {
  if (first === undefined) return "+";
  if (second === undefined) return "-";
  return first.type === second.type ? await comparison.judge(path, first, second) : "T";
}

function levelOf<A extends Item, B extends Item>(
  path: RawName,
  pair: Pair<A, B>,
  { first, second, selection, holdSame }: Comparison<A, B>,
): Level<A, B> | undefined {
  const [a, b] = [directoryOf(pair.first), directoryOf(pair.second)];
  if ((a ?? b) === undefined || !selection.looksInto(path)) return undefined;
  // Whether something that was asked for is there shows only where it is looked for.
  if (a && b && holdSame(a, b) && selection.missing.length === 0) return undefined;
  const lists = [a && first.list(path, a), b && second.list(path, b)] as const;
  // One that cannot be listed must not pass for an empty one.
  if ((a && !lists[0]) || (b && !lists[1])) return undefined;
  return {
    path,
    first: lists[0] && new Cursor(lists[0]),
    second: lists[1] && new Cursor(lists[1]),
  };
}

function directoryOf<I extends Item>(item: I | undefined): I | undefined {
  return item?.type === "directory" ? item : undefined;
}

async function nextOf<A extends Item, B extends Item>(
  level: Level<A, B>,
): Promise<(Pair<A | Unknown, B | Unknown> & { readonly name: RawName }) | undefined> {
  const [a, b] = [await level.first?.peek(), await level.second?.peek()];
  const name = b === undefined || (a !== undefined && a.name < b.name) ? a?.name : b.name;
  if (name === undefined) return undefined;
  return {
    name,
    first: a?.name === name ? level.first?.take() : undefined,
    second: b?.name === name ? level.second?.take() : undefined,
  };
}

/** The entries of a directory, with a look at the next one. */
class Cursor<I> {
  readonly #entries: AsyncIterator<I | Unknown, undefined>;
  #next: I | Unknown | undefined;
  #isAhead = false;

  constructor(entries: AsyncIterator<I | Unknown, undefined>) {
    this.#entries = entries;
  }

  async peek(): Promise<I | Unknown | undefined> {
    if (!this.#isAhead) this.#next = (await this.#entries.next()).value;
    this.#isAhead = true;
    return this.#next;
  }

  /** What {@link peek} gave. */
  take(): I | Unknown | undefined {
    this.#isAhead = false;
    return this.#next;
  }
}
