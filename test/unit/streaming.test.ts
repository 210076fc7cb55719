import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setApart, streamOf } from "../../src/commands/streaming.ts";
import { UsageError } from "../../src/errors.ts";

describe("a program's arguments", () => {
  for (const [what, given, apart] of [
    [
      "behind its name",
      "backup -v --stdin-command pg -v x",
      "backup -v --stdin-command pg -- -v x",
    ],
    ["with another --", "backup --stdin-command a -- --b", "backup --stdin-command a -- -- --b"],
    ["behind restic's --", "backup --stdin-command -- a -b", "backup --stdin-command a -- -b"],
    ["behind =", "backup --stdin-command=a -b", "backup --stdin-command=a -- -b"],
    ["that are none", "backup --stdin-command a", "backup --stdin-command a --"],
    ["and no program", "backup --stdin-command", "backup --stdin-command --"],
    ["that are another's", "backup -- --stdin-command a", "backup -- --stdin-command a"],
    ["and no flag", "backup a", "backup a"],
  ] as const) {
    it(`are set apart ${what}`, () => {
      assert.deepEqual(setApart(given.split(" ")), apart.split(" "));
    });
  }

  it("may be empty", () => {
    const given = ["backup", "--stdin-command", "a", "", "--tag"];
    assert.deepEqual(setApart(given), ["backup", "--stdin-command", "a", "--", "", "--tag"]);
  });
});

describe("a stream", () => {
  const none = { _: ["backup"], stdin: undefined, "stdin-command": undefined };
  const of = (flags: object) => streamOf({ ...none, ...flags });

  it("is one only if a flag says so", () => {
    assert.equal(of({ source: ["a"], workers: 2 }), undefined);
  });

  it("has the name that was given, else its program's", () => {
    assert.equal(of({ "stdin-command": "/usr/bin/pg_dump" })?.source, "pg_dump");
    assert.equal(of({ "stdin-command": "pg_dump", stdin: "ä.sql" })?.source, "\u00c3\u00a4.sql");
  });

  for (const name of ["a/b", "/a", "..", ".", "", "a".repeat(256), "ä".repeat(128)]) {
    it(`is not called "${name.slice(0, 5)}"`, () => {
      assert.throws(() => of({ "stdin-command": "a", stdin: name }), UsageError);
    });
  }

  it("has a name if its program's is none", () => {
    assert.throws(() => of({ "stdin-command": "/" }), /--stdin takes a file's name/);
  });

  for (const [name, shown, value] of [
    ["source", "SOURCE", ["a"]],
    ["from", "--from", ["a"]],
    ["exclude", "--exclude", ["a"]],
    ["exclude-file", "--exclude-file", ["a"]],
    ["exclude-if-present", "--exclude-if-present", ["a"]],
    ["exclude-larger-than", "--exclude-larger-than", "1m"],
    ["exclude-caches", "--exclude-caches", true],
    ["gitignore", "--gitignore", true],
    ["one-file-system", "--one-file-system", true],
    ["dry-run", "--dry-run", true],
    ["force", "--force", true],
    ["checkpoint", "--checkpoint", "1h"],
    ["workers", "--workers", 0],
  ] as const) {
    it(`does not go with ${shown}`, () => {
      const refusal = new RegExp(`^UsageError: ${shown} does not go with --stdin-command`);
      assert.throws(() => of({ "stdin-command": "a", [name]: value }), refusal);
    });
  }

  it("takes no source from behind --", () => {
    assert.throws(() => of({ _: ["backup", "a"], stdin: "x" }), /^UsageError: SOURCE does not go/);
  });

  it("goes with flags that are off", () => {
    const off = { source: [], from: undefined, gitignore: false, "dry-run": false };
    assert.ok(of({ "stdin-command": "a", ...off }));
  });
});
