/**
 * Which part of a snapshot is wanted: everything, or the paths and globs that
 * were given. A path stands for all that is below it.
 */
import picomatch from "picomatch";
import type { RawName } from "../format/raw-name.ts";
import { rawFromText, rawText } from "../format/raw-name.ts";

interface Rule {
  readonly pattern: string;
  /** The path, or what stands before the first wildcard. */
  readonly base: RawName;
  /** Nothing for a plain path. */
  readonly matches: ((text: string) => boolean) | undefined;
  hits: number;
}

export class Selection {
  readonly #rules: readonly Rule[];

  /**
   * @param patterns - from the snapshot's root, or absolute, from where the source was; none: everything.
   * @param source - the path that was backed up.
   */
  constructor(patterns: readonly string[], source: RawName) {
    this.#rules = patterns.map((pattern) => ruleOf(pattern, source));
  }

  /** Whether an entry that is no directory is wanted. */
  takes(path: RawName): boolean {
    if (this.#rules.length === 0) return true;
    const rules = this.#rules.filter((rule) => isWanted(rule, path));
    for (const rule of rules) rule.hits += 1;
    return rules.length > 0;
  }

  /** Whether a directory is wanted, or something below it may be. */
  leadsInto(path: RawName): boolean {
    return (
      this.takes(path) ||
      this.#rules.some(({ base, matches }) => {
        const isBelow = matches !== undefined && isAtOrBelow(path, base);
        return isBelow || isAtOrBelow(base, path);
      })
    );
  }

  /** What was asked for and not found. */
  get missing(): string[] {
    return this.#rules.filter(({ hits }) => hits === 0).map(({ pattern }) => pattern);
  }
}

function ruleOf(pattern: string, source: RawName): Rule {
  const text = relative(pattern, source)
    .replace(/^(\.?\/+)+/, "")
    .replace(/\/+$/, "");
  const { isGlob, base } = picomatch.scan(text);
  const plain = rawFromText(text === "." ? "" : text);
  if (!isGlob) return { pattern, base: plain, matches: undefined, hits: 0 };
  const matches = picomatch(text, { dot: true, nonegate: true });
  return { pattern, base: rawFromText(base), matches, hits: 0 };
}

/** People paste the path as it was on the machine. */
function relative(pattern: string, source: RawName): string {
  const root = rawText(source);
  if (root === undefined || !pattern.startsWith("/")) return pattern;
  if (pattern === root) return "";
  return pattern.startsWith(`${root}/`) ? pattern.slice(root.length + 1) : pattern;
}

/** A glob that matches a directory takes all that is below it, as a path does. */
function isWanted({ base, matches }: Rule, path: RawName): boolean {
  if (matches === undefined) return isAtOrBelow(path, base);
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    const part = path.slice(0, end) as RawName;
    if (matches(rawText(part) ?? part)) return true;
  }
  return false;
}

function isAtOrBelow(path: RawName, directory: RawName): boolean {
  return directory === "" || path === directory || path.startsWith(`${directory}/`);
}
