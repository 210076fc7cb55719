/**
 * A tree that changes while it is backed up: what could not be stored as it was
 * is told by name, all else is stored, and the next run stores the rest.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { describe, it } from "node:test";
import { randomBytes } from "../support/random.ts";
import type { Moved } from "../support/restless.ts";
import { assertSame, assertStored, Restless, sha1Of } from "../support/restless.ts";
import { scratchDirectory } from "../support/scratch.ts";

const OLD = randomBytes(1, 30_000);
const NEW = randomBytes(2, 30_000);

/** A source of files with the same content, below directories that are made for them. */
async function sourceOf(...names: readonly string[]): Promise<Restless> {
  const world = await Restless.make();
  mkdirSync(world.source);
  for (const name of names) {
    mkdirSync(world.path(name).replace(/[^/]*$/, ""), { recursive: true });
    writeFileSync(world.path(name), OLD);
  }
  return world;
}

/** Something else in the place of a file, under a new inode. */
function replace(path: string, content: Uint8Array | string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

describe("a file that changes between the walk and its reading", () => {
  const changes: Record<string, (path: string) => void> = {
    grows: (path) => appendFileSync(path, NEW),
    shrinks: (path) => truncateSync(path, 1000),
    "is emptied": (path) => truncateSync(path, 0),
    "is overwritten, and its time put back": (path) => {
      const { atime, mtime } = lstatSync(path);
      writeFileSync(path, NEW);
      utimesSync(path, atime, mtime);
    },
    "gets another mode": (path) => chmodSync(path, 0o4711),
    "is replaced": (path) => replace(path, NEW),
    "is replaced by a copy with its time": (path) => {
      const { atime, mtime } = lstatSync(path);
      replace(path, NEW);
      utimesSync(path, atime, mtime);
    },
  };
  for (const [how, change] of Object.entries(changes)) {
    it(`and ${how}, is stored as it is by then, and remembered as that`, async () => {
      const world = await sourceOf("a", "b", "c");
      const { tree, problems } = await world.backUp({
        seen: (path) => {
          if (path === "c") change(world.path("a"));
        },
      });
      assert.deepEqual(problems, []);
      assertStored(tree, world.source);
      assert.deepEqual(await world.wouldRead(), []);
      await world.settles();
    });
  }

  it("and vanishes, is told by its name", async () => {
    const world = await sourceOf("a", "b", "c");
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path === "a") rmSync(world.path("b"));
        if (path === "c") rmSync(world.path("a"));
      },
    });
    assert.deepEqual(problems.toSorted(), problems.toReversed());
    assert.match(problems.join("\n"), /^b: cannot look at it: ENOENT.*\na: cannot open it: ENOENT/);
    assertStored(tree, world.source);
    await world.settles();
  });

  it("and becomes a link, a pipe or a directory, is told by its name and not followed", async () => {
    const elsewhere = scratchDirectory();
    writeFileSync(`${elsewhere}/secret`, "secret");
    for (const other of [
      (path: string) => symlinkSync(`${elsewhere}/secret`, path),
      (path: string) => void spawnSync("mkfifo", [path]),
      (path: string) => mkdirSync(path),
    ]) {
      const world = await sourceOf("a", "b");
      const { tree, problems } = await world.backUp({
        seen: (path) => {
          if (path !== "b") return;
          rmSync(world.path("a"));
          other(world.path("a"));
        },
      });
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", /^a: (cannot open it|it is no file any more)/);
      assert.deepEqual([...tree.keys()], ["", "b"]);
      assertSame(tree.get("b"), world.path("b"));
    }
  });

  it("and cannot be read any more, is told by its name", async (t) => {
    if (process.getuid?.() === 0) {
      t.skip("root may read anything");
      return;
    }
    const world = await sourceOf("a", "b");
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path === "b") chmodSync(world.path("a"), 0);
      },
    });
    assert.match(problems.join("\n"), /^a: cannot open it: EACCES[^\n]*$/);
    assert.deepEqual([...tree.keys()], ["", "b"]);
    chmodSync(world.path("a"), 0o644);
    await world.settles();
  });
});

describe("a file that changes after it was read", () => {
  it("is stored right by the next run: BRACKUP.md 6.1, the file grows or changes after hashing", async () => {
    const changes: ((path: string) => void)[] = [
      (path) => appendFileSync(path, NEW),
      (path) => truncateSync(path, 7),
      (path) => writeFileSync(path, NEW),
      (path) => {
        const { atime, mtime } = lstatSync(path);
        writeFileSync(path, NEW);
        utimesSync(path, atime, mtime);
      },
      (path) => replace(path, NEW),
    ];
    for (const change of changes) {
      const world = await sourceOf("a", "b");
      let isChanged = false;
      const { tree, problems } = await world.backUp({
        done: (files) => {
          if (files === 0 || isChanged) return;
          isChanged = true;
          change(world.path("a"));
        },
      });
      assert.ok(isChanged);
      assert.deepEqual(problems, []);
      assert.equal(tree.get("a")?.sha1, sha1Of(OLD));
      // Nothing of it passes for the new one, in this run or any other.
      assert.deepEqual(await world.wouldRead(), ["a"]);
      await world.settles();
      await world.settles();
    }
  });
});

describe("a directory that changes while it is walked", () => {
  /** A directory elsewhere, with names that the source has as well. */
  function elsewhere(...names: readonly string[]): string {
    const path = scratchDirectory();
    for (const name of names) writeFileSync(`${path}/${name}`, "of elsewhere");
    return path;
  }

  it("and is swapped for a link, is left out: nothing of elsewhere is stored", async () => {
    const world = await sourceOf("d/a", "d/b", "d/c", "e");
    const other = elsewhere("a", "b", "c");
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path !== "d/a") return;
        renameSync(world.path("d"), world.path("was"));
        symlinkSync(other, world.path("d"));
      },
    });
    assert.deepEqual(problems, ["d: it was replaced while it was read"]);
    assert.deepEqual([...tree.keys()], ["", "e"]);
    rmSync(world.path("d"));
    renameSync(world.path("was"), world.path("d"));
    await world.settles();
  });

  it("and is swapped for another directory, is left out, and stored by the next run", async () => {
    const world = await sourceOf("d/a", "d/b", "d/in/c", "e");
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path !== "d/a") return;
        renameSync(world.path("d"), world.path("was"));
        mkdirSync(world.path("d"));
        writeFileSync(world.path("d/b"), NEW);
      },
    });
    assert.deepEqual(problems, ["d: it was replaced while it was read"]);
    assert.deepEqual([...tree.keys()], ["", "e"]);
    await world.settles();
  });

  it("and is renamed, is told once, and not once a name", async () => {
    const names = Array.from({ length: 300 }, (_, at) => `d/${1000 + at}`);
    const world = await sourceOf(...names, "e");
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path === "d/1270") renameSync(world.path("d"), world.path("c"));
      },
    });
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", /^d: it went away while it was read: ENOENT/);
    assert.deepEqual([...tree.keys()], ["", "e"]);
    await world.settles();
  });

  it("and is renamed with the directory above it, is told with that", async () => {
    const world = await sourceOf("d/a", "d/in/b", "d/in/c", "d/z", "e");
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path === "d/in/b") renameSync(world.path("d"), world.path("c"));
      },
    });
    assert.deepEqual(
      problems.map((problem) => problem.replace(/: ENOENT.*/, "")),
      ["d/in: it went away while it was read", "d: it went away while it was read"],
    );
    assert.deepEqual([...tree.keys()], ["", "e"]);
    await world.settles();
  });

  it("and is renamed before its files are read, has no files of elsewhere", async () => {
    const world = await sourceOf("d/a", "d/in/b", "e");
    const other = elsewhere("a");
    mkdirSync(`${other}/in`);
    writeFileSync(`${other}/in/b`, "of elsewhere");
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path !== "e") return;
        renameSync(world.path("d"), world.path("was"));
        symlinkSync(other, world.path("d"));
      },
    });
    assert.equal(problems.length, 2);
    for (const problem of problems) assert.match(problem, /^d\/(a|in\/b): cannot open it: E/);
    assert.deepEqual([...tree.keys()], ["", "d", "d/in", "e"]);
  });

  it("and vanishes before it is listed, is told, and not stored as if it were empty", async () => {
    const world = await sourceOf("d/a", "e");
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path === "d") rmSync(world.path("d"), { recursive: true });
      },
    });
    assert.match(problems[0] ?? "", /^d: cannot list it: ENOENT/);
    assert.deepEqual([...tree.keys()], ["", "e"]);
    await world.settles();
  });

  it("and is the source, is told, and what was found is kept", async () => {
    const world = await Restless.make();
    const other = elsewhere("a", "b", "c");
    const first = scratchDirectory();
    for (const name of ["a", "b", "c"]) writeFileSync(`${first}/${name}`, OLD);
    symlinkSync(first, world.source);
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path !== "b") return;
        rmSync(world.source);
        symlinkSync(other, world.source);
      },
    });
    assert.deepEqual(problems, [": it was replaced while it was read"]);
    assert.deepEqual([...tree.keys()], ["", "a", "b", "c"]);
    await world.settles();
  });
});

describe("a file with several names, while it changes", () => {
  /** Entries that say that they are one file have one content. */
  function assertConsistent(tree: Moved["tree"]): void {
    const contents = new Map<string, string | undefined>();
    for (const [path, { entry, sha1 }] of tree) {
      if (entry.type !== "file" || entry.link === undefined) continue;
      if (contents.has(entry.link)) assert.equal(sha1, contents.get(entry.link), path);
      contents.set(entry.link, sha1);
    }
  }

  it("and loses the name that it would be read by, is read by another", async () => {
    const world = await sourceOf("a", "z");
    for (const name of ["b", "c"]) linkSync(world.path("a"), world.path(name));
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path === "z") rmSync(world.path("a"));
      },
    });
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /^a: cannot open it: ENOENT/);
    assertStored(tree, world.source);
    assertConsistent(tree);
    await world.settles();
  });

  it("and has something else under the name that it would be read by, is read by another", async () => {
    const world = await sourceOf("a", "z");
    for (const name of ["b", "c"]) linkSync(world.path("a"), world.path(name));
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path === "z") replace(world.path("a"), NEW);
      },
    });
    assert.deepEqual(problems, []);
    assertStored(tree, world.source);
    assertConsistent(tree);
    const [a, b, c] = ["a", "b", "c"].map((name) => tree.get(name)?.entry);
    assert.ok(a?.type === "file" && b?.type === "file" && c?.type === "file");
    assert.equal(a.link, undefined);
    assert.equal(b.link, c.link);
    await world.settles();
  });

  it("and is overwritten between its names, has not two contents under one link", async () => {
    // More names than a batch of the walk has: the last are seen after the change.
    const world = await sourceOf("a");
    for (let at = 0; at < 300; at++) linkSync(world.path("a"), world.path(`b${1000 + at}`));
    const { tree, problems } = await world.backUp({
      seen: (path) => {
        if (path === "b1280") writeFileSync(world.path("a"), NEW);
      },
    });
    assert.deepEqual(problems, []);
    assertConsistent(tree);
    assert.equal(tree.get("b1299")?.sha1, sha1Of(NEW));
    await world.settles();
  });
});

describe("a tree that is written to all the time", () => {
  /**
   * Each file is all of one letter at any time: replaced, or written over in one call, or made
   * and removed; directories are renamed and come back.
   */
  const WRITER = `
    const fs = require("node:fs");
    const [root] = process.argv.slice(1);
    const fill = (turn) => Buffer.alloc(1000 + 7000 * (turn % 9), 97 + (turn % 26));
    let turn = 0;
    const attempt = (action) => { try { action(); } catch {} };
    const step = () => {
      turn += 1;
      const pick = root + "/d" + (turn % 3);
      attempt(() => { fs.writeFileSync(pick + "/new", fill(turn)); fs.renameSync(pick + "/new", pick + "/r" + (turn % 7)); });
      attempt(() => fs.writeFileSync(pick + "/t" + turn % 5, fill(turn)));
      attempt(() => fs.rmSync(pick + "/t" + (turn + 2) % 5));
      if (turn % 4 === 0) attempt(() => { fs.renameSync(pick, root + "/away"); fs.renameSync(root + "/away", pick); });
      setTimeout(step, turn % 3);
    };
    for (const at of [0, 1, 2]) fs.mkdirSync(root + "/d" + at, { recursive: true });
    process.send("begun");
    step();
  `;

  function assertWholeOrMarked({ tree, problems }: Moved): void {
    const files = [...tree].filter(([path]) => /^d\d\//.test(path));
    for (const [path, { entry, bytes }] of files) {
      if (entry.type !== "file") continue;
      const isTold = problems.some((problem) => problem.startsWith(`${path}: it changed`));
      const isWhole = bytes?.every((byte) => byte === bytes[0]);
      assert.ok(entry.torn ? isTold : isWhole, path);
    }
    for (const problem of problems) {
      assert.match(problem, /^(d\d|away|d\d\/[rt]\d|d\d\/new): [a-z]/);
    }
  }

  it("is stored each time: whole files, or marked and told; and right once it rests", async () => {
    const world = await sourceOf("rest/a", "rest/b");
    const writer = spawn(process.execPath, ["-e", WRITER, world.source], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const ended = once(writer, "exit");
    await once(writer, "message");
    const rounds = process.env["SLOW"] ? 100 : 5;
    try {
      for (let round = 0; round < rounds; round++) {
        const moved = await world.backUp();
        for (const name of ["rest/a", "rest/b"]) assertSame(moved.tree.get(name), world.path(name));
        assertWholeOrMarked(moved);
      }
    } finally {
      writer.kill();
      await ended;
    }
    await world.settles();
  });
});
