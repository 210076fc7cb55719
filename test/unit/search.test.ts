import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NotFoundError } from "../../src/errors.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { displayName, rawFromText, rawName } from "../../src/format/raw-name.ts";
import { Search } from "../../src/restore/search.ts";

const source = "/home/me" as RawName;
const TREE = ["", "a", "a/b.txt", "a/c", "a/c/b.txt", "a[1]", "a1", "c", ".b.txt"];
const DIRECTORIES = ["", "a", "a/c"];

/** What a search finds in a small tree, going only where it looks. */
function found(...patterns: string[]): string[] {
  const search = new Search(patterns, source);
  const paths = TREE.filter((text) => {
    const path = rawFromText(text);
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      if (!search.looksInto(path.slice(0, at) as RawName)) return false;
    }
    const type = DIRECTORIES.includes(text) ? "directory" : "file";
    return search.takes(path) && search.finds(path, { type });
  });
  search.mustBeFound();
  return paths;
}

describe("a search", () => {
  it("without a slash is for names at any depth, and not for what is below them", () => {
    assert.deepEqual(found("b.txt"), ["a/b.txt", "a/c/b.txt"]);
    assert.deepEqual(found("*.txt"), ["a/b.txt", "a/c/b.txt", ".b.txt"]);
    assert.deepEqual(found("a"), ["a"]);
    assert.deepEqual(found("c", "a1"), ["a/c", "a1", "c"]);
  });

  it("with a slash is for paths, relative or as they were on the machine", () => {
    assert.deepEqual(found("a/*"), ["a/b.txt", "a/c"]);
    assert.deepEqual(found("./c"), ["c"]);
    assert.deepEqual(found("/home/me/a/c"), ["a/c"]);
    assert.deepEqual(found("a/**/b.txt"), ["a/b.txt", "a/c/b.txt"]);
  });

  it("with a slash at its end is for directories", () => {
    assert.deepEqual(found("c/"), ["a/c"]);
    assert.deepEqual(found("a/*/"), ["a/c"]);
    assert.throws(() => found("c", "a1/"), /^NotFoundError: .*matches a1\/$/);
  });

  it("finds a name that looks like a glob, as a name and as a glob", () => {
    assert.deepEqual(found("a[1]"), ["a[1]", "a1"]);
  });

  it("never finds the root", () => {
    assert.throws(() => found("/home/me"), NotFoundError);
    assert.deepEqual(found("*").length, TREE.length - 1);
  });

  it("finds a name that is no text as it is shown, and byte by byte", () => {
    const path = rawName(Buffer.from([0x64, 0x2f, 0xff, 0x0a]));
    for (const pattern of [displayName(path.slice(2) as RawName), "?\n", "*"]) {
      assert.ok(new Search([pattern], source).takes(path), pattern);
    }
  });

  it("looks only where a path may be", () => {
    const search = new Search(["a/c/*.txt"], source);
    const looked = ["a", "a/c", "a/c/d", "b"].filter((path) => search.looksInto(rawFromText(path)));
    assert.deepEqual(looked, ["a", "a/c", "a/c/d"]);
  });

  it("names each pattern that found nothing", () => {
    assert.throws(() => found("a", "none", "no/ne"), /matches none, no\/ne$/);
  });
});
