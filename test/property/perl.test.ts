/** What Perl finds in a path, and in a directory's path with a slash: that, and nothing else, `re:` finds. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ignorePattern, subjectOf } from "../../src/disk/filter/pattern.ts";
import type { Found } from "../../src/disk/walk.ts";
import { UsageError } from "../../src/errors.ts";

/** Perl is asked all of them at once: to start it takes longer than to ask it a thousand things. */
const QUESTIONS = process.env["SLOW"] ? 200_000 : 4000;

/** As Brackup asks (Root.pm). */
const BRACKUP = `
  no warnings;
  while (my $line = <STDIN>) {
    chomp $line;
    my ($pattern, $path, $is_dir) = map { pack "H*", $_ } split / /, $line;
    my $re = eval { qr/$pattern/ };
    print !defined $re ? "?" : $path =~ $re || ($is_dir && "$path/" =~ $re) ? "1" : "0";
  }`;

/** What Perl does not compile nobody can have meant. */
const REFUSED = "?";

interface Question {
  readonly expression: string;
  readonly path: string;
  readonly isDirectory: boolean;
}

const hasPerl = spawnSync("perl", ["-e", "1"]).status === 0;

/** What stands between the spaces. */
const oneOf = (words: string): fc.Arbitrary<string> => fc.constantFrom(...words.split(" "));

const atoms = fc.oneof(
  oneOf(String.raw`a b B s K / . ~ - { } {1 {,} ] # @ \. \/ \# \@ \x61 \x2f \n (?#a)`),
  oneOf(String.raw`\w \W \d \s \S \N [ab] [^ab] [a-c] []a] [^]] [\w.] [\W_] [$.^] [a\-c] [+--]`),
  fc.constantFrom(" ", "[ #]", "[[:alpha:]-]", "[[:^upper:]]"),
);
const anchors = oneOf(String.raw`^ $ \A \z \Z \b \B`);
const quantifiers = fc.oneof(fc.constant(""), oneOf("* + ? *? {2} {1,} {,1}? {0}"));
// Perl 5.36 finds nothing in "ba" by (?=x*)[ab]: what it looks ahead for begins with something here.
const groups = oneOf("( ( (?: (?=a (?=. (?! (?<n> (?s: (?m: (?x: (?^: (?s-m: (?xs:");

const { expression } = fc.letrec<{ expression: string; part: string }>((tie) => ({
  expression: fc
    .tuple(
      fc.array(tie("part"), { minLength: 1, maxLength: 4 }),
      fc.constantFrom("", "", "", "|a$", "|^b"),
    )
    .map(([parts, other]) => parts.join("") + other),
  part: fc.oneof(
    { depthSize: "small" },
    { weight: 5, arbitrary: fc.tuple(atoms, quantifiers).map((some) => some.join("")) },
    { weight: 1, arbitrary: anchors },
    fc
      .tuple(groups, tie("expression"), quantifiers)
      .map(([open, of, end]) => `${open}${of})${end}`),
  ),
}));
const questions: fc.Arbitrary<Question> = fc.record({
  expression: fc
    .tuple(fc.constantFrom("", "", "", "(?i)", "(?x)", "(?s)", "(?m)"), expression)
    .map((parts) => parts.join("")),
  path: fc
    .array(fc.oneof(oneOf("a a b B s k / . 1 _ ~ - {1 #"), fc.constantFrom("\n", " ")), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => parts.join("")),
  isDirectory: fc.boolean(),
});

function askPerl(asked: readonly Question[]): string {
  const hex = (text: string) => Buffer.from(text).toString("hex");
  const lines = asked.map(({ expression, path, isDirectory }) =>
    [expression, path, isDirectory ? "1" : ""].map(hex).join(" "),
  );
  const { stdout, stderr, status } = spawnSync("perl", ["-e", BRACKUP], {
    input: `${lines.join("\n")}\n`,
    encoding: "latin1",
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`perl: ${stderr}`);
  return stdout;
}

/** Nothing for what is refused. */
function answer({ expression, path, isDirectory }: Question): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1) as Found["name"];
  const stats = { isDirectory: () => isDirectory } as Found["stats"];
  const subject = subjectOf({ name, path: path as Found["path"], stats });
  try {
    return ignorePattern(expression, "ignore =").matches(subject) ? "1" : "0";
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

describe("regular expressions", { skip: hasPerl ? false : "there is no perl" }, () => {
  it("find what Perl finds, or are refused", () => {
    const asked = fc.sample(questions, QUESTIONS);
    const perl = askPerl(asked);
    assert.equal(perl.length, asked.length);
    let answered = 0;
    for (const [at, question] of asked.entries()) {
      const own = answer(question);
      if (own === undefined || perl[at] === REFUSED) continue;
      answered += 1;
      assert.equal(own, perl[at], JSON.stringify(question));
    }
    // Else it would be as well to refuse all.
    assert.ok(answered > asked.length / 2, `${answered} of ${asked.length}`);
  });
});
