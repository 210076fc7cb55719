/** What a failure looks like from outside: the exit status, one line that says what and which, and no stack. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { RunOptions } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { filesBelow, fingerprintOf, flipByte, noise } from "../support/trees.ts";

const machine = new Machine();
const source = scratchDirectory();
let snapshots: string[];

before(async () => {
  writeFileSync(join(source, "file"), noise(100_000));
  await machine.varve("backup", source);
  await machine.varve("backup", source);
  const listed = objectsOf(await machine.varve("snapshots", "--json"));
  snapshots = listed.map(({ id }) => String(id));
});

async function fails(status: number, args: string[], words: RegExp, options?: RunOptions) {
  const ended = await machine.run(args, options);
  assert.equal(ended.status, status, `${args.join(" ")}: ${ended.err}`);
  assert.match(ended.err, words);
  assert.doesNotMatch(ended.err, /^ {4}at /m);
  assert.doesNotMatch(ended.err, /fault of varve/);
}

describe("usage", { concurrency: 2 }, () => {
  const wrong: [string, string[], RegExp][] = [
    ["an empty source, as an unset variable leaves it", ["backup", ""], /SOURCE is empty/],
    ["a flag without its value", ["restore", "--to"], /to/],
    ["one target too many", ["backup", "--to", "a", "--to", "b", "."], /--to .*more than once/],
    ["a target to read too many", ["ls", "--from", "a", "--from", "b"], /--from .*more than once/],
    ["a file to restore to", ["restore", "--to", join(source, "file")], /no directory/],
  ];
  for (const [what, args, words] of wrong) {
    it(`refuses ${what}`, () => fails(2, args, words));
  }

  it("speaks one language", () =>
    fails(2, ["backup", "--zzz"], /Unknown argument: zzz/, { variables: { LANG: "de_DE.UTF-8" } }));

  it("refuses a variable that makes no sense", () =>
    fails(2, ["snapshots"], /VARVE_DIGESTS/, { variables: { VARVE_DIGESTS: "md5" } }));
});

describe("what is not there", { concurrency: 2 }, () => {
  it("is a source, found before anything is made", async () => {
    const fresh = new Machine();
    const { status, err } = await fresh.varve("backup", source, "nowhere");
    assert.equal(status, 6);
    assert.match(err, /nowhere/);
    assert.deepEqual(filesBelow(fresh.home), []);
  });

  it("is a snapshot", () => fails(6, ["manifest", "--snapshot", "0000"], /0000/));
  it("is a target", () => fails(6, ["snapshots", "nowhere"], /nowhere/));
  it("is a repository", () => fails(6, ["snapshots", source], /no repository/));
  it("is a tree to verify", () => fails(6, ["verify", "nowhere"], /nowhere/));
  it("is a first backup: then it says how to make one", async () => {
    const { status, err } = await new Machine().varve("snapshots");
    assert.equal(status, 6);
    assert.match(err, /varve backup PATH/);
  });
});

it("takes a snapshot by the first digits of its id", async () => {
  const [id = ""] = snapshots;
  assert.equal((await machine.varve("manifest", "--snapshot", id.slice(0, 8))).status, 0);
});

describe("damage", () => {
  it("names the pack, leaves no half of a file, and exits with 7", async () => {
    const damaged = new Machine();
    cpSync(machine.home, damaged.home, { recursive: true });
    const packs = filesBelow(join(damaged.repository, "packs"));
    for (const path of packs) flipByte(path, 5000);
    const { status, err } = await damaged.varve("restore", "--to", "out");
    assert.equal(status, 7, err);
    assert.ok(
      packs.some((path) => err.includes(path.slice(path.indexOf("packs/")))),
      err,
    );
    assert.doesNotMatch(err, /^ {4}at /m);
    assert.deepEqual(filesBelow(join(damaged.home, "out")), []);
  });
});

describe("a source that cannot be read whole", () => {
  // Root reads everything: then somebody else has to run it.
  const isRoot = process.getuid?.() === 0;
  const nobody = 65534;
  const user = new Machine();
  const tree = join(user.home, "tree");
  const under = isRoot
    ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"]
    : [];

  before(() => {
    mkdirSync(join(tree, "shut"), { recursive: true });
    writeFileSync(join(tree, "open"), "open\n");
    writeFileSync(join(tree, "secret\u001b[31m"), "secret\n");
    if (isRoot)
      for (const path of [user.home, tree, join(tree, "open")]) chownSync(path, nobody, nobody);
    chmodSync(join(tree, "secret\u001b[31m"), 0);
    chmodSync(join(tree, "shut"), 0);
  });

  it("is backed up but for what is named, so that no terminal obeys, and exits with 3", async () => {
    const { status, err } = await user.run(["backup", tree], { under });
    assert.equal(status, 3, err);
    assert.ok(err.includes(`${tree}/shut: cannot list it`), err);
    assert.ok(err.includes(`${tree}/secret\\u{1b}[31m: cannot open it`), err);
    assert.ok(!err.includes("\u001b"));
    assert.match(err, /2 problems/);
    const restored = await user.run(["restore", "--to", "out"], { under });
    assert.equal(restored.status, 0, restored.err);
    assert.deepEqual(filesBelow(join(user.home, "out")), [join(user.home, "out/open")]);
  });

  it("tells programs the same", async () => {
    const ended = await user.run(["backup", "--json", tree], { under });
    const events = objectsOf(ended).map(({ event }) => event);
    assert.deepEqual(events, ["problem", "problem", "snapshot"]);
  });

  it("cannot be restored to a directory that is shut", async () => {
    const { status, err } = await user.run(["restore", "--to", "tree/shut/in"], { under });
    assert.equal(status, 5, err);
  });
});

describe("a worker thread that fails", () => {
  const spoil = new URL("../support/spoil-worker.js", import.meta.url);
  const variables = { NODE_OPTIONS: `--import=${spoil.href}` };
  const tree = scratchDirectory();
  const out = "restored";

  it("ends the backup as a fault of varve's own, and the next one is whole", async () => {
    for (let at = 0; at < 4; at += 1) writeFileSync(join(tree, `${at}`), noise(500_000, at));
    const threaded = new Machine();
    const args = ["backup", "--workers", "2", tree];
    const { status, err } = await threaded.run(args, { variables });
    assert.equal(status, 1, err);
    assert.match(err, /varve: .*\n.*fault of varve's own/);
    assert.equal((await threaded.run(args)).status, 0);
    const restored = await threaded.run(["restore", "--to", out, "--workers", "2"], { variables });
    assert.equal(restored.status, 1, restored.err);
    assert.match(restored.err, /fault of varve's own/);
    const again = ["restore", "--to", out, "--workers", "2", "--conflict", "overwrite"];
    assert.equal((await threaded.run(again)).status, 0);
    assert.equal(fingerprintOf(join(threaded.home, out)), fingerprintOf(tree));
  });
});

describe("a target that goes away", () => {
  it("is told from an empty one", async () => {
    const gone = new Machine();
    cpSync(machine.home, gone.home, { recursive: true });
    rmSync(gone.repository, { recursive: true });
    const { status } = await gone.varve("restore", "--to", "out");
    assert.equal(status, 6);
  });
});
