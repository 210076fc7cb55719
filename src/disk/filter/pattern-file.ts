/** Files of patterns: one a line, blank lines and comments aside. */
import { readFileSync } from "node:fs";
import { UsageError } from "../../errors.ts";
import { rawName, rawText } from "../../format/raw-name.ts";
import type { Pattern } from "./pattern.ts";
import { parsePattern } from "./pattern.ts";

/** Some editors put it in front. */
const BYTE_ORDER_MARK = /^\xef\xbb\xbf/;
const LEADING_SPACE = /^[ \t]+/;
/** But for the one that a backslash keeps, and that is itself not kept by another. */
const TRAILING_SPACE = /(?<!(?<!\\)(?:\\\\)*\\)[ \t]+$/;

/** @throws {@link UsageError} if it cannot be read, or a line of it is no pattern. */
export function readPatterns(file: string): Pattern[] {
  // One character a byte: a name that is no text may stand in it.
  const lines = read(file).replace(BYTE_ORDER_MARK, "").split(/\r?\n/);
  return lines.flatMap((line, at) => {
    const pattern = line.replace(LEADING_SPACE, "").replace(TRAILING_SPACE, "");
    if (pattern === "" || pattern.startsWith("#")) return [];
    const text = rawText(rawName(Buffer.from(pattern, "latin1"))) ?? pattern;
    return [parsePattern(text, `${file}:${at + 1}:`)];
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    const message = `cannot read the patterns in ${file}: ${(error as Error).message}`;
    throw new UsageError(message, { cause: error });
  }
}
