import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import {
  AccessError,
  CorruptError,
  NotFoundError,
  UnavailableError,
  UsageError,
} from "../../src/errors.ts";
import { DirectoryTarget } from "../../src/target/directory.ts";
import { breakCall, spoilFiles, systemError, unprivileged } from "../support/broken-files.ts";
import { BYTES, namesOf, scratchDirectory, scratchTarget } from "../support/scratch.ts";

describe("opening a directory", () => {
  it("opens what is there, and advises where nothing is", async () => {
    const parent = scratchDirectory();
    assert.equal((await DirectoryTarget.open(parent)).location, parent);
    await assert.rejects(DirectoryTarget.open(join(parent, "new")), (error: Error) => {
      assert.ok(error instanceof NotFoundError);
      assert.match(error.message, /mount|init/);
      return true;
    });
  });

  it("makes one directory, private and durable, and none above it", async (t) => {
    const parent = scratchDirectory();
    const synced: string[] = [];
    spoilFiles(t, (file, path) => {
      file.sync = async () => {
        synced.push(path);
      };
    });
    await DirectoryTarget.create(join(parent, "new"));
    assert.deepEqual(synced, [parent]);
    assert.equal((await fs.stat(join(parent, "new"))).mode & 0o777, 0o700);
    await DirectoryTarget.create(join(parent, "new"));
    await assert.rejects(DirectoryTarget.create(join(parent, "no", "where")), NotFoundError);
    assert.deepEqual(await fs.readdir(parent), ["new"]);
  });

  it("refuses what is no directory", async () => {
    const file = join(scratchDirectory(), "file");
    await fs.writeFile(file, "");
    await assert.rejects(DirectoryTarget.open(file), UsageError);
    await assert.rejects(DirectoryTarget.create(file), UsageError);
  });

  it("says so where it may not look or write", async (t) => {
    const parent = scratchDirectory();
    await fs.chmod(parent, 0o000);
    const done = await unprivileged(async () => {
      await assert.rejects(DirectoryTarget.open(join(parent, "x")), AccessError);
      await assert.rejects(DirectoryTarget.create(join(parent, "x")), AccessError);
    });
    if (!done) t.skip("no user to become here");
  });
});

describe("reading from a directory", () => {
  it("puts short reads together", async (t) => {
    const { target } = await scratchTarget("a");
    spoilFiles(t, (file) => {
      const read = file.read.bind(file) as (...args: unknown[]) => ReturnType<typeof file.read>;
      file.read = ((bytes: Uint8Array, at: number, length: number, position: number) =>
        read(bytes, at, Math.min(length, 7), position)) as typeof file.read;
    });
    assert.deepEqual(await target.read("a", 1000), BYTES);
    assert.deepEqual(await target.readRange("a", 1, 999), BYTES.subarray(1));
  });

  it("notices an object that shrinks while it is read", async (t) => {
    const { root, target } = await scratchTarget("a");
    spoilFiles(t, (file) => {
      const stat = file.stat.bind(file) as () => ReturnType<typeof file.stat>;
      file.stat = (async () => {
        const stats = await stat();
        await fs.truncate(join(root, "a"), 10);
        return stats;
      }) as typeof file.stat;
    });
    await assert.rejects(target.read("a", 1000), CorruptError);
  });

  it("says what it may not read, and what the disk cannot", async (t) => {
    const { root, target } = await scratchTarget("a");
    await fs.chmod(root, 0o755);
    await fs.chmod(dirname(root), 0o755);
    const done = await unprivileged(async () => {
      if (process.getuid?.() !== 0) await fs.chmod(join(root, "a"), 0o000);
      await assert.rejects(target.read("a", 1000), AccessError);
    });
    if (!done) t.skip("no user to become here");
    spoilFiles(t, (file) => {
      file.read = () => Promise.reject(systemError("EIO"));
    });
    await assert.rejects(target.readRange("a", 0, 1), UnavailableError);
  });
});

describe("removing from a directory", () => {
  it("says what it may not remove", async (t) => {
    const { target } = await scratchTarget("a/1");
    breakCall(t, "unlink", "EACCES");
    await assert.rejects(target.remove(["a/1"]), AccessError);
  });
});

describe("a directory that is gone", () => {
  it("is no empty one: its objects are out of reach, not lost", async () => {
    const { root, target } = await scratchTarget("a/1");
    await fs.rename(root, `${root}.moved`);
    await assert.rejects(target.read("a/1", 1000), UnavailableError);
    await assert.rejects(target.readRange("a/1", 0, 1), UnavailableError);
    await assert.rejects(namesOf(target.list("a/")), UnavailableError);
    await assert.rejects(target.remove(["a/1"]), UnavailableError);
    await assert.rejects(target.create("a/2", BYTES), UnavailableError);
    await assert.rejects(target.create("b/1", BYTES), UnavailableError);
    await assert.rejects(fs.stat(root), { code: "ENOENT" }, "nothing makes it anew");
  });

  it("ends a list that it was lost under", async () => {
    const names = Array.from({ length: 40 }, (_, i) => `a/${i}`);
    const { root, target } = await scratchTarget(...names);
    await assert.rejects(async () => {
      for await (const _ of target.list("")) await fs.rename(root, `${root}.moved`).catch(() => {});
    }, UnavailableError);
  });

  it("is known by its disk: an unmounted one leaves an empty directory", async (t) => {
    const { root, target } = await scratchTarget("a/1");
    const writer = await DirectoryTarget.open(root);
    const stat = fs.stat;
    t.mock.method(fs, "stat", async (path: string) => ({ ...(await stat(path)), dev: -1 }));
    await assert.rejects(namesOf(target.list("")), UnavailableError);
    await assert.rejects(target.read("a/2", 1), UnavailableError);
    await assert.rejects(target.remove(["a/2"]), UnavailableError);
    await assert.rejects(writer.create("b/1", BYTES), UnavailableError);
    assert.deepEqual(await fs.readdir(root), ["a", "tmp~"]);
  });
});
