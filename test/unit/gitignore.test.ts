import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { LeftOut } from "../../src/disk/filter.ts";
import { Filter } from "../../src/disk/filter.ts";
import type { Problem } from "../../src/disk/walk.ts";
import { walk } from "../../src/disk/walk.ts";
import { displayName, rawFromText } from "../../src/format/raw-name.ts";
import { hasGit, ignoredByGit, plantRepository } from "../support/git.ts";
import { scratchDirectory } from "../support/scratch.ts";
import type { Plant } from "../support/tree.ts";
import { directory, file, plant } from "../support/tree.ts";

interface Walked {
  readonly paths: readonly string[];
  readonly problems: readonly Problem[];
  readonly told: readonly LeftOut[];
}

function walked(root: string): Walked {
  const seen = { paths: [] as string[], problems: [] as Problem[], told: [] as LeftOut[] };
  const exclusion = new Filter([], { gitignore: true }).exclusion((out) => seen.told.push(out));
  for (const step of walk(rawFromText(root), exclusion)) {
    if (step.kind === "enter") seen.paths.push(step.directory.path);
    if (step.kind === "entries") seen.paths.push(...step.entries.map(({ path }) => path));
    if (step.kind === "problem") seen.problems.push(step.problem);
  }
  return { ...seen, paths: seen.paths.filter((path) => path !== "").sort() };
}

function planted(tree: Plant): string {
  const root = scratchDirectory();
  plant(root, tree);
  return root;
}

/** A tree with one file at a path; with a slash at its end, one directory. */
function treeOf(path: string): Plant {
  const [name = "", ...rest] = path.split("/");
  if (rest.length === 0) return directory({ [name]: file("") });
  const below = rest[0] === "" ? directory({}) : treeOf(rest.join("/"));
  return directory({ [name]: below });
}

/** Lines of a `.gitignore`, a path, and whether git ignores it. */
const VERDICTS: readonly (readonly [lines: string, path: string, isIgnored: boolean])[] = [
  ["a", "a", true],
  ["a", "b/a", true],
  ["a", "a/b", true],
  ["/a", "b/a", false],
  ["b/a", "b/a", true],
  ["b/a", "c/b/a", false],
  ["a/", "b/a/", true],
  ["a/", "b/a", false],
  ["a//", "a/", false],
  ["*.o", "b/x.o", true],
  ["/*.o", "b/x.o", false],
  ["*", ".a", true],
  ["a*b", "axxb", true],
  ["a/*", "a/b/c", true],
  ["a/*/c", "a/b/d/c", false],
  ["a/**", "a/b/c", true],
  ["a/**", "a/", false],
  ["a/**/c", "a/c", true],
  ["a/**/c", "a/b/b/c", true],
  ["**/c", "a/b/c", true],
  ["**/b/c", "a/b/c", true],
  ["a/**c", "a/b/c", false],
  // What is before the first star git compares apart, and forgets that it is there.
  ["a**/c", "a/b/c", true],
  ["a?**/c", "ab/b/c", false],
  ["?", "a", true],
  ["a?b", "a/b", false],
  ["x/a[/]b", "x/a/b", false],
  ["[a-c]", "b", true],
  ["[!a-c]", "b", false],
  ["[!a-c]", "d", true],
  ["[^a-c]", "d", true],
  ["[^a-c]", "b", false],
  ["[]]", "]", true],
  ["[!]]", "]", false],
  ["[a-]", "-", true],
  ["[c-a]", "b", false],
  ["[[:digit:]]", "7", true],
  ["[[:digit:]]", "a", false],
  ["[[:nothing:]]", "n", false],
  ["[[:digit]", "[", true],
  ["[a", "[a", false],
  ["[\\]]", "]", true],
  ["\\a", "a", true],
  ["\\*", "*", true],
  ["\\*", "a", false],
  ["a\\", "a\\", false],
  ["#a", "#a", false],
  ["\\#a", "#a", true],
  ["\\!a", "!a", true],
  ["a ", "a", true],
  ["a\\ ", "a ", true],
  ["a\\  ", "a ", true],
  ["a\t", "a", false],
  ["a\r\n", "a", true],
  ["a\r", "a", true],
  ["\xef\xbb\xbfa", "a", true],
  ["a\n!a", "a", false],
  ["!a\na", "a", true],
  ["*\n!a/\n!b", "a/b", false],
  ["*\n!a/\n!b\n!a/b", "a/b", false],
  ["a/\n!a/b", "a/b", true],
  ["/\n!/\n!", "a", false],
  ["\xff*", "\xff\xfe", true],
  ["?", "\xc3\xa9", false],
  ["??", "\xc3\xa9", true],
  ["[\x80-\xff]", "\xff", true],
];

describe("--gitignore", () => {
  const trees = VERDICTS.map(([lines, path]) => {
    const tree = treeOf(path);
    const ignores = file(Buffer.from(lines, "latin1"));
    if (tree.type !== "directory") throw new Error("it is a directory");
    return { ...tree, entries: [...tree.entries, [".gitignore", ignores] as const] };
  });
  const all = directory(Object.fromEntries(trees.entries()));
  const paths = VERDICTS.map(([, path], at) => `${at}/${path.replace(/\/$/, "")}`);

  const kept = new Set(walked(planted(all)).paths);
  for (const [at, [lines, path, isIgnored]] of VERDICTS.entries()) {
    it(`${isIgnored ? "leaves out" : "keeps"} ${JSON.stringify([path, lines])}`, () => {
      assert.equal(kept.has(paths[at] ?? ""), !isIgnored);
    });
  }

  it("is git's in all of these", { skip: hasGit ? false : "there is no git" }, () => {
    const ignored = ignoredByGit(plantRepository(all), paths);
    for (const [at, [lines, path, isIgnored]] of VERDICTS.entries()) {
      assert.equal(ignored.has(paths[at] ?? ""), isIgnored, JSON.stringify([path, lines]));
    }
  });

  it("heeds the nearest file first, and tells which it was", () => {
    const root = planted(
      directory({
        ".gitignore": file("*.o\n/top"),
        top: file(""),
        a: directory({
          ".gitignore": file("!keep.o\ntop\n"),
          "keep.o": file(""),
          "x.o": file(""),
          b: directory({ top: file(""), "keep.o": file("") }),
        }),
        b: directory({ top: file(""), "keep.o": file("") }),
      }),
    );
    const { paths: found, told } = walked(root);
    const expected = [".gitignore", "a", "a/.gitignore", "a/b", "a/b/keep.o", "a/keep.o", "b"];
    assert.deepEqual(found, [...expected, "b/top"]);
    assert.deepEqual(
      told.map(({ entry, because }) => [entry.path, because]),
      [
        ["a/b/top", "a/.gitignore"],
        ["a/x.o", ".gitignore"],
        ["b/keep.o", ".gitignore"],
        ["top", ".gitignore"],
      ],
    );
  });

  it("keeps .git and what is in it, and .gitignore files", () => {
    const repository = directory({ "x.o": file(""), ".gitignore": file("HEAD"), HEAD: file("") });
    const root = planted(directory({ ".gitignore": file("*\n.git\n"), ".git": repository }));
    const inside = [".git", ".git/.gitignore", ".git/HEAD", ".git/x.o"];
    assert.deepEqual(walked(root).paths, [...inside, ".gitignore"]);
  });

  it("does not hold in a repository of its own below", () => {
    const nested = (head: Plant) =>
      directory({ ".git": head, ".gitignore": file("x"), x: file(""), "y.o": file("") });
    const root = planted(
      directory({
        ".gitignore": file("*.o"),
        module: nested(file("gitdir: elsewhere")),
        clone: nested(directory({})),
      }),
    );
    const within = (name: string) => ["", "/.git", "/.gitignore", "/y.o"].map((end) => name + end);
    assert.deepEqual(walked(root).paths, [".gitignore", ...within("clone"), ...within("module")]);
  });

  it("opens nothing but files", () => {
    const root = scratchDirectory();
    for (const name of ["directory", "fifo", "link", "loop"]) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, "a"), "");
    }
    const at = (name: string) => join(root, name, ".gitignore");
    mkdirSync(at("directory"));
    assert.equal(spawnSync("mkfifo", [at("fifo")]).status, 0);
    writeFileSync(join(root, "rules"), "a");
    symlinkSync("../rules", at("link"));
    symlinkSync(".gitignore", at("loop"));
    const { paths: found, problems } = walked(root);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      found.filter((path) => path.endsWith("/a")),
      ["directory/a", "fifo/a", "link/a", "loop/a"],
    );
  });

  it("tells a file or a line that is longer than anybody writes", () => {
    const long = `${"x".repeat(4097)}\na\n`;
    const root = planted(
      directory({
        lines: directory({ ".gitignore": file(`b\n${long}`), a: file(""), b: file("") }),
        whole: directory({ ".gitignore": file("a\n".repeat(2 ** 19 + 1)), a: file("") }),
      }),
    );
    const { paths: found, problems } = walked(root);
    const ignores = ["lines/.gitignore", "whole/.gitignore"];
    assert.deepEqual(found, ["lines", ignores[0], "whole", ignores[1], "whole/a"]);
    assert.deepEqual(
      problems.map(({ path, message }) => `${displayName(path)}: ${message}`),
      [
        `${ignores[0]}: line 2 is longer than 4096 bytes, and leaves nothing out`,
        `${ignores[1]}: it is longer than 1048576 bytes, and leaves nothing out`,
      ],
    );
  });

  it("is not kept busy by patterns that could match in many ways", () => {
    const pattern = `${"*a".repeat(100)}b`;
    const root = planted(
      directory({ ".gitignore": file(`${pattern}\n/**/${pattern}`), ["a".repeat(250)]: file("") }),
    );
    assert.equal(walked(root).paths.length, 2);
  });
});
