/**
 * Patterns of what to leave out, as users write them. Each is a glob, or, with
 * `re:` in front, a regular expression; with `!` before that it takes back in
 * what patterns before it leave out. A backslash takes both their meaning.
 *
 * A glob without a slash matches a name at any depth; one with a slash matches
 * the path from the source, with `**` for any depth. A slash at its end
 * restricts it to directories. A regular expression is looked for anywhere in
 * the path from the source, of a directory also with a slash at its end: as
 * Brackup does with its `ignore`.
 */
import { UsageError } from "../../errors.ts";
import type { RawName } from "../../format/raw-name.ts";
import { rawFromDisplay, rawFromText, rawText } from "../../format/raw-name.ts";
import { globMatcher } from "../glob.ts";
import type { Found } from "../walk.ts";
import { perlExpression } from "./perl.ts";

/** An entry as patterns see it; made once for all of them. */
export interface Subject {
  readonly name: RawName;
  readonly path: RawName;
  /** As text; a name in it that is none has a character for each byte. */
  readonly nameText: string;
  readonly pathText: string;
  readonly isDirectory: boolean;
}

type Matcher = (subject: Subject) => boolean;

export interface Pattern {
  /** As it was written. */
  readonly text: string;
  /** For messages: with where it was written. */
  readonly told: string;
  readonly effect: "leave out" | "take in";
  readonly matches: Matcher;
}

const EXPRESSION = "re:";
/** Of a glob: picomatch takes no more than twice as many, and no path has as many. */
const MOST_CHARACTERS = 2 ** 15;
/** What globs are made of beside plain characters. */
const SPECIAL = /[*?[\]{}\\]/;

export function subjectOf({ name, path, stats }: Found): Subject {
  const pathText = textOf(path);
  const nameText = pathText.slice(pathText.lastIndexOf("/") + 1);
  return { name, path, nameText, pathText, isDirectory: stats.isDirectory() };
}

/**
 * @param where - where it was written: `--exclude`, `FILE:3:`.
 * @throws {@link UsageError} for what is no pattern, or would match everything, or nothing.
 */
export function parsePattern(text: string, where: string): Pattern {
  const told = `${where} ${text}`;
  const isTakenIn = text.startsWith("!");
  const body = isTakenIn ? text.slice(1) : text;
  const matches = body.startsWith(EXPRESSION)
    ? expression(body.slice(EXPRESSION.length), told)
    : glob(body, told);
  return { text, told, effect: isTakenIn ? "take in" : "leave out", matches };
}

/**
 * A regular expression as in Brackup's `ignore`: without `re:`, and never taking anything in.
 *
 * @throws {@link UsageError} for one that is wrong, or has what cannot be translated.
 */
export function ignorePattern(text: string, where: string): Pattern {
  const told = `${where} ${text}`;
  return { text: EXPRESSION + text, told, effect: "leave out", matches: expression(text, told) };
}

function expression(text: string, told: string): Matcher {
  const found = perlExpression(text, told);
  return ({ pathText, isDirectory }) =>
    found.test(pathText) || (isDirectory && found.test(`${pathText}/`));
}

function glob(text: string, told: string): Matcher {
  const path = text.replace(/\/+$/, "");
  // What stands behind it is no expression, but a name that begins like one.
  const anchored = path.replace(/^\.?\/+/, "").replace(/^\\(?=re:)/, "");
  if (["", ".", "**"].includes(anchored)) {
    throw new UsageError(`"${told}" would match everything, or nothing`);
  }
  if (anchored.length > MOST_CHARACTERS) {
    throw new UsageError(`a pattern has more than ${MOST_CHARACTERS} characters: ${told}`);
  }
  const matches = path.includes("/") ? pathMatcher(anchored) : nameMatcher(anchored);
  return path === text ? matches : (subject) => subject.isDirectory && matches(subject);
}

function nameMatcher(text: string): Matcher {
  const names = literals(text);
  const matches = textMatcher(text);
  return ({ name, nameText }) => names.includes(name) || matches(nameText);
}

function pathMatcher(text: string): Matcher {
  const paths = literals(text);
  const matches = textMatcher(text);
  return ({ path, pathText }) => paths.includes(path) || matches(pathText);
}

function textMatcher(pattern: string): (text: string) => boolean {
  return SPECIAL.test(pattern) ? globMatcher(pattern) : (text) => text === pattern;
}

/** The names that a pattern is as it stands: as text, and as `ls` shows what is none. */
function literals(text: string): readonly RawName[] {
  const name = rawFromText(text);
  const shown = rawFromDisplay(text);
  return shown === undefined || shown === name ? [name] : [name, shown];
}

function textOf(path: RawName): string {
  const text = rawText(path);
  if (text !== undefined) return text;
  const names = path.split("/") as RawName[];
  return names.map((name) => rawText(name) ?? name).join("/");
}
