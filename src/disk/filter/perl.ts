/**
 * Perl's regular expressions, as far as JavaScript has them: what Perl writes
 * otherwise is translated, what JavaScript has not is refused. Nothing that
 * means one thing to Perl and another here goes through. Names are text to
 * them: `.` is a character, whereas Brackup's Perl saw bytes.
 */
import { UsageError } from "../../errors.ts";
import { classText, takeClass, takeEscaped, takeLetterClass } from "./perl-class.ts";
import { Scanner } from "./scanner.ts";

/** What `(?x)` and the like turn on, up to the end of the group. */
type Flags = ReadonlySet<string>;

const KNOWN_FLAGS = /^[imsxn]*$/;
const SYNTAX = /[\\^$.*+?()[\]{}|/]/;
const END = "(?=\\n?$)";
/** No group is captured: nothing can ask for what was in it. */
const GROUP = /\((?![?*])|\(\?(?:P?<[A-Za-z_]\w*>|'[A-Za-z_]\w*')/y;
const LOOK = /\(\?<?[=!]/y;
const FLAG_GROUP = /\(\?(\^?)([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])/y;
/** For messages: as much of it as tells what it is. */
const UNKNOWN = /\(\?.?|\(\*\w*|\\.?/sy;

/**
 * @param told - the expression as users know it, for messages.
 * @throws {@link UsageError} if it is wrong, or has what cannot be translated.
 */
export function perlExpression(text: string, told: string): RegExp {
  if (text === "") throw new UsageError(`"${told}" would match everything`);
  const { source, flags } = new Translation(text, told).finish();
  try {
    return new RegExp(source, flags);
  } catch (error) {
    const reason = (error as Error).message.replace(/^.*: /s, "");
    throw new UsageError(`${told}: ${reason}`, { cause: error });
  }
}

class Translation {
  readonly #scanner: Scanner;
  /** Of the groups that are open, outermost first. */
  readonly #flags: Flags[] = [new Set()];
  #source = "";

  constructor(text: string, told: string) {
    this.#scanner = new Scanner(text, told);
  }

  finish(): { readonly source: string; readonly flags: string } {
    while (!this.#scanner.isAtEnd) this.#source += this.#next();
    return { source: this.#source, flags: this.#scanner.ignoresCase ? "iu" : "u" };
  }

  #has(flag: string): boolean {
    return this.#flags.at(-1)?.has(flag) ?? false;
  }

  #next(): string {
    const scanner = this.#scanner;
    if (this.#has("x") && scanner.take(/\s+|#.*/y) !== undefined) return "";
    if (scanner.peek(/\\/y) !== undefined) return this.#escape();
    if (scanner.peek(/\(/y) !== undefined) return this.#group();
    if (scanner.take(/\[/y) !== undefined) return takeClass(scanner);
    return this.#quantifier() ?? this.#plain();
  }

  #plain(): string {
    const character = this.#scanner.take(/./suy)?.[0] ?? "";
    switch (character) {
      case ".":
        return this.#has("s") ? "[^]" : "[^\\n]";
      case "^":
        return this.#has("m") ? "(?:^|(?<=\\n)(?=[^]))" : "^";
      case "$":
        return this.#has("m") ? "(?![^\\n])" : END;
      case ")":
        if (this.#flags.length === 1) this.#scanner.refuse("a ) ends nothing");
        this.#flags.pop();
        return ")";
      case "|":
        return "|";
      default:
        return literal(character);
    }
  }

  #quantifier(): string | undefined {
    const scanner = this.#scanner;
    const counts = scanner.take(/\{(\d*)(,?)(\d*)\}/y);
    if (counts !== undefined) return this.#counted(counts);
    const sign = scanner.take(/[*+?]/y)?.[0];
    return sign === undefined ? undefined : sign + this.#greed(sign);
  }

  #counted([text, least = "", comma = "", most = ""]: readonly string[]): string {
    // Braces with no number in them are characters.
    if (least === "" && most === "") return (text ?? "").replaceAll(/[{}]/g, "\\$&");
    const sign = `{${least || "0"}${comma}${most}}`;
    return sign + this.#greed(sign);
  }

  #greed(sign: string): string {
    if (this.#scanner.take(/\+/y) !== undefined) {
      this.#scanner.refuse(`the possessive ${sign}+ cannot be used here`);
    }
    return this.#scanner.take(/\?/y)?.[0] ?? "";
  }

  #escape(): string {
    const scanner = this.#scanner;
    const anchor = scanner.take(/\\([AzZ]|[bB](?!\{))/y)?.[1];
    if (anchor !== undefined) return ANCHORS[anchor] ?? `\\${anchor}`;
    const ranges = takeLetterClass(scanner);
    if (ranges !== undefined) return classText(ranges);
    const code = takeEscaped(scanner);
    if (code !== undefined) return classText([[code, code]]);
    if (scanner.take(/\\N(?!\{)/y) !== undefined) return "[^\\n]";
    return this.#refuseNext();
  }

  #group(): string {
    const scanner = this.#scanner;
    if (scanner.take(/\(\?#[^)]*\)/y) !== undefined) return "";
    const flags = scanner.take(FLAG_GROUP);
    if (flags !== undefined) return this.#setFlags(flags);
    const look = scanner.take(LOOK)?.[0];
    if (look !== undefined) return this.#open(look);
    return scanner.take(GROUP) === undefined ? this.#refuseNext() : this.#open("(?:");
  }

  #open(group: string, flags: Flags = this.#flags.at(-1) ?? new Set()): string {
    this.#flags.push(flags);
    return group;
  }

  /** `(?imsx-imsx)` holds for the rest of the group, `(?imsx-imsx:...)` for what is in it. */
  #setFlags([text = "", reset, on = "", off = "", end]: readonly string[]): string {
    const before = this.#flags.at(-1) ?? new Set();
    if (!KNOWN_FLAGS.test(on + off)) this.#scanner.refuse(`${text} cannot be used here`);
    const flags = new Set(reset === "^" ? [] : before);
    for (const flag of on) flags.add(flag);
    for (const flag of off) flags.delete(flag);
    const isWhole = end === ")" && this.#source === "" && this.#flags.length === 1;
    if (flags.has("i") !== before.has("i") && !isWhole) {
      this.#scanner.refuse(`${text} changes the case within: only (?i) at the beginning can`);
    }
    this.#scanner.ignoresCase = flags.has("i");
    if (end === ":") return this.#open("(?:", flags);
    this.#flags[this.#flags.length - 1] = flags;
    return "";
  }

  #refuseNext(): never {
    const unknown = this.#scanner.peek(UNKNOWN) ?? "it";
    return this.#scanner.refuse(`${unknown} cannot be used here`);
  }
}

const ANCHORS: Readonly<Record<string, string>> = { A: "^", z: "$", Z: END };

function literal(character: string): string {
  return SYNTAX.test(character) ? `\\${character}` : character;
}
