/** `diff`: between snapshots, of one host and of two, and between a snapshot and the disk. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { filesBelow, flipByte, sampleTree } from "../support/trees.ts";
import { succeeded } from "../support/verdicts.ts";

/** Takes from root what lets it read everything. */
const BOUND =
  process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];
const CANNOT_BIND =
  BOUND.length > 0 && spawnSync(BOUND[0] ?? "", [...BOUND.slice(1), "true"]).status !== 0
    ? "root reads everything here"
    : false;
const machine = new Machine();
const source = sampleTree();
const EDITS = ["M docs/a b.txt", "- docs/deep", "T docs/nothing", "M link", "+ new\\u{a}line"];
const BELOW = ["back\\u{5c}slash", "latin-\\xe9", "line\\u{a}break"].map(
  (name) => `- docs/deep/${name}`,
);
const LINES = [...EDITS.slice(0, 2), ...BELOW, ...EDITS.slice(2)];
const SUMMARY = "1 added, 4 removed, 2 changed, 1 of another type, 3 in metadata alone";
let first: string;
let second: string;
let other: string;

async function backedUp(...args: string[]): Promise<string> {
  const made = succeeded(await machine.varve("backup", source, "--json", ...args));
  return String(objectsOf(made).find(({ event }) => event === "snapshot")?.["id"]);
}

before(async () => {
  first = await backedUp();
  appendFileSync(join(source, "docs/a b.txt"), "more");
  rmSync(join(source, "docs/deep"), { recursive: true });
  unlinkSync(join(source, "docs/nothing"));
  mkdirSync(join(source, "docs/nothing"));
  unlinkSync(join(source, "link"));
  symlinkSync("elsewhere", join(source, "link"));
  writeFileSync(join(source, "new\nline"), "");
  chmodSync(join(source, "-dash"), 0o600);
  second = await backedUp();
  other = await backedUp("--host", "other");
});

function linesOf({ out }: Ended): string[] {
  return out.split("\n").slice(0, -1);
}

describe("diff", { concurrency: 2 }, () => {
  it("lists what was edited, and says how much there is in metadata", async () => {
    for (const args of [
      [first.slice(0, 6), "latest"],
      [first, source],
    ]) {
      const { status, out, err } = await machine.varve("diff", ...args);
      assert.deepEqual([status, err], [0, ""], args.join(" "));
      assert.deepEqual(out.split("\n"), [...LINES, `${SUMMARY} (--metadata lists them)`, ""]);
    }
  });

  it("lists what differs in metadata with --metadata, and is the other way round for who asks so", async () => {
    const back = linesOf(await machine.varve("diff", "latest", first, "--metadata"));
    const turned = LINES.map((line) => line.replace(/^[+-]/, (mark) => (mark === "+" ? "-" : "+")));
    assert.deepEqual(back.slice(0, 3), ["U .", "U -dash", "U docs"]);
    assert.deepEqual([...back.slice(3, -1)], turned);
    assert.equal(
      back.at(-1),
      "4 added, 1 removed, 2 changed, 1 of another type, 3 in metadata alone",
    );
  });

  it("lists only what is below paths and globs, and tells what it did not find", async () => {
    const docs = await machine.varve("diff", first, second, "docs", join(source, "link"));
    assert.deepEqual(linesOf(docs).slice(0, -1), LINES.slice(0, -1));
    const none = await machine.varve("diff", first, source, "large", "none", "--", "-dash");
    assert.deepEqual([none.status, none.out], [6, ""]);
    assert.match(none.err, /matches none$/m);
  });

  it("finds nothing between hosts that have the same, nor on a disk that has not changed", async () => {
    for (const args of [
      [second, other],
      ["latest", source, "--host", "other"],
    ]) {
      const { status, out } = succeeded(await machine.varve("diff", ...args));
      assert.deepEqual([status, out], [0, "0 added, 0 removed, 0 changed\n"], args.join(" "));
    }
    const across = await machine.varve("diff", first, "latest", "--host", "other");
    assert.deepEqual(linesOf(across).slice(0, -1), LINES);
  });

  it("has one object an entry with --json, and one for all", async () => {
    const all = objectsOf(await machine.varve("diff", first, source, "--json"));
    assert.deepEqual(
      all.slice(0, -1).map(({ event, modifier, path }) => [event, `${modifier} ${path}`]),
      LINES.map((line) => ["difference", line]),
    );
    const [changed] = all as {
      first: { type: string; mtime: string };
      second: { mtime: string };
    }[];
    assert.equal(changed?.first.type, "file");
    assert.notEqual(changed?.first.mtime, changed?.second.mtime);
    assert.deepEqual(all.at(-1), {
      event: "compared",
      ...{ added: 1, removed: 4, changed: 2, types: 1, metadata: 3 },
    });
  });

  it("takes what could be both for a snapshot, and says so", async () => {
    const cwd = machine.home;
    mkdirSync(join(cwd, "latest"));
    const { out, err } = succeeded(await machine.run(["diff", "latest", "latest"], { cwd }));
    assert.equal(out, "0 added, 0 removed, 0 changed\n");
    assert.match(err, /latest is taken for a snapshot: say \.\/latest/);
    const empty = succeeded(await machine.run(["diff", "latest", "./latest", "docs"], { cwd }));
    assert.match(empty.out, /0 added, 3 removed, 0 changed/);
  });

  for (const [what, status, args, words] of [
    ["a directory in front", 2, [source, "latest"], /snapshot comes first: varve diff latest \//],
    ["what is nowhere", 6, ["latest", "./none"], /there is no \.\/none/],
    ["a snapshot that is not there", 6, ["latest", "00000000"], /no snapshot "00000000"/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const ended = await machine.varve("diff", ...args);
      assert.deepEqual([ended.status, ended.out], [status, ""], ended.err);
      assert.match(ended.err, words);
    });
  }

  it("ends with 3 where something on disk could not be read", {
    skip: CANNOT_BIND,
  }, async () => {
    const tree = join(machine.home, "closed");
    mkdirSync(join(tree, "inner"), { recursive: true });
    writeFileSync(join(tree, "inner/file"), "");
    succeeded(await machine.varve("backup", tree));
    chmodSync(join(tree, "inner"), 0o000);
    const ended = await machine.run(["diff", "latest", tree, "--metadata", "--json"], {
      under: BOUND,
    });
    chmodSync(join(tree, "inner"), 0o755);
    assert.equal(ended.status, 3, ended.err);
    const events = objectsOf(ended).map(({ event, path }) => `${event} ${path ?? ""}`);
    // A problem is told at once, lines in larger pieces.
    assert.deepEqual(events.sort(), ["compared ", "difference inner", "problem inner"]);
  });
});

describe("diff on a damaged repository", () => {
  it("ends with 7, and names what is damaged", async () => {
    const spoilt = new Machine();
    succeeded(await spoilt.varve("backup", source));
    writeFileSync(join(source, "late"), "");
    succeeded(await spoilt.varve("backup", source));
    const ids = objectsOf(await spoilt.varve("snapshots", "--json")).map(({ id }) => String(id));
    for (const pack of filesBelow(join(spoilt.repository, "packs"))) flipByte(pack, 100);
    const { status, err } = await spoilt.varve("diff", ids[0] ?? "", ids[1] ?? "");
    assert.equal(status, 7, err);
    assert.match(err, /is damaged/);
  });
});
