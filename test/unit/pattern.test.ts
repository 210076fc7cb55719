import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ignorePattern, parsePattern, subjectOf } from "../../src/disk/filter/pattern.ts";
import { readPatterns } from "../../src/disk/filter/pattern-file.ts";
import type { Found } from "../../src/disk/walk.ts";
import { UsageError } from "../../src/errors.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { scratchDirectory } from "../support/scratch.ts";

/** @param path - with a slash at its end if it is a directory; a character a byte. */
function matches(pattern: ReturnType<typeof parsePattern>, path: string): boolean {
  const isDirectory = path.endsWith("/");
  const bare = (isDirectory ? path.slice(0, -1) : path) as Found["path"];
  const name = bare.slice(bare.lastIndexOf("/") + 1) as Found["name"];
  const stats = { isDirectory: () => isDirectory } as Found["stats"];
  return pattern.matches(subjectOf({ name, path: bare, stats }));
}

describe("a pattern", () => {
  const cases: [pattern: string, path: string, isMatch: boolean][] = [
    ["*.o", "a/b/c.o", true],
    ["*.o", "c.oh", false],
    ["*.o", ".o", true],
    [".*", "a/.git/", true],
    ["*", "a/.git/", true],
    ["a/b", "a/b", true],
    ["/a/b", "a/b", true],
    ["./a/b", "a/b", true],
    ["a/b", "x/a/b", false],
    ["a/*", "a/b/c", false],
    ["a/**/z", "a/b/c/z", true],
    ["a/**/z", "a/z", true],
    ["**/z", "z", true],
    ["build/", "x/build/", true],
    ["build/", "x/build", false],
    ["/build/", "x/build/", false],
    ["[!a].c", "b.c", true],
    ["[!a].c", "a.c", false],
    ["[[:upper:]]x", "Ax", true],
    ["{a,b}.c", "b.c", true],
    // What people have in names is no more than that.
    ["a (1).txt", "x/a (1).txt", true],
    ["a\\(1\\)*", "a(1).txt", true],
    ["a|b*", "a|bc", true],
    ["a|b*", "a", false],
    ["+(a)", "+(a)", true],
    ["+(a)", "aa", false],
    ['"a"*', '"a"b', true],
    ["a[1].txt", "a[1].txt", true],
    ["a[1].txt", "a1.txt", true],
    ["a[1", "a[1", true],
    ["{a", "{a", true],
    ["a\\", "a\\", true],
    ["a\\*b", "a*b", true],
    ["a\\*b", "axb", false],
    ["\\d", "d", true],
    ["\\d", "5", false],
    ["#a", "#a", true],
    ["\\#a", "#a", true],
    ["\\!a", "!a", true],
    ["\\!*", "!a", true],
    ["\\re:a", "re:a", true],
    ["\\re:*", "re:a", true],
    ["./re:a", "re:a", true],
    // Names as bytes, text where they are text.
    ["a*b", "a\nb", true],
    ["a/**/b", "a/x\ny/b", true],
    ["?", String(rawFromText("é")), true],
    ["[äö]", String(rawFromText("ö")), true],
    ["[äö]", String(rawFromText("ü")), false],
    ["\xff*", "\xff\xfe", true],
    ["a\xff", "a\xff", true],
    ["a/b\xff", "a/b\xff", true],
    ["\\xff.o", "\xff.o", true],
    ["*.o", "\xff.o", true],
    ["é/*", `${rawFromText("é")}/\xff`, true],
    // Regular expressions: anywhere in the path, directories also with a slash at their end.
    ["re:b", "a/bc", true],
    ["re:^b", "a/bc", false],
    ["re:^a/b$", "a/b/", true],
    ["re:^a/b/$", "a/b/", true],
    ["re:^a/b/$", "a/b", false],
    ["re:^.*\\.(swp|Trashes)$/", "a/x.swp", false],
    ["re:^.*\\.(swp|Trashes)$/", "a/x.Trashes/", false],
    ["re:^.*\\.(swp|Trashes)/$", "a/x.Trashes/", true],
    ["re:^.$", String(rawFromText("é")), true],
    ["re:\xff", "a/\xff", true],
    ["re:!x", "!x", true],
    ["re:~$", "a/b~", true],
  ];
  for (const [text, path, isMatch] of cases) {
    it(`${text} ${isMatch ? "matches" : "does not match"} ${JSON.stringify(path)}`, () => {
      assert.equal(matches(parsePattern(text, "--exclude"), path), isMatch);
      const negated = parsePattern(`!${text}`, "--exclude");
      assert.equal(matches(negated, path), isMatch);
      assert.equal(negated.effect, "take in");
    });
  }

  it("that would match everything, or nothing, is refused", () => {
    for (const pattern of ["", "/", "./", "**", "/**", "**/", "!", "!/", "re:", "!re:"]) {
      assert.throws(() => parsePattern(pattern, "--exclude"), UsageError, pattern);
    }
  });

  it("is no longer than any path", () => {
    const longest = `${"(".repeat(2 ** 15 - 1)}*`;
    assert.ok(matches(parsePattern(longest, "--exclude"), longest));
    assert.throws(() => parsePattern(`x${longest}`, "--exclude"), UsageError);
  });

  it("of Brackup is a regular expression whatever it begins with", () => {
    const pattern = ignorePattern("!x", "ignore =");
    assert.equal(pattern.effect, "leave out");
    assert.deepEqual([pattern.text, pattern.told], ["re:!x", "ignore = !x"]);
    assert.ok(matches(pattern, "a!xb"));
    assert.ok(matches(ignorePattern("re:x", "ignore ="), "are:x"));
  });
});

describe("a file of patterns", () => {
  function fileOf(content: string | Uint8Array): string {
    const file = join(scratchDirectory(), "patterns");
    writeFileSync(file, content);
    return file;
  }

  for (const [what, content, texts] of [
    ["a line for each", "*.o\n!keep.o\nre:x\n", ["*.o", "!keep.o", "re:x"]],
    ["nothing", "", []],
    ["blank lines and comments", "\n# a\n   \n\t# b\nx\n\\#c", ["x", "\\#c"]],
    ["the line ends of other systems", "a\r\nb\r\n\r\n", ["a", "b"]],
    ["a byte order mark", "\ufeffa\nb", ["a", "b"]],
    ["space around", "  a b \t\nc\\ \nd\\\\ ", ["a b", "c\\ ", "d\\\\"]],
    ["what is no text", Buffer.from("\xff*\nz", "latin1"), ["\xff*", "z"]],
    ["what is text", "é\n", ["é"]],
  ] as const) {
    it(`takes ${what}`, () => {
      const patterns = readPatterns(fileOf(content));
      assert.deepEqual(
        patterns.map(({ text }) => text),
        texts,
      );
    });
  }

  it("matches names with a space at their end, and such as are no text", () => {
    const file = fileOf(Buffer.from("c\\ \n\xff*\n", "latin1"));
    const [spaced, bytes] = readPatterns(file);
    assert.ok(spaced && bytes);
    assert.ok(matches(spaced, "c "));
    assert.ok(matches(bytes, "\xff\xfe"));
    assert.equal(bytes.told, `${file}:2: \xff*`);
  });

  it("is named with the line that is wrong", () => {
    const file = fileOf("a\n\nre:(b\n");
    assert.throws(() => readPatterns(file), {
      name: UsageError.name,
      message: `${file}:3: re:(b: Unterminated group`,
    });
  });

  it("has to be there, and to be a file", () => {
    const directory = scratchDirectory();
    for (const file of [directory, join(directory, "none")]) {
      assert.throws(() => readPatterns(file), { name: UsageError.name, message: /^cannot read/ });
    }
  });
});
