/** `find`: where in a snapshot something is. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { MARK, sampleTree } from "../support/trees.ts";
import { succeeded } from "../support/verdicts.ts";

const machine = new Machine();
const source = sampleTree();
let first: string;

before(async () => {
  const made = succeeded(await machine.varve("backup", source, "--json"));
  first = String(objectsOf(made).at(-1)?.["id"]);
  writeFileSync(join(source, "docs/late.txt"), "");
  succeeded(await machine.varve("backup", source));
});

function linesOf({ out }: Ended): string[] {
  return out.split("\n").slice(0, -1);
}

describe("find", { concurrency: 2 }, () => {
  it("lists what has the name, as the system's find does", async () => {
    const pattern = "*t*";
    const found = linesOf(succeeded(await machine.varve("find", pattern)));
    const args = [source, "-mindepth", "1", "-name", pattern, "-printf", "."];
    const expected = execFileSync("find", args, { env: { LC_ALL: "C" } }).length;
    assert.equal(found.length, expected);
    assert.ok(expected > 3);
  });

  it("lists what matches itself, and not what is below it", async () => {
    const paths = await machine.varve("find", "docs", join(source, "docs/*.txt"));
    assert.deepEqual(linesOf(paths), ["docs", "docs/a b.txt", "docs/late.txt"]);
    assert.deepEqual(linesOf(await machine.varve("find", "d*/", "--", "-dash")), [
      ...["-dash", "docs", "docs/deep"],
    ]);
  });

  it("searches the snapshot that is named", async () => {
    const found = await machine.varve("find", "late.txt", "--snapshot", first);
    assert.deepEqual([found.status, found.out], [6, ""]);
    assert.match(found.err, /nothing that matches late\.txt$/m);
  });

  it("takes what it lists, and shows with -l and --json what ls does", async () => {
    const [latin = ""] = linesOf(await machine.varve("find", "latin-*"));
    assert.deepEqual(linesOf(await machine.varve("find", latin)), [latin]);
    for (const [flag, words] of [
      ["-l", /^-rw.* recognisable\.txt\n$/],
      ["--json", /^\{"path":.*"content":.*\}\n$/],
    ] as const) {
      assert.match((await machine.varve("find", `${MARK}*`, flag)).out, words);
    }
  });

  it("tells each pattern that found nothing, and lists the others", async () => {
    const found = await machine.varve("find", "docs", "no", "no/ne");
    assert.deepEqual([found.status, linesOf(found)], [6, ["docs"]]);
    assert.match(found.err, /nothing that matches no, no\/ne$/m);
    const none = await machine.varve("find");
    assert.equal(none.status, 2);
    assert.match(none.err, /varve find PATTERN/);
  });
});
