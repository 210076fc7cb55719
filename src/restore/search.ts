/**
 * Finds entries by what they are called: a pattern without a slash by their
 * name, at any depth, one with a slash by their path. Unlike a selection it
 * takes what matches itself, and not what is below it. A slash at a pattern's
 * end means directories only.
 */
import { globMatcher } from "../disk/glob.ts";
import { lastName } from "../disk/path.ts";
import { NotFoundError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { rawFromDisplay, rawFromText, rawText } from "../format/raw-name.ts";
import type { Entry } from "../format/tree.ts";
import type { Scope } from "./resolve.ts";
import { Selection, SPECIAL } from "./selection.ts";

interface Rule {
  readonly pattern: string;
  readonly directoriesOnly: boolean;
  readonly names: (path: RawName) => boolean;
  readonly looksInto: (directory: RawName) => boolean;
  hits: number;
}

export class Search implements Scope {
  readonly #rules: readonly Rule[];

  /** @param source - the path that was backed up: patterns may be absolute, from where it was. */
  constructor(patterns: readonly string[], source: RawName) {
    this.#rules = patterns.map((pattern) => ruleOf(pattern, source));
  }

  takes(path: RawName): boolean {
    // The root is where paths begin, and has no name.
    return path !== "" && this.#rules.some(({ names }) => names(path));
  }

  looksInto(path: RawName): boolean {
    return this.#rules.some(({ looksInto }) => looksInto(path));
  }

  /** Whether an entry that was taken is of a type that was asked for. */
  finds(path: RawName, { type }: Pick<Entry, "type">): boolean {
    const rules = this.#rules.filter(
      ({ directoriesOnly, names }) => names(path) && (!directoriesOnly || type === "directory"),
    );
    for (const rule of rules) rule.hits += 1;
    return rules.length > 0;
  }

  /** @throws {@link NotFoundError} if one of the patterns has found nothing. */
  mustBeFound(): void {
    const missing = this.#rules.filter(({ hits }) => hits === 0).map(({ pattern }) => pattern);
    if (missing.length === 0) return;
    throw new NotFoundError(`the snapshot has nothing that matches ${missing.join(", ")}`);
  }
}

function ruleOf(pattern: string, source: RawName): Rule {
  const text = pattern.replace(/(?<=[^/])\/+$/, "");
  const directoriesOnly = text !== pattern;
  const found = text.includes("/") ? byPath(text, source) : byName(text);
  return { pattern, directoriesOnly, ...found, hits: 0 };
}

function byPath(text: string, source: RawName): Pick<Rule, "names" | "looksInto"> {
  const selection = new Selection([text], source);
  return {
    names: (path) => selection.names(path),
    looksInto: (path) => selection.leadsInto(path),
  };
}

function byName(text: string): Pick<Rule, "names" | "looksInto"> {
  const names = [rawFromText(text), rawFromDisplay(text)];
  const matches = SPECIAL.test(text) ? globMatcher(text) : () => false;
  return {
    names: (path) => {
      const name = lastName(path);
      return names.includes(name) || matches(rawText(name) ?? name);
    },
    looksInto: () => true,
  };
}
