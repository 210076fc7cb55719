/**
 * Which part of a snapshot is wanted: everything, or the paths and globs that
 * were given. A path stands for all that is below it. What is a name as it
 * stands is never lost for looking like a glob: `a[1].txt` is found as both.
 */
import picomatch from "picomatch";
import type { RawName } from "../format/raw-name.ts";
import { rawFromText, rawText } from "../format/raw-name.ts";

interface Rule {
  readonly pattern: string;
  /** The pattern as a path. */
  readonly path: RawName;
  /** As a glob; nothing if it has no wildcards. */
  readonly glob: Glob | undefined;
  hits: number;
}

interface Glob {
  /** The directory that everything it matches is in. */
  readonly base: RawName;
  readonly matches: (text: string) => boolean;
}

/** What a glob may be made of. */
const SPECIAL = /[*?[\]{}\\]/;
/** What picomatch would take for more than a character, and people have in names. */
const LITERAL = /[()|]/g;

export class Selection {
  readonly #rules: readonly Rule[];

  /**
   * @param patterns - from the snapshot's root, or absolute, from where the source was; none: everything.
   * @param source - the path that was backed up.
   */
  constructor(patterns: readonly string[], source: RawName) {
    this.#rules = patterns.map((pattern) => ruleOf(pattern, source));
  }

  /** Whether an entry is wanted, a directory with all that is below it. */
  takes(path: RawName): boolean {
    if (this.#rules.length === 0) return true;
    const rules = this.#rules.filter((rule) => isWanted(rule, path));
    for (const rule of rules) rule.hits += 1;
    return rules.length > 0;
  }

  /** Whether something below a directory may be wanted, though it is not itself. */
  leadsInto(path: RawName): boolean {
    return this.#rules.some(
      (rule) =>
        isAtOrBelow(rule.path, path) ||
        (rule.glob !== undefined &&
          (isAtOrBelow(path, rule.glob.base) || isAtOrBelow(rule.glob.base, path))),
    );
  }

  /** What was asked for and not found. */
  get missing(): string[] {
    return this.#rules.filter(({ hits }) => hits === 0).map(({ pattern }) => pattern);
  }
}

function ruleOf(pattern: string, source: RawName): Rule {
  const parts = relative(pattern, source)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  const text = parts.join("/");
  const plain = parts.findIndex((part) => SPECIAL.test(part));
  const glob =
    plain < 0 ? undefined : { base: baseOf(parts.slice(0, plain)), matches: match(text) };
  return { pattern, path: rawFromText(text), glob, hits: 0 };
}

function baseOf(parts: readonly string[]): RawName {
  return rawFromText(parts.join("/"));
}

function match(text: string): (text: string) => boolean {
  const options = { dot: true, nonegate: true, noextglob: true };
  return picomatch(text.replaceAll(LITERAL, "\\$&"), options);
}

/** People paste the path as it was on the machine. */
function relative(pattern: string, source: RawName): string {
  const root = rawText(source);
  if (root === undefined || !pattern.startsWith("/")) return pattern;
  if (pattern === root) return "";
  return pattern.startsWith(`${root}/`) ? pattern.slice(root.length + 1) : pattern;
}

function isWanted({ path: wanted, glob }: Rule, path: RawName): boolean {
  return isAtOrBelow(path, wanted) || (glob !== undefined && isMatched(glob, path));
}

/** A glob that matches a directory takes all that is below it, as a path does. */
function isMatched({ base, matches }: Glob, path: RawName): boolean {
  if (!isAtOrBelow(path, base)) return false;
  for (let end = path.length; end > base.length; end = path.lastIndexOf("/", end - 1)) {
    const part = path.slice(0, end) as RawName;
    if (matches(rawText(part) ?? part)) return true;
  }
  return false;
}

function isAtOrBelow(path: RawName, directory: RawName): boolean {
  return directory === "" || path === directory || path.startsWith(`${directory}/`);
}
