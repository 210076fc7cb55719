/**
 * Trees that no file system had, in snapshots that a host of the repository
 * made under his good signature: they are refused, or come out as harmless as
 * they can; nothing is written outside of --to, and no terminal obeys.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Content, ContentChunk } from "../../src/format/content.ts";
import { encodeContent, encodeListLine } from "../../src/format/content.ts";
import { encodeLines } from "../../src/format/lines.ts";
import type { RunName } from "../../src/format/names.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { DirectoryEntry } from "../../src/format/tree.ts";
import { snapshotId } from "../../src/repository/snapshots.ts";
import type { Ended } from "../support/command.ts";
import type { Lay } from "../support/forgery.ts";
import { forgeTree } from "../support/forgery.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { assertTells, succeeded } from "../support/verdicts.ts";
import type { World } from "../support/world.ts";
import { makeWorld } from "../support/world.ts";

const COMMON = { mode: "0644", uid: 0, gid: 0, mtime: "1600000000.000000000" };
const ROOT = {
  type: "directory",
  name: "" as RawName,
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: 0n,
} as const;
const EMPTY = { size: 0, chunks: [] };
const CONTENT = Buffer.from("what is in it\n");

let world: World;
before(async () => {
  world = await makeWorld();
});

/** A directory with these entries, as they stand in JSON. */
function directoryOf(lay: Lay, entries: readonly object[]): DirectoryEntry {
  const lines = encodeLines(entries.map((entry) => ({ ...COMMON, ...entry })));
  return { ...ROOT, content: contentOf(lay, lines) };
}

/** Bytes of any length, in chunks that nobody cuts. */
function contentOf(lay: Lay, bytes: Uint8Array): Content {
  const chunks: ContentChunk[] = [];
  for (let at = 0; at < bytes.length; at += 4000) chunks.push(lay(bytes.subarray(at, at + 4000)));
  return { size: bytes.length, depth: 0, chunks };
}

/** The content of a directory below the root. */
function innerOf(lay: Lay, ...entries: readonly object[]): object {
  return encodeContent(directoryOf(lay, entries).content);
}

function fileOf(lay: Lay, name: string, more: object = {}): object {
  return { type: "file", name, content: encodeContent(contentOf(lay, CONTENT)), ...more };
}

const forged = async (...entries: ((lay: Lay) => object)[]) =>
  await forgeTree(world, (lay) =>
    directoryOf(
      lay,
      entries.map((entry) => entry(lay)),
    ),
  );

/** Runs a command of the owner on a snapshot. */
function read(run: RunName, command: string, ...args: string[]): Promise<Ended> {
  return world.owner.varve(command, ...args, "--snapshot", snapshotId(run));
}

/** Restores into a new directory inside of another, in which nothing else may appear. */
async function restored(run: RunName): Promise<{ ended: Ended; to: string }> {
  const around = scratchDirectory();
  const to = join(around, "inside", "to");
  mkdirSync(to, { recursive: true });
  const ended = await read(run, "restore", "--to", to);
  assert.deepEqual(
    [readdirSync(around), readdirSync(join(around, "inside"))],
    [["inside"], ["to"]],
  );
  assert.doesNotMatch(ended.err, /fault of varve/);
  return { ended, to };
}

// What more such names there are, test/unit/resolve.test.ts tries.
describe("a tree with names that lead astray", () => {
  it("is refused by every command that reads it", async () => {
    const run = await forged((lay) => fileOf(lay, "../../escaped"));
    const { ended, to } = await restored(run);
    assertTells(ended, 'the directory ""');
    assert.deepEqual(readdirSync(to), []);
    for (const [command = "", ...args] of [["ls"], ["cat", "escaped"], ["verify", to]]) {
      assertTells(await read(run, command, ...args), 'the directory ""');
    }
  });

  it("is refused where a link has the name of what comes behind it", async () => {
    const run = await forged(
      () => ({ type: "symlink", name: "a", target: "../.." }),
      (lay) => ({ type: "directory", name: "a", content: innerOf(lay, fileOf(lay, "escaped")) }),
    );
    assertTells((await restored(run)).ended, "out of order");
  });
});

describe("an entry that no system has", () => {
  it("is refused: owners that would be obeyed or are none, devices and attributes out of bounds", async () => {
    const value = Buffer.from("v").toString("base64");
    for (const [spoilt, field] of [
      [{ user: "\u001b[2J" }, "user"],
      [{ uid: 2 ** 32 - 1 }, "uid"],
      [{ type: "block", device: [2 ** 32, 0] }, "device"],
      [{ link: "0:1", links: 1 }, "links"],
      [{ holes: [[99, 5]] }, "holes"],
      [{ xattrs: [{ name: "user.a\0", value }] }, "name"],
    ] as const) {
      const run = await forged((lay) => fileOf(lay, "a", spoilt));
      assertTells(await read(run, "ls"), `field "${field}"`);
    }
  });
});

describe("a tree of things that are, but should not be", () => {
  const FAR = "9999999999999999999.999999999";
  let run: RunName;
  before(async () => {
    run = await forged(
      (lay) => fileOf(lay, "A", { mtime: FAR, user: "\u202eada", group: "\u202e" }),
      () => ({ type: "symlink", name: "B", target: "/etc/passwd\u001b[2J", mtime: `-${FAR}` }),
      (lay) => fileOf(lay, "a", { mode: "7777", uid: 2 ** 32 - 2, gid: 2 ** 32 - 2 }),
      () => ({ type: "block", name: "c", device: [2 ** 32 - 1, 2 ** 32 - 1] }),
      () => ({ type: "directory", name: "d", content: EMPTY, mode: "0000", mtime: FAR }),
      () => ({ type: "fifo", name: "e\u001b[31m\u202etxt", uid: 2 ** 32 - 2 }),
      (lay) => fileOf(lay, "n".repeat(300)),
    );
  });

  it("is listed, and no terminal obeys", async () => {
    for (const flags of [["-l"], ["--json"]]) {
      const { out } = succeeded(await read(run, "ls", ...flags));
      assert.equal(out.split("\n").length, 8);
      assert.ok(!out.includes("\u001b"), out);
    }
  });

  it("is printed", async () => {
    assert.equal(succeeded(await read(run, "cat", "n".repeat(300))).out, String(CONTENT));
  });

  it("is restored as far as it can be, and what cannot is told", async () => {
    const { ended, to } = await restored(run);
    assert.ok(ended.status !== 0 && ended.status !== 1, ended.err);
    assert.ok(!ended.err.includes("\u001b"), ended.err);
    for (const name of readdirSync(to)) {
      assert.ok(["A", "B", "a", "d", "e\u001b[31m\u202etxt"].includes(name), name);
      if (name === "B") assert.equal(readlinkSync(join(to, name)), "/etc/passwd\u001b[2J");
      if (/^a$/i.test(name)) assert.ok(readFileSync(join(to, name)).equals(CONTENT));
    }
  });
});

describe("a tree that is deeper than a path can be long", () => {
  const NAME = "d".repeat(200);
  const DEPTH = 30;
  let run: RunName;
  before(async () => {
    run = await forgeTree(world, (lay) => {
      let inner = directoryOf(lay, [fileOf(lay, "f")]);
      for (let depth = 0; depth < DEPTH; depth++) {
        const content = encodeContent(inner.content);
        inner = directoryOf(lay, [{ type: "directory", name: NAME, content }]);
      }
      return inner;
    });
  });

  it("is listed to its end", async () => {
    const { out } = succeeded(await read(run, "ls", "**/f"));
    assert.equal(out, `${`${NAME}/`.repeat(DEPTH)}f\n`);
  });

  it("is restored, or what keeps it from that is told", async () => {
    const { ended, to } = await restored(run);
    assert.notEqual(ended.status, 1, ended.err);
    if (ended.status !== 0) assert.ok(ended.err.includes(NAME), ended.err);
    assert.deepEqual(readdirSync(to), [NAME]);
  });
});

describe("a file that is one chunk a million times a million", () => {
  const LEVELS = 7;
  const LINES = 50;
  const SIZE = 4000 * LINES ** LEVELS;
  let run: RunName;
  before(async () => {
    run = await forgeTree(world, (lay) => {
      let chunk = lay(Buffer.alloc(4000, "0123456789"));
      for (let level = 0; level < LEVELS; level++) {
        chunk = lay(encodeLines(Array(LINES).fill(encodeListLine(chunk))));
      }
      const content = encodeContent({ size: SIZE, depth: LEVELS, chunks: [chunk] });
      return directoryOf(lay, [{ type: "file", name: "f", content }]);
    });
  });

  it("is listed with its size", async () => {
    const { out } = succeeded(await read(run, "ls", "-l"));
    assert.ok(out.includes(` ${SIZE} `), out);
  });

  it("fills a disk, and is taken away again", (t) => {
    const to = scratchDirectory();
    const mount = `mount -t tmpfs -o size=4m none ${to}`;
    const inside = (command: string, ...args: string[]) =>
      spawnSync("unshare", ["-rm", "sh", "-c", `${mount} && ${command}`, to, ...args], {
        env: world.owner.variables,
        encoding: "utf8",
      });
    if (inside("true").status !== 0) return t.skip("no file system can be mounted here");
    const { status, stdout, stderr } = inside(
      '"$@"; echo "status $?"; find "$0" -type f',
      ...world.owner.commandLine("restore", "--to", to, "--snapshot", snapshotId(run)),
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout, /status 4\n$/, stderr);
    assert.doesNotMatch(stderr, /fault of varve/);
  });
});
