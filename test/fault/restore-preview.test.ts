import assert from "node:assert/strict";
import { mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { NotFoundError, UnavailableError } from "../../src/errors.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import type { Conflict } from "../../src/restore/conflict.ts";
import { CONFLICTS } from "../../src/restore/conflict.ts";
import type { Fate, RestorePreview } from "../../src/restore/preview.ts";
import { preview } from "../../src/restore/preview.ts";
import { restore } from "../../src/restore/restore.ts";
import { Selection } from "../../src/restore/selection.ts";
import { freeSpace, mustFit } from "../../src/restore/space.ts";
import { inlineWriters } from "../../src/restore/writers.ts";
import { restoreTask } from "../support/restore-task.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { COMMON, Shelf, symlink } from "../support/shelf.ts";
import { survey } from "../support/tree.ts";

/** A tree, and a directory that has some of it: the same, older, newer, of another type. */
function prepared() {
  const shelf = new Shelf();
  const d = shelf.directory("d", symlink("l", "x"), shelf.file("same", Buffer.from("same")));
  const root = shelf.directory(
    "",
    d,
    shelf.directory("e", shelf.file("inner", Buffer.from("inner"))),
    { ...shelf.file("link-1", Buffer.from("linked")), link: "0:1", links: 2 },
    { ...shelf.file("link-2", Buffer.from("linked")), link: "0:1", links: 2 },
    shelf.file("newer", Buffer.from("snapshot")),
    shelf.file("older", Buffer.from("snapshot")),
  );
  shelf.close();
  const to = scratchDirectory();
  const seconds = Number(COMMON.mtime / 1_000_000_000n);
  const write = (name: string, text: string, age: number): void => {
    writeFileSync(join(to, name), text);
    utimesSync(join(to, name), seconds + age, seconds + age);
  };
  mkdirSync(join(to, "d"));
  write("d/same", "same", 1);
  symlinkSync("x", join(to, "d/l"));
  write("e", "no directory", -1);
  write("newer", "on disk", 1);
  write("older", "on disk", -1);
  return { shelf, root, to };
}

async function look({ shelf, root, to }: ReturnType<typeof prepared>, conflict: Conflict) {
  const means = await shelf.means();
  const { selection, policy, compare, ground } = await restoreTask(root, to, means, { conflict });
  ground.close();
  const fates = new Map<string, Fate>();
  const task = { root, selection, to: rawFromText(to), conflict, policy, compare };
  const found: RestorePreview = await preview(task, new ChunkSource(means), (path, fate) =>
    fates.set(path, fate),
  );
  return { found, fates: Object.fromEntries(fates) };
}

describe("a preview of a restore", () => {
  const expected: Record<Conflict, Record<string, Fate>> = {
    abort: {
      ...{ "d/same": "in the way", "d/l": "in the way", e: "in the way" },
      ...{ newer: "in the way", older: "in the way" },
    },
    skip: { "d/same": "keep", "d/l": "keep", e: "keep", newer: "keep", older: "keep" },
    overwrite: {
      ...{ "d/same": "replace", "d/l": "replace", e: "replace", "e/inner": "make" },
      ...{ newer: "replace", older: "replace" },
    },
    update: {
      ...{ "d/same": "keep", "d/l": "keep", e: "replace", "e/inner": "make" },
      ...{ newer: "keep", older: "replace" },
    },
    identical: {
      ...{ "d/same": "keep", "d/l": "keep", e: "replace", "e/inner": "make" },
      ...{ newer: "replace", older: "replace" },
    },
  };

  for (const conflict of CONFLICTS) {
    it(`tells what ${conflict} would do, and does nothing`, async () => {
      const place = prepared();
      const before = survey(place.to);
      const { fates } = await look(place, conflict);
      assert.deepEqual(fates, { "link-1": "make", "link-2": "make", ...expected[conflict] });
      assert.deepEqual(survey(place.to), before);
    });

    it(`agrees with what ${conflict} does`, async () => {
      const place = prepared();
      const { found } = await look(place, conflict);
      const means = await place.shelf.means();
      const options = { conflict, onError: "continue" as const };
      const task = await restoreTask(place.root, place.to, means, options);
      let problems = 0;
      const { totals } = await restore(task, means, inlineWriters(means), {
        problem: () => problems++,
        progress() {},
        kept() {},
      });
      assert.equal(totals.kept, found.keep);
      assert.equal(problems, found.inTheWay);
      const isMade = conflict !== "abort" && conflict !== "skip";
      assert.equal(totals.files + totals.others + (isMade ? 1 : 0), found.make + found.replace);
    });
  }

  it("counts what is written once, and what is freed", async () => {
    const { found } = await look(prepared(), "overwrite");
    const sizes = ["same", "inner", "linked", "snapshot", "snapshot"];
    assert.equal(found.bytes, sizes.join("").length);
    assert.ok(found.space > 0);
  });

  it("tells what the snapshot does not have", async () => {
    const { shelf, root, to } = prepared();
    const means = await shelf.means();
    const { policy, compare, ground } = await restoreTask(root, to, means);
    ground.close();
    const selection = new Selection(["nothing"], "/s" as RawName);
    const where = { to: rawFromText(to), conflict: "abort" as const };
    const task = { root, selection, ...where, policy, compare };
    await assert.rejects(
      preview(task, new ChunkSource(means), () => {}),
      NotFoundError,
    );
  });
});

describe("room for a restore", () => {
  it("is that of the file system that it will be on", () => {
    const there = scratchDirectory();
    const free = freeSpace(rawFromText(there));
    assert.ok(free > 0);
    const missing = freeSpace(rawFromText(join(there, "not/yet/there")));
    assert.ok(Math.abs(missing - free) < 2 ** 30);
    assert.ok(!statSync(there).isFile());
  });

  it("has to be enough", () => {
    const to = rawFromText("/mnt/x");
    const shown = (bytes: number): string => `${bytes} bytes`;
    mustFit(100, { free: 100, to, shown });
    assert.throws(
      () => mustFit(101, { free: 100, to, shown }),
      (error: Error) => {
        assert.ok(error instanceof UnavailableError);
        assert.match(
          error.message,
          /^\/mnt\/x has 100 bytes free and the restore takes 101 bytes: /,
        );
        return true;
      },
    );
  });
});
