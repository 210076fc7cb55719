import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { promises as fs } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { AccessError, NotFoundError, UnavailableError, UsageError } from "../../src/errors.ts";
import { DirectoryTarget } from "../../src/target/directory.ts";
import { breakCall, systemError } from "../support/broken-files.ts";
import { BYTES, namesOf, scratchTarget } from "../support/scratch.ts";

describe("foreign things in a directory", () => {
  it("takes nothing but regular files for objects", async (t) => {
    const { root, target } = await scratchTarget("a/1");
    execFileSync("mkfifo", [join(root, "a", "fifo")]);
    const server = createServer().listen(join(root, "a", "socket"));
    t.after(() => server.close());
    await once(server, "listening");
    await fs.mkdir(join(root, "lost+found"));
    await fs.writeFile(join(root, "a", "b c"), "");
    await fs.mkdir(join(root, "a", "2"));
    assert.deepEqual(await namesOf(target.list("")), ["a/1"]);
    for (const name of ["a/fifo", "a/socket", "a/2"]) {
      await assert.rejects(target.read(name, 9), NotFoundError);
      await assert.rejects(target.readRange(name, 0, 1), NotFoundError);
    }
    await target.remove(["a/2"]);
    assert.ok((await fs.stat(join(root, "a", "2"))).isDirectory());
  });

  it("reads through no link, and lists nothing rather than not all", async () => {
    const { root, target } = await scratchTarget("a/1");
    await fs.symlink(join(root, "a", "1"), join(root, "a", "2"));
    await assert.rejects(target.read("a/2", 9999), NotFoundError);
    await assert.rejects(namesOf(target.list("")), UsageError);
    assert.equal(await target.create("a/2", BYTES), "exists");
  });

  it("writes through no linked directory, and none that is a file", async () => {
    const { root } = await scratchTarget("a/1");
    await fs.symlink(join(root, "a"), join(root, "b"));
    const target = await DirectoryTarget.open(root);
    await assert.rejects(target.create("b/2", BYTES), UsageError);
    await assert.rejects(target.create("a/1/2", BYTES), UsageError);
    assert.deepEqual(await fs.readdir(join(root, "a")), ["1"]);
  });
});

describe("listing a directory", () => {
  it("leaves out what is removed meanwhile", async (t) => {
    const { target } = await scratchTarget("a/1", "a/2", "b/1", "c");
    breakCall(t, "lstat", "ENOENT", (path) => path.endsWith("/a/1"));
    breakCall(t, "opendir", "ENOENT", (path) => path.endsWith("/b/"));
    assert.deepEqual(await namesOf(target.list("")), ["a/2", "c"]);
  });

  it("throws what it cannot read, rather than leave it out", async (t) => {
    await t.test("a directory", async (t) => {
      const { target } = await scratchTarget("a/1");
      breakCall(t, "opendir", "EACCES", (path) => path.endsWith("/a/"));
      await assert.rejects(namesOf(target.list("")), AccessError);
    });
    await t.test("a file", async (t) => {
      const { target } = await scratchTarget("a/1");
      breakCall(t, "lstat", "EIO");
      await assert.rejects(namesOf(target.list("")), UnavailableError);
    });
    await t.test("half a directory", async (t) => {
      const { target } = await scratchTarget("a/1", "a/2");
      t.mock.method(fs, "opendir", () => Promise.resolve(brokenEntries()));
      await assert.rejects(namesOf(target.list("")), UnavailableError);
    });
    async function* brokenEntries() {
      yield {
        name: "a",
        isDirectory: () => false,
        isFile: () => true,
        isSymbolicLink: () => false,
      };
      // As where entries have no type, and one is gone before Node asks for it.
      throw systemError("ENOENT");
    }
  });
});
