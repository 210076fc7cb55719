/** Whatever `.gitignore` files say, and wherever they are: what git ignores is left out. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Filter } from "../../src/disk/filter.ts";
import { walk } from "../../src/disk/walk.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { hasGit, ignoredByGit, plantRepository } from "../support/git.ts";
import type { Plant } from "../support/tree.ts";
import { directory, file } from "../support/tree.ts";

/** All in one repository, side by side: it is git's start that takes the time. */
const TREES = process.env["SLOW"] ? 20_000 : 400;

/** Few names, so that patterns often match; some that patterns would take for more, and some that are no text. */
const names = fc.constantFrom(
  ...["a", "a", "b", "b", "ab", "ba", "a.b", "a b", "x ", "[a]", "A", "-", "\xc3\xa9"],
  ...["\xff", "a\xff", "a\\b", "*", "!a", "#a"],
);
const pieces = fc.constantFrom(
  ...["a", "b", "*", "**", "?", "/", "[ab]", "[!a]", "[^b-z]", "[a-", "\\", ".", " ", "**/", "/**"],
  ...["[[:alpha:]]", "[]a]", "[!]]", "[a\\]]", "[[:x:]]", "\xff", "[\x80-\xff]", "-", "[b-a]"],
  ...["[a-c-e]", "[--/]", "\\*", "\\a", "[\\a-b]", "[[:]", "[[:space:]]"],
);
const segments = fc.oneof(
  { weight: 3, arbitrary: names },
  { weight: 3, arbitrary: fc.constantFrom("*", "**", "a*", "*b", "?", "a**", "**b", "[!b]") },
  { weight: 2, arbitrary: fc.array(pieces, { maxLength: 3 }).map((some) => some.join("")) },
);
const lines = fc
  .tuple(
    fc.constantFrom("", "", "", "", "!", "/", "!/", "\\", "#"),
    fc.array(segments, { minLength: 1, maxLength: 3 }).map((some) => some.join("/")),
    fc.constantFrom("", "", "", "/", " ", "\\ ", "  ", "\t", "\r", "//"),
  )
  .map((parts) => parts.join(""));
const ignoreFiles = fc
  .tuple(fc.array(lines, { maxLength: 6 }), fc.constantFrom("\n", "\r\n"), fc.boolean())
  .map(([all, end, isEnded]) => all.join(end) + (isEnded ? end : ""));

const { tree } = fc.letrec<{ tree: Plant; entry: Plant }>((tie) => ({
  tree: fc
    .record({
      entries: fc.dictionary(names, tie("entry"), { maxKeys: 5 }),
      ignores: fc.option(ignoreFiles, { nil: undefined }),
    })
    .map(({ entries, ignores }) =>
      directory({
        ...entries,
        ...(ignores === undefined ? {} : { ".gitignore": file(Buffer.from(ignores, "latin1")) }),
      }),
    ),
  entry: fc.oneof(
    { depthSize: "small" },
    fc.constant(file("")),
    fc.constant<Plant>({ type: "symlink", target: "a", mtime: 1e9 }),
    tie("tree"),
  ),
}));

/** All paths below, but for those that are never left out. */
function pathsOf(plant: Plant, above = ""): string[] {
  if (plant.type !== "directory") return [];
  return plant.entries.flatMap(([name, entry]) =>
    name === ".gitignore" ? [] : [above + name, ...pathsOf(entry, `${above}${name}/`)],
  );
}

function walkedPaths(root: string): Set<string> {
  const paths = new Set<string>();
  const exclusion = new Filter([], { gitignore: true }).exclusion();
  for (const step of walk(rawFromText(root), exclusion)) {
    if (step.kind === "enter") paths.add(step.directory.path);
    if (step.kind === "entries") for (const { path } of step.entries) paths.add(path);
    assert.notEqual(step.kind, "problem");
  }
  return paths;
}

describe("--gitignore", { skip: hasGit ? false : "there is no git" }, () => {
  it("leaves out what git ignores, and nothing else", () => {
    const trees = fc.sample(tree, TREES);
    const root = plantRepository(directory(Object.fromEntries(trees.entries())));
    const walked = walkedPaths(root);
    const paths = trees.map((planted, at) => pathsOf(planted, `${at}/`));
    const ignored = ignoredByGit(root, paths.flat());
    for (const [at, below] of paths.entries()) {
      assert.deepEqual(
        below.filter((path) => !walked.has(path)),
        below.filter((path) => ignored.has(path)),
        JSON.stringify(trees[at], (_, value) =>
          value?.type === "Buffer" ? String(Buffer.from(value)) : value,
        ),
      );
    }
    // Else all of them might say nothing.
    assert.ok(ignored.size > TREES / 10, `${ignored.size} are ignored`);
  });
});
