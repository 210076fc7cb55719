/** `ls` and `cat`: what a snapshot has, without restoring it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { filesBelow, flipByte, MARK, noise, sampleTree } from "../support/trees.ts";

/** More than a pipe holds, line by line or as a whole. */
const LARGE = 6_000_000;
const MANY = 1500;
const IS_ROOT = process.getuid?.() === 0;

const machine = new Machine();
const source = sampleTree();

before(async () => {
  writeFileSync(join(source, "large"), noise(LARGE));
  mkdirSync(join(source, "empty/sticky"));
  chmodSync(join(source, "empty/sticky"), 0o1777);
  writeFileSync(join(source, "empty/setuid"), "");
  chmodSync(join(source, "empty/setuid"), 0o4751);
  writeFileSync(join(source, "empty/setgid"), "");
  chmodSync(join(source, "empty/setgid"), 0o2604);
  symlinkSync("../docs\u001b[31m", join(source, "empty/away"));
  execFileSync("mkfifo", [join(source, "empty/pipe")]);
  if (IS_ROOT) execFileSync("mknod", [join(source, "empty/zero"), "c", "1", "5"]);
  mkdirSync(join(source, "many"));
  for (let n = 0; n < MANY; n += 1) {
    writeFileSync(join(source, "many", `${String(n).padStart(4, "0")}-${"x".repeat(80)}`), "");
  }
  assert.equal((await machine.varve("backup", source)).status, 0);
});

function linesOf({ out }: Ended): string[] {
  return out.split("\n").slice(0, -1);
}

/** What `ls -l` should say of a path, from what the system says. */
function longLineOf(path: string): string {
  const full = join(source, path);
  const stats = lstatSync(full);
  const mode = String(execFileSync("stat", ["-c", "%A", full])).trim();
  const owner = `${String(stats.uid).padStart(5)} ${String(stats.gid).padStart(5)}`;
  const size = String(stats.isDirectory() ? 0 : stats.size).padStart(12);
  const time = new Date(stats.mtimeMs).toISOString().replace("T", " ").slice(0, 19);
  const target = stats.isSymbolicLink() ? ` -> ${readlinkSync(full)}` : "";
  return `${mode} ${owner} ${size} ${time} ${path}${target.replace("\u001b", "\\u{1b}")}`;
}

/** Runs the program in a shell that does this to its output; fails as the program does. */
function piped(args: string[], pipe: string): Promise<Ended> {
  const under = ["bash", "-c", `set -o pipefail; "$@" ${pipe}`, "bash"];
  return machine.run(args, { under });
}

// What is asked of one repository does not change it.
describe("ls", { concurrency: 2 }, () => {
  it("lists everything, by paths that no terminal obeys", async () => {
    const listed = linesOf(await machine.varve("ls"));
    const expected = [
      ...["-dash", "docs", "docs/a b.txt", "docs/deep", "docs/deep/back\\u{5c}slash"],
      ...["docs/deep/latin-\\xe9", "docs/deep/line\\u{a}break", "docs/nothing", "empty"],
    ];
    assert.deepEqual(listed.slice(0, expected.length), expected);
    const found = execFileSync("find", [source, "-mindepth", "1", "-printf", "."]);
    assert.equal(listed.length, found.length);
  });

  it("lists paths and globs, and tells what it did not find", async () => {
    const args = ["ls", "docs/deep/l*", "none", join(source, "empty/pipe"), "--", "-dash"];
    const listed = await machine.varve(...args);
    assert.equal(listed.status, 6);
    assert.match(listed.err, /matches none$/m);
    assert.deepEqual(linesOf(listed), [
      ...["-dash", "docs/deep/latin-\\xe9", "docs/deep/line\\u{a}break", "empty/pipe"],
    ]);
    // What it lists, it takes.
    const [, latin = "", line = ""] = linesOf(listed);
    assert.deepEqual(linesOf(await machine.varve("ls", latin, line)), [latin, line]);
  });

  it("lists one level of a directory with -d", async () => {
    const root = linesOf(await machine.varve("ls", "-d"));
    assert.deepEqual(root, ["-dash", "docs", "empty", "large", "link", "many", `${MARK}.txt`]);
    const docs = linesOf(await machine.varve("ls", "--no-recursive", "docs", "-l"));
    assert.deepEqual(
      docs.map((line) => line.slice(56)),
      ["docs", "docs/a b.txt", "docs/deep", "docs/nothing"],
    );
  });

  it("shows with -l what is really there", async () => {
    const lines = linesOf(await machine.varve("ls", "-l", "empty", "large", "link"));
    const names = ["away", "pipe", "setgid", "setuid", "sticky"];
    const paths = ["empty", ...names.map((name) => `empty/${name}`), "large", "link"];
    const shown = lines.filter((line) => !line.endsWith("zero"));
    assert.deepEqual(shown, paths.map(longLineOf));
    assert.match(lines.join("\n"), /^prw.*^-rw---Sr--.*^-rws.*^drwxrwxrwt/ms);
    if (IS_ROOT) assert.match(lines.join("\n"), /^crw-r--r-- .* 1, 5 .* empty\/zero$/m);
  });

  it("has with --json what the manifest has", async () => {
    const all = objectsOf(await machine.varve("manifest", "--json"));
    const [root, ...others] = all;
    assert.equal(root?.["path"], "");
    assert.deepEqual(objectsOf(await machine.varve("ls", "--json", "-l")), others);
    const docs = others.filter(({ path }) => /^docs($|\/)/.test(String(path)));
    assert.ok(docs.length === 7 && docs.some(({ nameBytes }) => nameBytes !== undefined));
    assert.deepEqual(objectsOf(await machine.varve("ls", "--json", "docs")), docs);
  });

  it("stops when nobody reads on, and so does manifest", async () => {
    for (const args of [["ls"], ["ls", "many", "none"], ["manifest", "--json"]]) {
      const { status, out, err } = await piped(args, "| head -n 1");
      assert.deepEqual([status, linesOf({ status, out, err }).length, err], [0, 1, ""], args[0]);
    }
  });

  it("names the one file that was backed up", async () => {
    const other = new Machine();
    await other.varve("backup", join(source, "docs/a b.txt"));
    for (const args of [["ls"], ["ls", "-d"], ["ls", join(source, "docs/a b.txt")]]) {
      assert.deepEqual(linesOf(await other.varve(...args)), ["a b.txt"]);
    }
    assert.equal((await other.varve("cat", "a b.txt")).out, "spaces\n");
  });
});

describe("cat", { concurrency: 2 }, () => {
  it("prints a file to the byte, into files and into pipes", async () => {
    const file = join(machine.home, "large");
    for (const pipe of [`> ${file}`, `| cat > ${file}`]) {
      const { status, err } = await piped(["cat", "large"], pipe);
      assert.deepEqual([status, err], [0, ""]);
      assert.ok(readFileSync(file).equals(readFileSync(join(source, "large"))), pipe);
    }
  });

  it("takes one path, as restore does: as it was, behind --, or as ls shows it", async () => {
    for (const [path, text] of [
      [join(source, "docs/a b.txt"), "spaces\n"],
      ["docs/deep/back\\slash", "backslash\n"],
      ["docs/deep/back\\u{5c}slash", "backslash\n"],
      ["docs/deep/latin-\\xe9", "no text\n"],
      ["docs/nothing", ""],
    ] as const) {
      assert.deepEqual(await machine.varve("cat", path), { status: 0, out: text, err: "" });
    }
    assert.equal((await machine.varve("cat", "--", "-dash")).out, "dash\n");
  });

  for (const [what, status, args, words] of [
    ["a directory", 2, ["docs"], /"docs".* is a directory/],
    ["the root", 2, ["."], /"\.".* is a directory/],
    ["a link", 2, ["empty/away"], /symlink to "\.\.\/docs\\u\{1b\}\[31m"/],
    ["a pipe", 2, ["empty/pipe"], /is a fifo/],
    ["what is not there", 6, ["docs/none"], /docs\/none/],
    ["a glob", 6, ["docs/a*.txt"], /docs\/a\*\.txt/],
    ["no path", 2, [], /which file/],
    ["two paths", 2, ["large", "--", "-dash"], /one file/],
    ["--json", 2, ["large", "--json"], /--json/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const ended = await machine.varve("cat", ...args);
      assert.deepEqual([ended.status, ended.out], [status, ""], ended.err);
      assert.match(ended.err, words);
    });
  }

  it("ends quietly when nobody reads on", async () => {
    const { status, out, err } = await piped(["cat", "large"], "| head -c 10 | wc -c");
    assert.deepEqual([status, out.trim(), err], [0, "10", ""]);
  });

  it("tells if not all of it could be written", async () => {
    const small = new Machine();
    writeFileSync(join(small.home, "file"), noise(260_000));
    await small.varve("backup", "file");
    // Of a file that is one piece, a part can be written: no call fails.
    const short = join(small.home, "short");
    const limit = 'ulimit -f 240; trap "" XFSZ; exec "$@"';
    const under = ["bash", "-c", `${limit} > ${short}`, "bash"];
    const cut = await small.run(["cat", "file"], { under });
    assert.equal(cut.status, 4, cut.err);
    assert.match(cut.err, /standard output: EFBIG/);
    assert.equal(readFileSync(short).length, 240 * 1024);
    for (const args of [["ls"], ["cat", "large"], ["snapshots"]]) {
      const full = await piped(args, "> /dev/full");
      assert.equal(full.status, 4, `${args[0]}: ${full.err}`);
      assert.match(full.err, /no space is left/);
    }
  });
});

describe("a damaged repository", () => {
  it("gives cat what is in front of the damage, and the name of what is damaged", async () => {
    const packs = filesBelow(join(machine.repository, "packs"));
    const sized = packs.map((path) => ({ path, size: readFileSync(path).length }));
    const { path: pack, size } = sized.reduce((a, b) => (a.size > b.size ? a : b));
    flipByte(pack, Math.floor(size / 2));
    const part = join(machine.home, "part");
    const { status, err } = await piped(["cat", "large"], `> ${part}`);
    flipByte(pack, Math.floor(size / 2));
    assert.equal(status, 7, err);
    assert.ok(err.includes(pack.slice(pack.indexOf("packs/"))), err);
    const got = readFileSync(part);
    assert.ok(got.length > 0 && got.length < LARGE, String(got.length));
    assert.ok(got.equals(readFileSync(join(source, "large")).subarray(0, got.length)));
  });
});
