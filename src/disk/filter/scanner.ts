/** Reads through a regular expression, and says what of it cannot be had. */
import { UsageError } from "../../errors.ts";

export class Scanner {
  /** Whether upper case is as good as lower case, in what is read from here on. */
  ignoresCase = false;
  readonly #text: string;
  readonly #told: string;
  #at = 0;

  /** @param told - the expression as users know it, for messages. */
  constructor(text: string, told: string) {
    this.#text = text;
    this.#told = told;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** Goes past what a sticky expression matches here. @returns its groups, if it does. */
  take(here: RegExp): RegExpExecArray | undefined {
    here.lastIndex = this.#at;
    const found = here.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }

  /** What a sticky expression matches here. */
  peek(here: RegExp): string | undefined {
    const at = this.#at;
    const found = this.take(here)?.[0];
    this.#at = at;
    return found;
  }

  /** @throws {@link UsageError} always. */
  refuse(what: string): never {
    throw new UsageError(`${this.#told}: ${what}`);
  }
}
