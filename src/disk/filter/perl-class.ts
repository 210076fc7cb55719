/**
 * Perl's characters and classes of characters. Classes become ranges, for
 * JavaScript's own `\s` and the like hold other characters. What is beyond
 * ASCII is in no class that has a name, as in Perl for bytes.
 */
import type { Scanner } from "./scanner.ts";

export type Range = readonly [from: number, to: number];

const LAST = 0x10ffff;
const UPPER: Range = [0x41, 0x5a];
const LOWER: Range = [0x61, 0x7a];
const DIGIT: Range = [0x30, 0x39];
const WORD: readonly Range[] = [DIGIT, UPPER, [0x5f, 0x5f], LOWER];
const SPACE: readonly Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
];

const CLASSES: Readonly<Record<string, readonly Range[]>> = {
  alnum: [DIGIT, UPPER, LOWER],
  alpha: [UPPER, LOWER],
  ascii: [[0, 0x7f]],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: [DIGIT],
  graph: [[0x21, 0x7e]],
  lower: [LOWER],
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: SPACE,
  upper: [UPPER],
  word: WORD,
  xdigit: [DIGIT, [0x41, 0x46], [0x61, 0x66]],
};
/** The long s and the sign for Kelvin: JavaScript takes them for s and k where case does not count. */
const TWINS: readonly Range[] = [
  [0x17f, 0x17f],
  [0x212a, 0x212a],
];
const LETTERS: Readonly<Record<string, readonly Range[]>> = { d: [DIGIT], w: WORD, s: SPACE };
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, e: 27, a: 7 };
const BACKSPACE = 8;

/** Reads `\d`, `\W` and the like. */
export function takeLetterClass(scanner: Scanner): readonly Range[] | undefined {
  const letter = scanner.take(/\\([dwsDWS])/y)?.[1];
  if (letter === undefined) return undefined;
  const ranges = LETTERS[letter.toLowerCase()] ?? [];
  return letter === letter.toLowerCase() ? ranges : allBut(ranges, scanner);
}

/** Reads a backslash and the character that it stands for. */
export function takeEscaped(scanner: Scanner): number | undefined {
  const control = scanner.take(/\\([tnrfea])/y)?.[1];
  if (control !== undefined) return CONTROLS[control];
  const hexadecimal =
    scanner.take(/\\x\{([0-9a-f]+)\}/iy) ??
    scanner.take(/\\N\{U\+([0-9a-f]+)\}/iy) ??
    scanner.take(/\\x([0-9a-f]{1,2})/iy);
  if (hexadecimal !== undefined) return Number.parseInt(hexadecimal[1] ?? "", 16);
  const octal = scanner.take(/\\(0[0-7]{0,2})/y) ?? scanner.take(/\\o\{([0-7]+)\}/y);
  if (octal !== undefined) return Number.parseInt(octal[1] ?? "", 8);
  const letter = scanner.take(/\\c([@-_a-z?])/y)?.[1];
  if (letter !== undefined) return letter.toUpperCase().charCodeAt(0) ^ 0x40;
  return scanner.take(/\\([^A-Za-z0-9])/uy)?.[1]?.codePointAt(0);
}

/** Reads what is between brackets; the opening one was read. */
export function takeClass(scanner: Scanner): string {
  const sign = scanner.take(/\^/y) === undefined ? "" : "^";
  const ranges: Range[] = [];
  // A closing bracket that comes first is one of the characters.
  for (let isFirst = true; isFirst || scanner.take(/\]/y) === undefined; isFirst = false) {
    if (scanner.isAtEnd) scanner.refuse("a [ has no ] that ends it");
    ranges.push(...takeMember(scanner));
  }
  return classText(ranges, sign);
}

/** A class of these characters, or of all but these. */
export function classText(ranges: readonly Range[], sign: "" | "^" = ""): string {
  return `[${sign}${ranges.map(([from, to]) => `${codeText(from)}-${codeText(to)}`).join("")}]`;
}

function takeMember(scanner: Scanner): readonly Range[] {
  const named = takeNamed(scanner);
  if (named !== undefined) return named;
  const from = takeOne(scanner);
  // At the end, or before a class, a dash is a dash.
  if (scanner.peek(/-(?!\]|\\[dwsDWS]|\[:)/y) === undefined) return [[from, from]];
  scanner.take(/-/y);
  const to = takeOne(scanner);
  if (to < from) scanner.refuse("a range of characters runs backwards");
  return [[from, to]];
}

function takeNamed(scanner: Scanner): readonly Range[] | undefined {
  const name = scanner.take(/\[:(\^?\w*):\]/y)?.[1];
  if (name === undefined) return takeLetterClass(scanner);
  const ranges = named(name.replace("^", ""), scanner);
  if (ranges === undefined) return scanner.refuse(`there is no class [:${name}:]`);
  return name.startsWith("^") ? allBut(ranges, scanner) : ranges;
}

function named(name: string, { ignoresCase }: Scanner): readonly Range[] | undefined {
  return CLASSES[ignoresCase ? name.replace(/^(upper|lower)$/, "alpha") : name];
}

function takeOne(scanner: Scanner): number {
  if (scanner.take(/\\b/y) !== undefined) return BACKSPACE;
  const escaped = takeEscaped(scanner);
  if (escaped !== undefined) return escaped;
  const unknown = scanner.peek(/\\.?|\[[.=]/sy);
  if (unknown !== undefined) scanner.refuse(`${unknown} in a class cannot be used here`);
  return scanner.take(/./suy)?.[0]?.codePointAt(0) ?? scanner.refuse("a class has no end");
}

function allBut(ranges: readonly Range[], { ignoresCase }: Scanner): readonly Range[] {
  const others: Range[] = [];
  let from = 0;
  for (const [first, last] of ignoresCase ? [...ranges, ...TWINS] : ranges) {
    if (first > from) others.push([from, first - 1]);
    from = last + 1;
  }
  return [...others, [from, LAST]];
}

function codeText(code: number): string {
  return `\\u{${code.toString(16)}}`;
}
