/**
 * The patterns of `.gitignore`, matched as git does (wildmatch.c and dir.c of
 * git), byte by byte: a pattern in UTF-8 matches names in UTF-8, and a name
 * that is no text is one like any other.
 *
 * Whoever writes into a tree writes its `.gitignore` files: the work is bounded
 * by the lengths of pattern and name, whatever they are.
 */
import { ANY, readSet } from "./wildmatch-set.ts";

/** A byte, a set of bytes (a flag for each), or something of any length. */
type Token =
  | number
  | Uint8Array
  /** Any bytes but slashes. */
  | "star"
  /** Any bytes. */
  | "all"
  /** Nothing, or any bytes up to a slash and with it. */
  | "directories";

const SLASH = 0x2f;
const FIRST_SPECIAL = /[*?[\\]/;
/** Two stars mean more than one only where they are all there is between slashes. */
const STARS = /\*+/y;
const STANDS_ALONE = /$|\/|\\\//y;

/**
 * Compiles a pattern, and matches whole texts with it.
 *
 * @param pattern - one character a byte; so are the texts.
 * @returns nothing for a pattern that git lets match nothing.
 */
export function wildmatch(pattern: string): ((text: string) => boolean) | undefined {
  const tokens = tokensOf(pattern);
  if (tokens === undefined) return undefined;
  // Most of what does not match is seen not to by what a pattern begins and ends with.
  const start = plain(tokens.slice(0, tokens.findIndex(isSpecial)));
  const end = plain(tokens.slice(tokens.findLastIndex(isSpecial) + 1));
  return (text) =>
    text.startsWith(start) && text.endsWith(end) && new Matching(tokens).matches(text);
}

function isSpecial(token: Token): boolean {
  return typeof token !== "number";
}

function plain(tokens: readonly Token[]): string {
  return String.fromCharCode(...tokens.map(Number));
}

function tokensOf(pattern: string): readonly Token[] | undefined {
  // git compares what is before the first special character, and looks at the rest alone.
  const start = pattern.search(FIRST_SPECIAL);
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    const read = readToken(pattern, at, at === start || pattern[at - 1] === "/");
    if (read === undefined) return undefined;
    tokens.push(read.token);
    at = read.end;
  }
  return tokens;
}

/** What was read of a pattern, and where it ends. */
interface ReadToken {
  readonly token: Token;
  readonly end: number;
}

/** @param isFirst - whether what is here begins a name, as far as git can tell. */
function readToken(pattern: string, at: number, isFirst: boolean): ReadToken | undefined {
  switch (pattern[at]) {
    case "*":
      return readStars(pattern, at, isFirst);
    case "?":
      return { token: ANY, end: at + 1 };
    case "[":
      return readSet(pattern, at + 1);
    case "\\":
      if (at + 1 === pattern.length) return undefined;
      return { token: pattern.charCodeAt(at + 1), end: at + 2 };
    default:
      return { token: pattern.charCodeAt(at), end: at + 1 };
  }
}

function readStars(pattern: string, at: number, isFirst: boolean): ReadToken {
  STARS.lastIndex = at;
  const end = at + (STARS.exec(pattern)?.[0].length ?? 1);
  STANDS_ALONE.lastIndex = end;
  const isWide = end - at > 1 && isFirst && STANDS_ALONE.test(pattern);
  if (!isWide) return { token: "star", end };
  return pattern[end] === "/" ? { token: "directories", end: end + 1 } : { token: "all", end };
}

/** Follows all ways to match at once, so that none has to be gone back on. */
class Matching {
  readonly #tokens: readonly Token[];
  /** Where in the pattern one may be, in ascending order. */
  #positions: number[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  matches(text: string): boolean {
    this.#enter(0);
    for (let at = 0; at < text.length; at++) {
      const before = this.#positions;
      if (before.length === 0) return false;
      this.#positions = [];
      for (const position of before) this.#step(position, text.charCodeAt(at));
    }
    return this.#positions.at(-1) === this.#tokens.length;
  }

  #step(position: number, byte: number): void {
    const token = this.#tokens[position];
    if (token === "star") {
      if (byte !== SLASH) this.#enter(position);
    } else if (token === "all") {
      this.#enter(position);
    } else if (token === "directories") {
      this.#add(position);
      if (byte === SLASH) this.#enter(position + 1);
    } else if (token !== undefined && fits(token, byte)) {
      this.#enter(position + 1);
    }
  }

  /** With what comes behind it, where it may match nothing. */
  #enter(position: number): void {
    this.#add(position);
    if (typeof this.#tokens[position] === "string") this.#enter(position + 1);
  }

  /** Those behind the last one were added with it: each way adds positions that follow each other. */
  #add(position: number): void {
    if (position > (this.#positions.at(-1) ?? -1)) this.#positions.push(position);
  }
}

function fits(token: number | Uint8Array, byte: number): boolean {
  return typeof token === "number" ? token === byte : token[byte] === 1;
}
