import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ExcludingFlags } from "../../src/commands/excluding.ts";
import { excludingOf, leftOutText } from "../../src/commands/excluding.ts";
import type { Found } from "../../src/disk/walk.ts";
import { UsageError } from "../../src/errors.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { scratchDirectory } from "../support/scratch.ts";

function flagsOf(flags: Partial<ExcludingFlags> = {}): ExcludingFlags {
  return {
    ...{ json: false, quiet: false, verbose: false, "no-progress": false },
    ...{ exclude: undefined, "exclude-file": undefined, "exclude-if-present": undefined },
    ...{ "exclude-larger-than": undefined, "exclude-caches": false },
    ...{ gitignore: false, "one-file-system": false },
    ...flags,
  };
}

describe("what the flags leave out", () => {
  it("is recorded as it was written: the patterns of files as well", () => {
    const list = join(scratchDirectory(), "list");
    writeFileSync(list, "# no pattern\n!b\nre:c\n");
    const { excludes } = excludingOf(
      flagsOf({
        exclude: ["*.o"],
        "exclude-file": [list],
        "exclude-if-present": [".nobackup"],
        "exclude-larger-than": "1.5g",
        "exclude-caches": true,
        gitignore: true,
        "one-file-system": true,
      }),
    );
    assert.deepEqual(excludes, [
      ...["!b", "re:c", "*.o", "--exclude-caches", "--exclude-if-present .nobackup"],
      ...["--exclude-larger-than 1.5g", "--gitignore", "--one-file-system"],
    ]);
  });

  it("is nothing without them", () => {
    const { excludes, filter } = excludingOf(flagsOf());
    assert.deepEqual(excludes, []);
    assert.deepEqual(filter.unused, []);
  });

  it("is not what cannot be", () => {
    for (const flags of [
      { exclude: ["re:("] },
      { "exclude-file": ["/nowhere/list"] },
      { "exclude-if-present": ["a/b"] },
      { "exclude-larger-than": "2x" },
    ]) {
      assert.throws(() => excludingOf(flagsOf(flags)), UsageError, JSON.stringify(flags));
    }
  });

  it("is shown in full, and so that no terminal obeys", () => {
    const entry = { path: rawFromText("a\u001b"), name: rawFromText("a\u001b") } as Found;
    const source = rawFromText("/home/me");
    const why = { entry, because: "--exclude a*" };
    assert.equal(
      leftOutText(source, { ...why, what: "it" }),
      "left out /home/me/a\\u{1b} (--exclude a*)",
    );
    assert.equal(
      leftOutText(source, { ...why, what: "what is in it" }),
      "left out what is in /home/me/a\\u{1b} (--exclude a*)",
    );
  });
});
