/**
 * `.gitignore` files, as git takes them: each holds for its directory and what
 * is below, the nearest before the others, the last line that matches before
 * those above it. A repository within a tree has its own, and heeds none of
 * those around it. `.git` is never left out, nor are the files themselves, for
 * they say why the rest is not there. As git does, links in their place are
 * not followed.
 */
import type { RawName } from "../../format/raw-name.ts";
import { rawName } from "../../format/raw-name.ts";
import type { Contents } from "../contents.ts";
import type { Found } from "../walk.ts";
import { wildmatch } from "./wildmatch.ts";

const FILE = ".gitignore" as RawName;
const REPOSITORY = ".git" as RawName;
/** Nobody writes that much; what does not come from people could take all memory. */
const MOST_BYTES = 2 ** 20;
const MOST_LINE_BYTES = 4096;
const BYTE_ORDER_MARK = /^\xef\xbb\xbf/;
const SPECIAL = /[*?[\\]/;

interface Rule {
  readonly effect: "leave out" | "take in";
  readonly directoriesOnly: boolean;
  /** Whether it is matched with the name, or with the path from the file's directory. */
  readonly of: "name" | "path";
  readonly matches: (text: string) => boolean;
}

interface IgnoreFile {
  /** Of its directory, from the walk's root. */
  readonly directory: RawName;
  readonly rules: readonly Rule[];
}

export class Ignores {
  /** Nearest first. */
  readonly #files: readonly IgnoreFile[];

  constructor(files: readonly IgnoreFile[] = []) {
    this.#files = files;
  }

  /** What holds in a directory below; nothing where git itself would not look. */
  within({ name, path }: Found, contents: Contents): Ignores | undefined {
    if (name === REPOSITORY) return undefined;
    const above = contents.names.includes(REPOSITORY) ? [] : this.#files;
    const rules = contents.names.includes(FILE) ? readRules(contents) : [];
    if (rules.length > 0) return new Ignores([{ directory: path, rules }, ...above]);
    return above === this.#files ? this : new Ignores(above);
  }

  /** The path of the file that leaves an entry out; nothing for what stays. */
  whatLeavesOut(entry: Found): RawName | undefined {
    if (entry.name === FILE || entry.name === REPOSITORY) return undefined;
    for (const { directory, rules } of this.#files) {
      const rule = lastMatch(rules, entry, directory);
      if (rule === undefined) continue;
      return rule.effect === "leave out" ? pathOf(directory) : undefined;
    }
    return undefined;
  }
}

function pathOf(directory: RawName): RawName {
  return (directory === "" ? FILE : `${directory}/${FILE}`) as RawName;
}

function lastMatch(rules: readonly Rule[], entry: Found, directory: RawName): Rule | undefined {
  const { name, path, stats } = entry;
  const below = directory === "" ? path : path.slice(directory.length + 1);
  return rules.findLast(
    (rule) =>
      rule.matches(rule.of === "name" ? name : below) &&
      (!rule.directoriesOnly || stats.isDirectory()),
  );
}

function readRules(contents: Contents): Rule[] {
  const bytes = contents.head(FILE, MOST_BYTES + 1);
  if (bytes === undefined) return [];
  if (bytes.length > MOST_BYTES) {
    contents.problem(FILE, `it is longer than ${MOST_BYTES} bytes, and leaves nothing out`);
    return [];
  }
  const lines = `${rawName(bytes)}\n`.replace(BYTE_ORDER_MARK, "").split(/\r?\n/);
  const tooLong = lines.findIndex((line) => line.length > MOST_LINE_BYTES);
  if (tooLong >= 0) {
    contents.problem(
      FILE,
      `line ${tooLong + 1} is longer than ${MOST_LINE_BYTES} bytes, and leaves nothing out`,
    );
  }
  return lines.filter((line) => line.length <= MOST_LINE_BYTES).flatMap(rulesOf);
}

/** None for a comment, and for what matches nothing. */
function rulesOf(line: string): Rule[] {
  if (line.startsWith("#")) return [];
  const text = trimEnd(line);
  const isTakenIn = text.startsWith("!");
  const signless = isTakenIn ? text.slice(1) : text;
  const pattern = signless.replace(/\/$/, "");
  const of = pattern.includes("/") ? "path" : "name";
  const matches = matcherOf(pattern.replace(/^\//, ""), of);
  if (pattern === "" || matches === undefined) return [];
  return [
    {
      effect: isTakenIn ? "take in" : "leave out",
      directoriesOnly: pattern !== signless,
      of,
      matches,
    },
  ];
}

/** Spaces at the end go, but for those behind a backslash; from a backslash that escapes nothing, all stay. */
function trimEnd(line: string): string {
  const kept = /^(?:\\.|[^\\])*?(?= *$)/s.exec(line);
  return kept?.[0] ?? line;
}

/** Most patterns are a name, or an ending. */
function matcherOf(pattern: string, of: Rule["of"]): Rule["matches"] | undefined {
  if (!SPECIAL.test(pattern)) return (text) => text === pattern;
  const ending = pattern.slice(1);
  const isEnding = of === "name" && pattern.startsWith("*") && !SPECIAL.test(ending);
  return isEnding ? (text) => text.endsWith(ending) : wildmatch(pattern);
}
