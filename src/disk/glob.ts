/**
 * Globs as users write them: `*`, `?`, `**`, `[a-z]`, `[!a-z]`, `{a,b}`, and a
 * backslash before what is to stand for itself. Parentheses, bars and quotes
 * are characters like any other: people have them in names.
 */
import picomatch from "picomatch";

const OPTIONS = {
  dot: true,
  nonegate: true,
  noextglob: true,
  posix: true,
  keepQuotes: true,
  // A name may hold a newline, and `**` goes past it.
  flags: "s",
};
/** What picomatch would take for more than a character; what is escaped is passed over. */
const LITERAL = /\\.|[()|]/gs;
/** Before these a backslash would make another thing of them: `\d` is a digit to JavaScript. */
const WORD = /^\\\w/;

/** Whether a path, as text, matches. A glob that cannot be one matches nothing but itself. */
export function globMatcher(glob: string): (text: string) => boolean {
  const expression = picomatch.makeRe(glob.replaceAll(LITERAL, asCharacter), OPTIONS);
  return (text) => expression.test(text);
}

function asCharacter(found: string): string {
  if (!found.startsWith("\\")) return `\\${found}`;
  return WORD.test(found) ? found.slice(1) : found;
}
