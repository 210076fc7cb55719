/**
 * Which part of a snapshot is wanted: everything, or the paths and globs that
 * were given. A path stands for all that is below it. What is a name as it
 * stands is never lost for looking like a glob: `a[1].txt` is found as both. A
 * name that nobody can type, for it is no text, is found as `ls` shows it.
 */
import { globMatcher } from "../disk/glob.ts";
import { NotFoundError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { rawFromDisplay, rawFromText, rawText } from "../format/raw-name.ts";

/** What patterns are: each a path or a glob, or each a path and nothing else. */
export type PatternKind = "globs" | "paths";

interface Rule {
  readonly pattern: string;
  /** The pattern as a path: as it stands, and as shown names are read. */
  readonly paths: readonly RawName[];
  /** As a glob; nothing if it has no wildcards. */
  readonly glob: Glob | undefined;
  hits: number;
}

interface Glob {
  /** The directory that everything it matches is in. */
  readonly base: RawName;
  readonly matches: (text: string) => boolean;
  /** The last path that it did not match, nor any directory on the way to it. */
  missed: RawName;
}

/** What a glob may be made of. */
export const SPECIAL: RegExp = /[*?[\]{}\\]/;

export class Selection {
  readonly #rules: readonly Rule[];

  /**
   * @param patterns - from the snapshot's root, or absolute, from where the source was; none: everything.
   * @param source - the path that was backed up.
   */
  constructor(patterns: readonly string[], source: RawName, kind: PatternKind = "globs") {
    this.#rules = patterns.map((pattern) => ruleOf(pattern, source, kind));
  }

  /** Whether an entry is wanted, a directory with all that is below it. */
  takes(path: RawName): boolean {
    return this.#rules.length === 0 || this.#hits((rule) => isWanted(rule, path));
  }

  /** Whether an entry is what was asked for itself, and not merely below it. */
  names(path: RawName): boolean {
    return this.#rules.length === 0 ? path === "" : this.#hits((rule) => isNamed(rule, path));
  }

  /** Whether something below a directory may be wanted, though it is not itself. */
  leadsInto(path: RawName): boolean {
    return this.#rules.some(
      ({ paths, glob }) =>
        paths.some((wanted) => isAtOrBelow(wanted, path)) ||
        (glob !== undefined && (isAtOrBelow(path, glob.base) || isAtOrBelow(glob.base, path))),
    );
  }

  /** Whether something below a directory may be wanted, for whatever reason. */
  looksInto(path: RawName): boolean {
    const isBelow = ({ paths }: Rule) => paths.some((wanted) => isAtOrBelow(path, wanted));
    return this.#rules.length === 0 || this.#rules.some(isBelow) || this.leadsInto(path);
  }

  /** What was asked for and not found. */
  get missing(): string[] {
    return this.#rules.filter(({ hits }) => hits === 0).map(({ pattern }) => pattern);
  }

  /** @throws {@link NotFoundError} if something was asked for and not found. */
  mustBeFound(): void {
    if (this.missing.length === 0) return;
    throw new NotFoundError(`the snapshot has nothing that matches ${this.missing.join(", ")}`);
  }

  #hits(isHit: (rule: Rule) => boolean): boolean {
    const rules = this.#rules.filter(isHit);
    for (const rule of rules) rule.hits += 1;
    return rules.length > 0;
  }
}

function ruleOf(pattern: string, source: RawName, kind: PatternKind): Rule {
  const parts = relative(pattern, source)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  const text = parts.join("/");
  const plain = kind === "paths" ? -1 : parts.findIndex((part) => SPECIAL.test(part));
  const glob =
    plain < 0
      ? undefined
      : { base: baseOf(parts.slice(0, plain)), matches: globMatcher(text), missed: baseOf([]) };
  const path = rawFromText(text);
  return { pattern, paths: [path, rawFromDisplay(text) ?? path], glob, hits: 0 };
}

function baseOf(parts: readonly string[]): RawName {
  return rawFromText(parts.join("/"));
}

/** People paste the path as it was on the machine. */
function relative(pattern: string, source: RawName): string {
  const root = rawText(source);
  if (root === undefined || !pattern.startsWith("/")) return pattern;
  if (pattern === root) return "";
  return pattern.startsWith(`${root}/`) ? pattern.slice(root.length + 1) : pattern;
}

function isWanted({ paths, glob }: Rule, path: RawName): boolean {
  return (
    paths.some((wanted) => isAtOrBelow(path, wanted)) ||
    (glob !== undefined && isMatched(glob, path))
  );
}

function isNamed({ paths, glob }: Rule, path: RawName): boolean {
  return paths.includes(path) || (glob !== undefined && isMatchedItself(glob, path));
}

/** A glob that matches a directory takes all that is below it, as a path does. */
function isMatched(glob: Glob, path: RawName): boolean {
  if (!isAtOrBelow(path, glob.base)) return false;
  // What is on the way to both was not matched the last time: a walk asks for one path behind
  // the other, and each would else be asked for as often as the tree is deep.
  const known = Math.max(glob.base.length, sharedLength(glob.missed, path));
  for (let end = path.length; end > known; end = path.lastIndexOf("/", end - 1)) {
    if (isMatchedItself(glob, path.slice(0, end) as RawName)) return true;
  }
  glob.missed = path;
  return false;
}

/** The length of the last directory, or path, that leads to both. */
function sharedLength(one: RawName, other: RawName): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  const isWhole = (path: string) => length === path.length || path[length] === "/";
  return isWhole(one) && isWhole(other) ? length : Math.max(other.lastIndexOf("/", length - 1), 0);
}

function isMatchedItself({ base, matches }: Glob, path: RawName): boolean {
  return isAtOrBelow(path, base) && path !== base && matches(rawText(path) ?? path);
}

function isAtOrBelow(path: RawName, directory: RawName): boolean {
  return directory === "" || path === directory || path.startsWith(`${directory}/`);
}
