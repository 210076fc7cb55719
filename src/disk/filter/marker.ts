/** What marks a directory as one whose contents are not worth a backup, and stays as all there is in it. */
import { UsageError } from "../../errors.ts";
import type { RawName } from "../../format/raw-name.ts";
import { rawFromText } from "../../format/raw-name.ts";
import type { Contents } from "../contents.ts";

export interface Marker {
  readonly name: RawName;
  /** The flag that it came from, for messages. */
  readonly told: string;
  /** Whether it is a mistake more likely than not if there is none. */
  readonly isExpected: boolean;
  readonly marks: (contents: Contents) => boolean;
}

const SIGNATURE = Buffer.from("Signature: 8a477f597d28d172789f06886806bc55");

/** A cache, as its program tagged it (https://bford.info/cachedir/): the name alone does not do. */
export function cacheTag(told: string): Marker {
  const name = "CACHEDIR.TAG" as RawName;
  const marks = (contents: Contents): boolean => {
    const head = contents.head(name, SIGNATURE.length);
    return head !== undefined && SIGNATURE.equals(head);
  };
  return { name, told, isExpected: false, marks };
}

/**
 * Anything of this name, whatever is in it.
 *
 * @throws {@link UsageError} if nothing can have that name.
 */
export function presence(text: string, flag: string): Marker {
  if (["", ".", ".."].includes(text) || text.includes("/")) {
    throw new UsageError(`${flag} should be the name of a file, not "${text}"`);
  }
  return { name: rawFromText(text), told: `${flag} ${text}`, isExpected: true, marks: () => true };
}
