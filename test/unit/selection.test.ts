import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { NotFoundError } from "../../src/errors.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { displayName, rawFromText, rawName } from "../../src/format/raw-name.ts";
import { Selection } from "../../src/restore/selection.ts";

const source = "/home/me" as RawName;

/** Of these paths, the ones that the patterns take. */
function taken(patterns: string[], ...paths: string[]): string[] {
  const selection = new Selection(patterns, source);
  return paths.filter((path) => selection.takes(rawFromText(path)));
}

describe("a selection", () => {
  it("takes a path whatever it was asked for before", () => {
    const names = fc.constantFrom("a", "aa", "b", "c.c", "b.c");
    const paths = fc.array(fc.array(names, { maxLength: 5 }).map((parts) => parts.join("/")));
    const patterns = fc.constantFrom("*.c", "**/a/*", "a/**/b", "b/*", "aa/b*", "**/b.c/a", "?");
    fc.assert(
      fc.property(patterns, paths, (pattern, asked) => {
        assert.deepEqual(
          taken([pattern], ...asked),
          asked.filter((path) => taken([pattern], path).length > 0),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("without patterns takes everything, and misses nothing", () => {
    assert.deepEqual(taken([], "", "a", "a/b"), ["", "a", "a/b"]);
    assert.deepEqual(new Selection([], source).missing, []);
  });

  it("takes a path with all that is below, and no path that merely begins alike", () => {
    assert.deepEqual(taken(["a/b"], "a", "a/b", "a/b/c", "a/bc", "b"), ["a/b", "a/b/c"]);
  });

  it("takes a path however it was typed", () => {
    for (const pattern of ["a/b", "a/b/", "./a/b", "a//b", "a/./b", "/a/b", "/home/me/a/b//"]) {
      assert.deepEqual(taken([pattern], "a", "a/b", "a/b/c"), ["a/b", "a/b/c"], pattern);
    }
  });

  it("takes everything for the source itself", () => {
    for (const pattern of [".", "./", "/home/me", "/home/me/"]) {
      assert.deepEqual(taken([pattern], "", "a"), ["", "a"], pattern);
    }
  });

  it("takes a name that looks like a glob, as a name and as a glob", () => {
    assert.deepEqual(taken(["a[1].txt"], "a[1].txt", "a1.txt", "a2.txt"), ["a[1].txt", "a1.txt"]);
    for (const name of ["Photos (2019)", "c++", "!a", "a|b", "$x", "+(a)"]) {
      assert.deepEqual(taken([`${name}/*`], name, `${name}/f`), [`${name}/f`]);
    }
    assert.deepEqual(taken(["what?"], "what?", "whats"), ["what?", "whats"]);
    assert.deepEqual(taken(["!a"], "!a", "b"), ["!a"]);
  });

  it("takes a name behind a backslash as it stands", () => {
    assert.deepEqual(taken(["a\\*"], "a*", "ab"), ["a*"]);
  });

  it("takes by globs, a directory with all that is below", () => {
    assert.deepEqual(taken(["*.txt"], "a.txt", "d/a.txt", ".b.txt"), ["a.txt", ".b.txt"]);
    assert.deepEqual(taken(["**/*.txt"], "a.txt", "d/a.txt"), ["a.txt", "d/a.txt"]);
    assert.deepEqual(taken(["src/{a,b}"], "src/a/x", "src/b", "src/c"), ["src/a/x", "src/b"]);
  });

  it("matches names that are no text byte by byte", () => {
    const selection = new Selection(["d/*"], source);
    assert.ok(selection.takes(rawName(Buffer.from([0x64, 0x2f, 0xff, 0xfe]))));
    assert.ok(new Selection(["ü/*"], source).takes(rawFromText("ü/x")));
  });

  it("leads into what lies on the way, and nothing else", () => {
    const selection = new Selection(["a/b/c", "x/*/y"], source);
    const leads = ["", "a", "a/b", "x", "x/1", "b", "a/c"].filter((path) =>
      selection.leadsInto(rawFromText(path)),
    );
    assert.deepEqual(leads, ["", "a", "a/b", "x", "x/1"]);
  });

  it("misses what was only led to", () => {
    const selection = new Selection(["a/b", "c", "d/*.txt"], source);
    for (const path of ["", "a", "d"]) {
      selection.leadsInto(rawFromText(path));
      selection.takes(rawFromText(path));
    }
    assert.ok(selection.takes(rawFromText("c")));
    assert.deepEqual(selection.missing, ["a/b", "d/*.txt"]);
    assert.throws(
      () => selection.mustBeFound(),
      (error: Error) => {
        assert.ok(error instanceof NotFoundError);
        return error.message.endsWith("a/b, d/*.txt");
      },
    );
    new Selection([], source).mustBeFound();
  });

  it("takes a name that is no text as it is shown, and what only looks like that as it stands", () => {
    const name = rawName(Buffer.from([0x64, 0x2f, 0xff, 0x0a, 0xfe]));
    for (const kind of ["globs", "paths"] as const) {
      const shown = new Selection([`/home/me/${displayName(name)}`], source, kind);
      assert.ok(shown.takes(name) && shown.leadsInto(rawFromText("d")), kind);
      const literal = new Selection(["d/\\xff"], source, kind);
      assert.ok(literal.takes(rawFromText("d/\\xff")), kind);
    }
  });

  it("of paths takes no glob", () => {
    const selection = new Selection(["a[1]*.txt"], source, "paths");
    assert.ok(selection.takes(rawFromText("a[1]*.txt")));
    assert.ok(!selection.takes(rawFromText("a1.txt")));
    assert.ok(!selection.takes(rawFromText("a[1]2.txt")));
  });

  it("names what was asked for, and not what is below it", () => {
    const all = ["", "a", "a/b", "a/b/c", "x", "x/1", "x/1/2"];
    const named = (...patterns: string[]) => {
      const selection = new Selection(patterns, source);
      return all.filter((path) => selection.names(rawFromText(path)));
    };
    assert.deepEqual(named(), [""]);
    assert.deepEqual(named("."), [""]);
    assert.deepEqual(named("a", "x/*"), ["a", "x/1"]);
    assert.deepEqual(named("a/**"), ["a/b", "a/b/c"]);
    const selection = new Selection(["a", "y"], source);
    for (const path of all) selection.names(rawFromText(path));
    assert.deepEqual(selection.missing, ["y"]);
  });

  it("looks into whatever may hold something that is wanted", () => {
    const looks = (...patterns: string[]) => {
      const selection = new Selection(patterns, source);
      return ["a", "a/b", "a/b/c", "a/c", "x"].filter((path) =>
        selection.looksInto(rawFromText(path)),
      );
    };
    assert.deepEqual(looks(), ["a", "a/b", "a/b/c", "a/c", "x"]);
    assert.deepEqual(looks("a/b"), ["a", "a/b", "a/b/c"]);
    assert.deepEqual(looks("a/b/*.txt"), ["a", "a/b", "a/b/c"]);
  });
});
