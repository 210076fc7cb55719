/** The README's way: a backup with nothing set up, a change, a restore, and the proof. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { before, describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { sampleTree } from "../support/trees.ts";

/** As a user has it: with threads. */
const machine = new Machine({}, "by default");
const source = sampleTree();
const restored = join(machine.home, "restored");
let first: Ended;

before(async () => {
  first = await machine.varve("backup", source);
  writeFileSync(join(source, "added"), "later\n");
  assert.equal((await machine.varve("backup", source)).status, 0);
  assert.equal((await machine.varve("restore", "--to", restored, "--verify")).status, 0);
});

function isSame(one: string, other: string): void {
  const { status, stdout } = spawnSync("diff", ["-r", "--no-dereference", one, other]);
  assert.equal(status, 0, String(stdout));
}

describe("the first backup, with nothing set up", () => {
  it("makes the default repository and says where its private key is, and that it is bare", () => {
    assert.equal(first.status, 0, first.err);
    const key = /private key {2}(\S+), NOT locked/.exec(first.err)?.[1] ?? "";
    assert.match(readFileSync(key, "utf8"), /BEGIN PGP PRIVATE KEY/);
    assert.equal(statSync(key).mode & 0o777, 0o600);
    assert.ok(first.err.includes(machine.repository));
    assert.match(first.err, /fingerprint {2}[0-9a-f]{64}/);
    assert.match(first.out, /^snapshot [0-9a-f]{16} of .*: 8 files/);
  });

  it("lists both snapshots, the first one first", async () => {
    const { out } = await machine.varve("snapshots");
    assert.match(out, /8 files.*\n.*9 files.*\n$/);
    const to = join(machine.home, "first");
    await machine.varve("restore", "--snapshot", out.slice(0, 6), "--to", to);
    assert.ok(statSync(join(to, "large")));
    assert.throws(() => statSync(join(to, "added")));
    const last = objectsOf(await machine.varve("snapshots", "--last", "1", "--json"));
    assert.deepEqual(
      last.map(({ source }) => source),
      [source],
    );
    const none = await machine.varve("snapshots", "--tag", "none");
    assert.deepEqual([none.out, none.err], ["", "no snapshots\n"]);
  });

  it("brings back what was there", () => {
    isSame(source, restored);
  });
});

describe("a restore of a part", { concurrency: 2 }, () => {
  for (const [what, path, expected] of [
    ["a path", "docs/deep", "docs/deep"],
    ["a glob", "docs/*b*", "docs/a b.txt"],
  ] as const) {
    it(`takes ${what}`, async () => {
      const to = scratchDirectory();
      const { status, err } = await machine.varve("restore", path, "--to", to);
      assert.equal(status, 0, err);
      isSame(join(source, expected), join(to, expected));
      assert.throws(() => statSync(join(to, "large")));
    });
  }

  it("takes a path as it was, and behind -- one that begins with a dash", async () => {
    const to = scratchDirectory();
    const names = ["docs/a b.txt", "-dash"];
    const args = [join(source, "docs/a b.txt"), "--to", to, "--", "-dash"];
    assert.equal((await machine.varve("restore", ...args)).status, 0);
    for (const name of names) isSame(join(source, name), join(to, name));
    assert.throws(() => statSync(join(to, "large")));
  });

  it("says what it did not find", async () => {
    const { status, err } = await machine.varve("restore", "docz", "--to", scratchDirectory());
    assert.equal(status, 6);
    assert.match(err, /docz/);
  });

  it("replaces nothing unless told to", async () => {
    writeFileSync(join(restored, "added"), "mine\n");
    const refused = await machine.varve("restore", "--to", restored);
    assert.equal(refused.status, 2);
    assert.equal(readFileSync(join(restored, "added"), "utf8"), "mine\n");
    const allowed = await machine.varve("restore", "--to", restored, "--conflict", "overwrite");
    assert.equal(allowed.status, 0, allowed.err);
    isSame(source, restored);
  });
});

describe("manifest", () => {
  it("is what sha1sum -c reads, whatever the names", async () => {
    const list = join(machine.home, "sums");
    // Into a file: as text, the names that are none would not survive.
    const under = ["sh", "-c", `"$@" > ${list}`, "sh"];
    assert.equal((await machine.run(["manifest"], { under })).status, 0);
    const sums = spawnSync("sha1sum", ["--strict", "-c", list], { cwd: restored });
    assert.equal(sums.status, 0, String(sums.stderr) + String(sums.stdout));
    assert.equal(String(sums.stdout).trim().split("\n").length, 9);
  });

  it("has everything with --json", async () => {
    const entries = objectsOf(await machine.varve("manifest", "--json"));
    const types = entries.map(({ type }) => type).sort();
    assert.equal(types.join(" "), `${"directory ".repeat(4)}${"file ".repeat(9)}symlink`);
  });
});

describe("verify", () => {
  it("finds a restored tree equal", async () => {
    const [total] = objectsOf(await machine.varve("verify", restored, "--json"));
    assert.equal(total?.["files"], 9);
    assert.equal(total?.["differences"], 0);
  });

  it("names each difference, also one that size and times do not show", async () => {
    const to = join(machine.home, "changed");
    await machine.varve("restore", "--to", to);
    const text = join(to, "docs/a b.txt");
    const { atime, mtime } = statSync(text);
    writeFileSync(text, "SPACES\n");
    utimesSync(text, atime, mtime);
    rmSync(join(to, "added"));
    rmSync(join(to, "large"));
    mkdirSync(join(to, "large"));
    writeFileSync(join(to, "empty/extra"), "");
    const { status, err, out } = await machine.varve("verify", to);
    assert.equal(status, 7);
    assert.equal(out, "");
    assert.match(err, /^docs\/a b.txt: its content is sha1:\w+ instead of sha1:\w+$/m);
    assert.match(err, /^added: it is missing$/m);
    assert.match(err, /^large: it is a directory instead of a file$/m);
    assert.match(err, /^empty\/extra: it is not in the snapshot$/m);
    assert.match(err, /4 differences/);
  });
});

describe("a source that is a file", () => {
  it("comes back under its name, and --json prints nothing but objects on the way", async () => {
    const other = new Machine();
    const file = join(source, "docs/a b.txt");
    const events: unknown[] = [];
    for (const args of [
      ["backup", file],
      ["snapshots"],
      ["restore", "--to", "out", "--verify"],
      ["verify", "out"],
    ]) {
      const ended = await other.varve(...args, "--json");
      events.push(objectsOf(ended).map(({ event }) => event));
    }
    assert.deepEqual(events, [
      ["created", "snapshot"],
      [undefined],
      ["restored", "verified"],
      ["verified"],
    ]);
    isSame(file, join(other.home, "out", basename(file)));
    assert.match((await other.varve("manifest")).out, /^[0-9a-f]{40} {2}a b\.txt\n$/);
  });
});
