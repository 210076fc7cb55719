import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkFlags, checkWorkers, listOf, refuseConfig } from "../../src/commands/flags.ts";
import { UsageError } from "../../src/errors.ts";

describe("flags", () => {
  it("pass if they are what yargs makes of sound ones", () => {
    checkFlags({ _: ["backup", "-x"], source: ["a", "b"], tag: ["t", "u"], workers: 0, to: "x" });
    // As yargs hands them over: under both names.
    const files = ["a", "b"];
    checkFlags({ _: ["backup"], "exclude-file": files, excludeFile: files });
    checkFlags({ _: ["backup"], "exclude-if-present": files, excludeIfPresent: files });
    checkFlags({ _: ["snapshots"], target: undefined, json: false });
  });

  for (const [what, flags] of [
    ["an empty value", { to: "" }],
    ["an empty value in a list", { source: ["a", ""] }],
    ["a number that is none", { last: Number.NaN }],
    ["a value given twice", { to: ["a", "b"] }],
  ] as const) {
    it(`refuse ${what}`, () => {
      assert.throws(() => checkFlags({ _: ["backup"], ...flags }), UsageError);
    });
  }

  it("refuse what stands behind -- where no list is taken, and what is empty there", () => {
    assert.throws(() => checkFlags({ _: ["snapshots", "x"] }), UsageError);
    assert.throws(() => checkFlags({ _: ["backup", ""] }), UsageError);
    checkFlags({ _: ["backup", ""], "stdin-command": "psql" });
  });

  it("refuse twice what only another command takes several times", () => {
    for (const command of ["ls", "cat", "restore", "verify", "manifest"]) {
      assert.throws(() => checkFlags({ _: [command], from: ["a", "b"] }), /--from was given more/);
    }
    assert.throws(
      () => checkFlags({ _: ["backup"], "exclude-larger-than": ["1g", "2g"] }),
      /--exclude-larger-than was given more/,
    );
    assert.throws(() => checkFlags({ _: ["cat"], path: ["a", "b"] }), /PATH was given more/);
    assert.throws(() => checkFlags({ _: ["snapshots"], tag: ["a", "b"] }), /--tag was given more/);
    checkFlags({ _: ["ls"], path: ["a", "b"] });
    checkFlags({ _: ["restore"], path: ["a", "b"] });
  });

  it("know commands of commands from arguments", () => {
    checkFlags({ _: ["cache", "info"] });
    checkFlags({ _: ["config", "path"] });
    assert.throws(
      () => checkFlags({ _: ["cache", "info", "x"] }),
      /info takes no such argument: x/,
    );
    checkFlags({ _: ["ls", "-x"] });
    checkFlags({ _: ["cat", "-x"] });
  });

  it("name no config file to a command that would not read it", () => {
    refuseConfig({ _: ["backup"] }, { VARVE_CONFIG: "" });
    refuseConfig({ _: ["config", "path"], config: "x" }, { VARVE_CONFIG: "x" });
    assert.throws(() => refuseConfig({ _: ["backup"], config: "x" }, {}), /^UsageError: --config/);
    const named = () => refuseConfig({ _: ["cache", "info"] }, { VARVE_CONFIG: "x" });
    assert.throws(named, /^UsageError: VARVE_CONFIG/);
  });

  it("make one list of arguments before and behind --", () => {
    assert.deepEqual(listOf(["a"], { _: ["backup", "-b", "007"] }), ["a", "-b", "007"]);
    assert.deepEqual(listOf(undefined, { _: ["backup"] }), []);
  });

  it("take 0 to 64 workers", () => {
    assert.deepEqual([0, 64].map(checkWorkers), [0, 64]);
    for (const count of [-1, 65, 1.5, Number.NaN]) {
      assert.throws(() => checkWorkers(count), UsageError);
    }
  });
});
