import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readXattrs } from "../../src/disk/xattrs.ts";
import { CorruptError, UnavailableError, UsageError } from "../../src/errors.ts";
import type { ContentChunk } from "../../src/format/content.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { DirectoryEntry, Entry, FileEntry } from "../../src/format/tree.ts";
import type { Conflict } from "../../src/restore/conflict.ts";
import { CONFLICTS } from "../../src/restore/conflict.ts";
import type { Spot } from "../../src/restore/ground.ts";
import { Ground } from "../../src/restore/ground.ts";
import { Maker } from "../../src/restore/making.ts";
import type { Restored } from "../../src/restore/restore.ts";
import { restore } from "../../src/restore/restore.ts";
import type { Writers } from "../../src/restore/writers.ts";
import { inlineWriters } from "../../src/restore/writers.ts";
import { randomBytes } from "../support/random.ts";
import type { RestoreOptions } from "../support/restore-task.ts";
import { restoreTask } from "../support/restore-task.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { COMMON, SEGMENT_BYTES, Shelf, symlink } from "../support/shelf.ts";
import { missingTool, told } from "../support/tools.ts";

interface Options extends RestoreOptions {
  /** Before anything is written. */
  readonly meanwhile?: () => void;
}

interface Outcome extends Restored {
  readonly problems: string[];
  readonly kept: string[];
}

async function restoreTo(
  to: string,
  shelf: Shelf,
  root: Entry,
  { meanwhile = () => {}, ...options }: Options = {},
): Promise<Outcome> {
  const means = await shelf.means();
  const inline = inlineWriters(means);
  const writers: Writers = {
    ...inline,
    write: (unit) => {
      meanwhile();
      return inline.write(unit);
    },
  };
  const problems: string[] = [];
  const kept: string[] = [];
  const restored = await restore(await restoreTask(root, to, means, options), means, writers, {
    problem: ({ path, message }) => problems.push(`${path}: ${message}`),
    progress() {},
    kept: (path) => kept.push(path),
  });
  return { ...restored, problems, kept };
}

const TIME = Number(COMMON.mtime / 1_000_000_000n);

/** A tree with one file `f`. */
function oneFile(content = "new"): { shelf: Shelf; root: DirectoryEntry; to: string } {
  const shelf = new Shelf();
  const root = shelf.directory("", shelf.file("f", Buffer.from(content)));
  shelf.close();
  return { shelf, root, to: scratchDirectory() };
}

function linked<E extends Entry>(entry: E, link: string, links: number): E {
  return { ...entry, link, links };
}

describe("a file that is there already", () => {
  /** What `f` is afterwards, and whether it was kept, refused or replaced. */
  async function meet(conflict: Conflict, there: string, age: "older" | "newer" | "equal") {
    const { shelf, root, to } = oneFile();
    const path = join(to, "f");
    writeFileSync(path, there);
    const seconds = { older: TIME - 10, newer: TIME + 10, equal: TIME + 0.5 }[age];
    utimesSync(path, seconds, seconds);
    const { ino } = statSync(path);
    try {
      const { kept } = await restoreTo(to, shelf, root, { conflict });
      assert.deepEqual(kept, statSync(path).ino === ino ? ["f"] : []);
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, /f is there already/);
      return ["refused", readFileSync(path, "utf8")];
    }
    return [statSync(path).ino === ino ? "kept" : "replaced", readFileSync(path, "utf8")];
  }

  for (const [conflict, age, there, verdict] of [
    ["abort", "older", "old", ["refused", "old"]],
    ["abort", "equal", "new", ["refused", "new"]],
    ["skip", "older", "old", ["kept", "old"]],
    ["overwrite", "newer", "new", ["replaced", "new"]],
    ["overwrite", "newer", "old", ["replaced", "new"]],
    ["update", "older", "old", ["replaced", "new"]],
    ["update", "newer", "old", ["kept", "old"]],
    ["identical", "newer", "old", ["replaced", "new"]],
    ["identical", "newer", "longer than it was", ["replaced", "new"]],
    ["identical", "older", "new", ["kept", "new"]],
  ] as const) {
    it(`is ${verdict[0]} by ${conflict} if it is ${age} and has "${there}"`, async () => {
      assert.deepEqual(await meet(conflict, there, age), verdict);
    });
  }

  it("gets the snapshot's metadata if it is identical, and is not written", async () => {
    const { shelf, root, to } = oneFile();
    writeFileSync(join(to, "f"), "new");
    chmodSync(join(to, "f"), 0o400);
    const { totals } = await restoreTo(to, shelf, root, { conflict: "identical" });
    const stats = lstatSync(join(to, "f"), { bigint: true });
    assert.deepEqual([stats.mode & 0o7777n, stats.mtimeNs], [0o644n, COMMON.mtime]);
    assert.deepEqual([totals.files, totals.kept], [0, 1]);
  });

  it("is not touched at all if it has that already, nor what else is as it was", async () => {
    const shelf = new Shelf();
    const fifo = { ...COMMON, type: "fifo" as const, name: "p" as RawName };
    const inner = shelf.directory("d", shelf.file("f", Buffer.from("f")), symlink("l", "x"), fifo);
    const root = shelf.directory("", inner);
    shelf.close();
    const to = scratchDirectory();
    await restoreTo(to, shelf, root);
    const times = () =>
      ["", "d", "d/f", "d/l", "d/p"].map(
        (name) => lstatSync(join(to, name), { bigint: true }).ctimeNs,
      );
    const before = times();
    const { kept } = await restoreTo(to, shelf, root, { conflict: "identical" });
    assert.deepEqual(kept.sort(), ["d/f", "d/l", "d/p"]);
    assert.deepEqual(times(), before);
  });

  it("gets its mode back if it is a FIFO", async () => {
    const shelf = new Shelf();
    const fifo = { ...COMMON, type: "fifo" as const, name: "p" as RawName };
    const root = shelf.directory("", fifo);
    shelf.close();
    const to = scratchDirectory();
    await restoreTo(to, shelf, root);
    chmodSync(join(to, "p"), 0o600);
    const { kept } = await restoreTo(to, shelf, root, { conflict: "identical" });
    assert.deepEqual(kept, ["p"]);
    assert.equal(lstatSync(join(to, "p")).mode & 0o7777, 0o644);
  });

  it("is replaced if it is identical, but has other names that would be changed with it", async () => {
    const { shelf, root, to } = oneFile();
    writeFileSync(join(to, "f"), "new");
    const twin = join(scratchDirectory(), "somebody else's");
    linkSync(join(to, "f"), twin);
    chmodSync(twin, 0o600);
    await restoreTo(to, shelf, root, { conflict: "identical" });
    assert.equal(statSync(twin).mode & 0o777, 0o600);
    assert.equal(statSync(join(to, "f")).mode & 0o777, 0o644);
    assert.equal(statSync(twin).nlink, 1);
  });

  it("is met again by a restore that is repeated, and kept by update and identical", async () => {
    for (const conflict of ["update", "identical"] as const) {
      const { shelf, root, to } = oneFile();
      await restoreTo(to, shelf, root, { conflict });
      const { totals, kept } = await restoreTo(to, shelf, root, { conflict });
      assert.deepEqual([totals.files, kept], [0, ["f"]], conflict);
    }
  });

  it("is a link that leads nowhere, and no reason to die (Brackup's fault 4.4)", async () => {
    for (const conflict of CONFLICTS) {
      const { shelf, root, to } = oneFile();
      symlinkSync("nowhere", join(to, "f"));
      if (conflict === "abort") {
        await assert.rejects(restoreTo(to, shelf, root, { conflict }), /f is there already/);
        continue;
      }
      await restoreTo(to, shelf, root, { conflict });
      const isLink = lstatSync(join(to, "f")).isSymbolicLink();
      // Its time is now: the link is newer.
      assert.equal(isLink, conflict === "skip" || conflict === "update", conflict);
      assert.ok(!existsSync(join(to, "nowhere")));
    }
  });

  it("is half of what it should be only under a name that skip does not keep (4.4)", async () => {
    const { shelf, root, to } = oneFile();
    await restoreTo(to, shelf, root);
    assert.deepEqual(readdirSync(to), ["f"]);
    // An earlier restore that was killed leaves such things, and they are in nobody's way.
    writeFileSync(join(to, ".varve-partial-0123456789ab-1"), "ne");
    await restoreTo(to, shelf, root, { conflict: "skip" });
    assert.equal(readFileSync(join(to, "f"), "utf8"), "new");
  });
});

describe("a link that is there already", () => {
  it("is kept if it is identical, and replaced if it is not", async () => {
    const shelf = new Shelf();
    const root = shelf.directory("", symlink("a", "x"), symlink("b", "x"));
    shelf.close();
    const to = scratchDirectory();
    symlinkSync("x", join(to, "a"));
    symlinkSync("y", join(to, "b"));
    const { kept } = await restoreTo(to, shelf, root, { conflict: "identical" });
    assert.deepEqual(kept, ["a"]);
    assert.deepEqual([readlinkSync(join(to, "a")), readlinkSync(join(to, "b"))], ["x", "x"]);
    assert.equal(lstatSync(join(to, "a"), { bigint: true }).mtimeNs, COMMON.mtime);
  });
});

describe("something in the place of a directory", () => {
  function twoFiles() {
    const shelf = new Shelf();
    const d = shelf.directory("d", shelf.file("f", Buffer.from("f")));
    const root = shelf.directory("", d, shelf.file("g", Buffer.from("g")));
    shelf.close();
    const to = scratchDirectory();
    writeFileSync(join(to, "d"), "a file");
    return { shelf, root, to };
  }

  it("is left by skip, with all that would be in it", async () => {
    const { shelf, root, to } = twoFiles();
    const { kept } = await restoreTo(to, shelf, root, { conflict: "skip" });
    assert.deepEqual([readFileSync(join(to, "d"), "utf8"), kept], ["a file", ["d"]]);
    assert.equal(readFileSync(join(to, "g"), "utf8"), "g");
  });

  it("is a problem of that directory, where errors are collected", async () => {
    const { shelf, root, to } = twoFiles();
    const { problems } = await restoreTo(to, shelf, root, { onError: "continue" });
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /^d: .*d is there already/);
    assert.equal(readFileSync(join(to, "g"), "utf8"), "g");
  });
});

describe("a directory that is there already", () => {
  it("keeps its mode and time by skip, and gets the snapshot's otherwise", async () => {
    for (const conflict of CONFLICTS) {
      const shelf = new Shelf();
      const root = shelf.directory("", shelf.directory("d"));
      shelf.close();
      const to = scratchDirectory();
      mkdirSync(join(to, "d"), 0o711);
      await restoreTo(to, shelf, root, { conflict });
      const { mode } = statSync(join(to, "d"));
      assert.equal(mode & 0o777, conflict === "skip" ? 0o711 : 0o755, conflict);
    }
  });
});

describe("an ACL that a directory gives to what is made in it", {
  skip: missingTool("setfacl"),
}, () => {
  it("is on nothing that is restored, nor on the directory that is made for it", async () => {
    const shelf = new Shelf();
    const fifo = { ...COMMON, type: "fifo" as const, name: "p" as RawName };
    const inner = shelf.directory("d", shelf.file("g", Buffer.from("g")));
    const big = shelf.file("big", randomBytes(1, SEGMENT_BYTES), randomBytes(2, SEGMENT_BYTES));
    const root = shelf.directory("", big, inner, shelf.file("f", Buffer.from("f")), fifo);
    shelf.close();
    const giving = scratchDirectory();
    told(["setfacl", "-m", "d:u:7:rwx", giving]);
    await restoreTo(join(giving, "made"), shelf, root);
    await restoreTo(giving, shelf, root);
    const names = ["", "big", "d", "d/g", "f", "p"];
    for (const name of ["made", ...names, ...names.map((inside) => join("made", inside))]) {
      assert.deepEqual(readXattrs(join(giving, name) as RawName), [], name);
    }
  });
});

describe("names of one file", () => {
  /** A tree of `a`, `d/b` and `e`, which are one file. */
  function threeNames() {
    const content = Buffer.from("shared");
    const shelf = new Shelf();
    const [a, b, e] = ["a", "b", "e"].map((name) => linked(shelf.file(name, content), "0:1", 3));
    const d = shelf.directory("d", b as FileEntry);
    const root = shelf.directory("", a as FileEntry, d, e as FileEntry);
    const [{ id }] = (a as FileEntry).content.chunks as [ContentChunk];
    return { shelf: shelf.close(), root, to: scratchDirectory(), id };
  }

  const inodeOf = (to: string, name: string): number => statSync(join(to, name)).ino;

  it("are links to the first again", async () => {
    const { shelf, root, to } = threeNames();
    const { totals } = await restoreTo(to, shelf, root);
    assert.equal(statSync(join(to, "a")).nlink, 3);
    assert.equal(inodeOf(to, "d/b"), inodeOf(to, "a"));
    assert.equal(inodeOf(to, "e"), inodeOf(to, "a"));
    assert.equal(totals.files, 3);
    assert.equal(statSync(join(to, "d"), { bigint: true }).mtimeNs, COMMON.mtime);
    assert.deepEqual(readdirSync(to).sort(), ["a", "d", "e"]);
  });

  it("are links to each other if only some are asked for", async () => {
    const { shelf, root, to } = threeNames();
    await restoreTo(to, shelf, root, { patterns: ["d", "e"] });
    assert.equal(statSync(join(to, "e")).nlink, 2);
    assert.equal(inodeOf(to, "d/b"), inodeOf(to, "e"));
  });

  it("are never links to what was there before", async () => {
    for (const conflict of ["skip", "update", "identical"] as const) {
      const { shelf, root, to } = threeNames();
      const path = join(to, "a");
      writeFileSync(path, "shared");
      utimesSync(path, TIME + 10, TIME + 10);
      const before = statSync(path).ino;
      await restoreTo(to, shelf, root, { conflict });
      assert.notEqual(inodeOf(to, "d/b"), before, conflict);
      assert.equal(inodeOf(to, "d/b"), inodeOf(to, "e"), conflict);
    }
  });

  it("are one file again where only some of them are there", async () => {
    for (const conflict of ["update", "identical"] as const) {
      for (const missing of ["a", "d/b", "e"]) {
        const { shelf, root, to } = threeNames();
        await restoreTo(to, shelf, root);
        rmSync(join(to, missing));
        await restoreTo(to, shelf, root, { conflict });
        assert.equal(statSync(join(to, "a")).nlink, 3, `${conflict}, ${missing}`);
        assert.equal(inodeOf(to, "d/b"), inodeOf(to, "a"));
        assert.equal(inodeOf(to, "e"), inodeOf(to, "a"));
        const { kept } = await restoreTo(to, shelf, root, { conflict });
        assert.deepEqual(kept, ["a", "d/b", "e"]);
      }
    }
  });

  it("are no links to what has taken the first one's place", () => {
    const to = scratchDirectory();
    const ground = new Ground(to as RawName, "abort");
    const maker = new Maker(ground);
    const { directory } = ground.enterRoot();
    const spot = (name: string): Spot => ({ directory, name: name as RawName });
    const metadata = { ...COMMON, owner: undefined, xattrs: undefined };
    const finish = { metadata, clash: "refused" as const };
    const made = maker.finishFile(maker.beginFile(spot("a"), 0), spot("a"), finish);
    renameSync(join(to, "a"), join(to, "aside"));
    writeFileSync(join(to, "a"), "another's");
    const link = () => maker.link(spot("a"), made, { spot: spot("b"), clash: "refused" });
    assert.throws(link, (error: Error) => {
      assert.ok(error instanceof UnavailableError);
      assert.match(error.message, /a was replaced by something else meanwhile/);
      return true;
    });
    ground.close();
    assert.deepEqual(readdirSync(to).sort(), ["a", "aside"]);
  });

  it("all fail if the content is damaged, and each is told", async () => {
    const { shelf, root, to, id } = threeNames();
    shelf.places.delete(id);
    const { problems } = await restoreTo(to, shelf, root, { onError: "continue" });
    assert.deepEqual(problems.map((text) => text.split(":")[0]).sort(), ["a", "d/b", "e"]);
    assert.deepEqual(readdirSync(to), ["d"]);
    await assert.rejects(restoreTo(scratchDirectory(), shelf, root), CorruptError);
  });

  it("can be those of a link or a FIFO", async () => {
    const shelf = new Shelf();
    const fifo = { ...COMMON, type: "fifo" as const };
    const root = shelf.directory(
      "",
      linked({ ...fifo, name: "f1" as RawName }, "0:2", 2),
      linked({ ...fifo, name: "f2" as RawName }, "0:2", 2),
      linked(symlink("l1", "x"), "0:3", 2),
      linked(symlink("l2", "x"), "0:3", 2),
    );
    shelf.close();
    const to = scratchDirectory();
    const { totals } = await restoreTo(to, shelf, root);
    assert.equal(totals.others, 4);
    for (const [one, two] of [
      ["f1", "f2"],
      ["l1", "l2"],
    ] as const) {
      assert.equal(lstatSync(join(to, one)).ino, lstatSync(join(to, two)).ino);
    }
    assert.ok(lstatSync(join(to, "f1")).isFIFO());
    assert.equal(lstatSync(join(to, "f1")).mode & 0o777, 0o644);
  });
});

describe("holes", () => {
  it("come back, wherever chunks are cut", async () => {
    const pieces = [randomBytes(1, 5000), randomBytes(2, 3000)];
    const data = Buffer.concat(pieces);
    for (const holes of [
      [[0, 100_000]],
      [[8000, 1_000_000]],
      [[5000, 40_960]],
      [
        [0, 4096],
        [5000, 4096],
        [10_000, 300_000],
        [310_001, 8192],
      ],
    ] as [number, number][][]) {
      const shelf = new Shelf();
      const file = { ...shelf.file("f", ...pieces), holes };
      const root = shelf.directory("", file);
      shelf.close();
      const to = scratchDirectory();
      const expected: Buffer[] = [];
      let taken = 0;
      let at = 0;
      for (const [offset, length] of holes) {
        expected.push(data.subarray(taken, taken + offset - at), Buffer.alloc(length));
        taken += offset - at;
        at = offset + length;
      }
      expected.push(data.subarray(taken));
      const { totals } = await restoreTo(to, shelf, root);
      const found = readFileSync(join(to, "f"));
      assert.ok(found.equals(Buffer.concat(expected)), JSON.stringify(holes));
      assert.equal(totals.bytes, found.length);
      const again = await restoreTo(to, shelf, root, { conflict: "identical" });
      assert.deepEqual(again.kept, ["f"]);
    }
  });

  it("are all that a file may have, and take no room", async () => {
    const shelf = new Shelf();
    const file: FileEntry = { ...shelf.file("f"), holes: [[0, 10_000_000_000]] };
    const root = shelf.directory("", file);
    shelf.close();
    const to = scratchDirectory();
    await restoreTo(to, shelf, root);
    const { size, blocks } = statSync(join(to, "f"));
    assert.equal(size, 10_000_000_000);
    assert.ok(blocks < 100, String(blocks));
  });
});

describe("errors that are collected", () => {
  it("leave everything else restored, and name what is not", async () => {
    const shelf = new Shelf();
    const lost = shelf.file("lost", randomBytes(1, 4 * SEGMENT_BYTES));
    const good = shelf.file("good", Buffer.from("good"));
    const bad = shelf.directory("bad", shelf.file("x", Buffer.from("x")));
    const root = shelf.directory("", bad, good, symlink("l", ""), lost, shelf.file("taken"));
    shelf.close();
    for (const entry of [lost, bad]) {
      const [chunk] = entry.content.chunks as [ContentChunk];
      shelf.places.delete(chunk.id);
    }
    const to = scratchDirectory();
    mkdirSync(join(to, "taken"));
    const { problems, totals } = await restoreTo(to, shelf, root, { onError: "continue" });
    assert.deepEqual(problems.map((text) => text.split(":")[0]).sort(), [
      "bad",
      "l",
      "lost",
      "taken",
    ]);
    assert.equal(readFileSync(join(to, "good"), "utf8"), "good");
    assert.deepEqual(readdirSync(to).sort(), ["bad", "good", "taken"]);
    assert.equal(totals.files, 1);
  });

  it("do not hide that no space is left", async () => {
    const { shelf, root, to } = oneFile();
    const means = await shelf.means();
    const writers: Writers = {
      width: 1,
      write: async () => ({
        failures: [{ file: 0, kind: "full", message: "no space is left" }],
        refused: [],
      }),
      close: async () => {},
    };
    const task = await restoreTask(root, to, means, { onError: "continue" });
    const listener = { problem: () => assert.fail(), progress() {}, kept() {} };
    await assert.rejects(restore(task, means, writers, listener), (error: Error) => {
      assert.ok(error instanceof UnavailableError);
      assert.match(error.message, /no space is left/);
      return true;
    });
  });
});

describe("somebody who swaps things in while they are restored", () => {
  /** `d/f`, with `d` swapped for a link once it is made and before anything is written in it. */
  async function swap(content: Uint8Array[], onError: RestoreOptions["onError"] = "abort") {
    const shelf = new Shelf();
    const root = shelf.directory("", shelf.directory("d", shelf.file("f", ...content)));
    shelf.close();
    const to = scratchDirectory();
    const outside = scratchDirectory();
    let swapped = false;
    const meanwhile = (): void => {
      if (swapped) return;
      swapped = true;
      renameSync(join(to, "d"), join(to, "aside"));
      symlinkSync(outside, join(to, "d"));
    };
    const outcome = await restoreTo(to, shelf, root, { meanwhile, ...(onError && { onError }) });
    assert.ok(swapped);
    return { outside, to, outcome };
  }

  it("leads nothing outside: a whole file", async () => {
    const { outside, to } = await swap([Buffer.from("f")]);
    assert.deepEqual(readdirSync(outside), []);
    assert.equal(readFileSync(join(to, "aside/f"), "utf8"), "f");
  });

  it("leads nothing outside: a file of pieces", async () => {
    const { outside, to } = await swap([randomBytes(1, 5000), randomBytes(2, 5000)]);
    assert.deepEqual(readdirSync(outside), []);
    assert.deepEqual(readdirSync(join(to, "aside")), ["f"]);
  });

  it("is told where a directory had been closed meanwhile", async () => {
    // More directories than are kept open: the first has to be opened again to be finished.
    const shelf = new Shelf();
    let deepest: Entry = shelf.file("f", Buffer.from("f"));
    for (let depth = 0; depth < 300; depth++) deepest = shelf.directory("d", deepest);
    const root = shelf.directory("", deepest);
    shelf.close();
    const to = scratchDirectory();
    const outside = scratchDirectory();
    const meanwhile = (): void => {
      renameSync(join(to, "d"), join(to, "aside"));
      symlinkSync(outside, join(to, "d"));
    };
    await assert.rejects(restoreTo(to, shelf, root, { meanwhile }), (error: Error) => {
      assert.ok(error instanceof UnavailableError, String(error));
      assert.match(error.message, /ENOTDIR|ELOOP|replaced/);
      return true;
    });
    assert.deepEqual(readdirSync(outside), []);
  });
});

describe("a directory that was new", () => {
  it("has nothing replaced in it: another name may be the same to the file system", async () => {
    for (const conflict of CONFLICTS) {
      const shelf = new Shelf();
      const linked = { link: "0:1", links: 2 };
      const inner = [
        shelf.file("a", Buffer.from("a")),
        { ...shelf.file("b", Buffer.from("b")), ...linked },
        symlink("l", "x"),
      ];
      const root = shelf.directory("", shelf.directory("d", ...inner));
      shelf.close();
      const to = scratchDirectory();
      let isDone = false;
      const meanwhile = (): void => {
        if (isDone) return;
        isDone = true;
        for (const name of ["a", "b"]) writeFileSync(join(to, "d", name), "theirs");
      };
      const { problems } = await restoreTo(to, shelf, root, {
        meanwhile,
        conflict,
        onError: "continue",
      });
      assert.deepEqual(problems.map((text) => text.split(":")[0]).sort(), ["d/a", "d/b"]);
      for (const text of problems)
        assert.match(text, /is there already, in a directory that was new/);
      assert.deepEqual(readdirSync(join(to, "d")).sort(), ["a", "b", "l"]);
      assert.equal(readFileSync(join(to, "d/a"), "utf8"), "theirs");
      assert.equal(readFileSync(join(to, "d/b"), "utf8"), "theirs");
    }
  });

  it("has nothing entered in it that it did not make", () => {
    const to = scratchDirectory();
    const shelf = new Shelf();
    for (const conflict of CONFLICTS) {
      const ground = new Ground(to as RawName, conflict);
      const made = ground.enter(ground.enterRoot(), shelf.directory(conflict));
      assert.ok(made?.isMade);
      mkdirSync(join(to, conflict, "README"));
      const enter = () => ground.enter(made, shelf.directory("README"));
      assert.throws(enter, /README is there already, in a directory that was new/);
      ground.close();
    }
  });
});

describe("a tree that is deeper than a path may be long", () => {
  it("is restored", async () => {
    const shelf = new Shelf();
    const name = "n".repeat(250);
    let inner: Entry = shelf.file("f", Buffer.from("deep"));
    for (let depth = 0; depth < 40; depth++) inner = shelf.directory(name, inner);
    const root = shelf.directory("", inner);
    shelf.close();
    const to = scratchDirectory();
    const { totals, problems } = await restoreTo(to, shelf, root);
    assert.deepEqual([totals.files, totals.directories, problems], [1, 41, []]);
    let at = to;
    for (let depth = 0; depth < 12; depth++) at = join(at, name);
    assert.deepEqual(readdirSync(at), [name]);
  });
});
