/**
 * The sets of bytes in the patterns of `.gitignore`: `[a-z]`, `[!a-z]`,
 * `[[:alpha:]]`, as git reads them. No set holds a slash.
 */

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const DASH = 0x2d;
const OPEN = 0x5b;
/** Names of classes, as what git takes for them: its own, in ASCII, whatever the locale. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the class.
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** What `?` matches. */
export const ANY: Uint8Array = setOf((byte) => byte !== SLASH);

/**
 * Reads a set; the opening bracket was read.
 *
 * @returns nothing if it has no end, or a class in it no meaning: the pattern matches nothing then.
 */
export function readSet(
  pattern: string,
  start: number,
): { readonly token: Uint8Array; readonly end: number } | undefined {
  const isNegated = /[!^]/.test(pattern.charAt(start));
  const reader = new SetReader(pattern, isNegated ? start + 1 : start);
  // A closing bracket that comes first is one of the bytes.
  do {
    if (!reader.readMember()) return undefined;
  } while (pattern[reader.at] !== "]");
  const token = setOf((byte) => byte !== SLASH && reader.has(byte) !== isNegated);
  return { token, end: reader.at + 1 };
}

function setOf(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0));
}

class SetReader {
  at: number;
  readonly #pattern: string;
  readonly #bytes = new Uint8Array(256);
  /** What a dash would begin a range with; nothing where it cannot. */
  #previous: number | undefined;

  constructor(pattern: string, at: number) {
    this.#pattern = pattern;
    this.at = at;
  }

  has(byte: number): boolean {
    return this.#bytes[byte] === 1;
  }

  /** @returns false where there is none. */
  readMember(): boolean {
    const byte = this.#pattern.charCodeAt(this.at);
    const next = this.#pattern[this.at + 1];
    if (Number.isNaN(byte)) return false;
    const isRange = byte === DASH && next !== undefined && next !== "]";
    if (isRange && this.#previous !== undefined) return this.#readRange(this.#previous);
    if (byte === OPEN && next === ":") return this.#readClass();
    return this.#readByte();
  }

  #readByte(): boolean {
    const byte = this.#takeByte();
    if (byte === undefined) return false;
    this.#bytes[byte] = 1;
    this.#previous = byte;
    return true;
  }

  #readRange(from: number): boolean {
    this.at += 1;
    const to = this.#takeByte();
    if (to === undefined) return false;
    this.#bytes.fill(1, from, Math.max(from, to + 1));
    this.#previous = undefined;
    return true;
  }

  #readClass(): boolean {
    const from = this.at + "[:".length;
    const end = this.#pattern.indexOf("]", from);
    if (end < 0) return false;
    // Without a colon at its end it is no class, but a bracket among the bytes.
    if (end === from || this.#pattern[end - 1] !== ":") return this.#readByte();
    const holds = CLASSES[this.#pattern.slice(from, end - 1)];
    if (holds === undefined) return false;
    for (let byte = 0; byte < 128; byte++) {
      if (holds.test(String.fromCharCode(byte))) this.#bytes[byte] = 1;
    }
    this.at = end + 1;
    this.#previous = undefined;
    return true;
  }

  /** A byte as it stands, or the one behind a backslash. */
  #takeByte(): number | undefined {
    if (this.#pattern.charCodeAt(this.at) === BACKSLASH) this.at += 1;
    const byte = this.#pattern.charCodeAt(this.at);
    if (Number.isNaN(byte)) return undefined;
    this.at += 1;
    return byte;
  }
}
