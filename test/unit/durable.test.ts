import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { AccessError, UnavailableError, UsageError } from "../../src/errors.ts";
import { DirectoryTarget } from "../../src/target/directory.ts";
import { breakCall, spoilFiles, systemError, unprivileged } from "../support/broken-files.ts";
import { BYTES, namesOf, scratchDirectory, scratchTarget } from "../support/scratch.ts";

async function assertUntouched(root: string, target: DirectoryTarget): Promise<void> {
  assert.deepEqual(await namesOf(target.list("")), []);
  assert.deepEqual(await fs.readdir(join(root, "tmp~")), []);
}

describe("creating in a directory", () => {
  it("fsyncs the bytes before they get their name, and the names before it says so", async (t) => {
    const { root, target } = await scratchTarget();
    const log: string[] = [];
    const nameOf = (path: string) =>
      dirname(path).endsWith("tmp~") ? "temporary" : basename(path);
    spoilFiles(t, (file, path) => {
      const sync = file.sync.bind(file);
      file.sync = async () => {
        await sync();
        log.push(`sync ${nameOf(path)}`);
      };
    });
    for (const method of ["link", "mkdir"] as const) {
      const original = fs[method] as (...args: string[]) => Promise<unknown>;
      t.mock.method(fs, method, async (...args: string[]) => {
        await original(...args);
        log.push(
          `${method} ${args
            .filter((path) => path.startsWith?.(root))
            .map(nameOf)
            .join(" ")}`,
        );
      });
    }
    await target.create("packs/a/1", BYTES);
    log.push("created");
    await target.create("packs/a/1", BYTES);
    assert.deepEqual(log, [
      "mkdir tmp~",
      "sync target",
      "mkdir packs",
      "sync target",
      "mkdir a",
      "sync packs",
      "sync temporary",
      "link temporary 1",
      "sync a",
      "created",
      "sync temporary",
      "sync a",
    ]);
  });

  it("fsyncs a directory that another process made", async (t) => {
    const { root } = await scratchTarget("packs/a/1");
    const target = await DirectoryTarget.open(root);
    const synced: string[] = [];
    spoilFiles(t, (file, path) => {
      const sync = file.sync.bind(file);
      file.sync = () => {
        synced.push(path);
        return sync();
      };
    });
    await target.create("packs/a/2", BYTES);
    for (const directory of [root, join(root, "packs"), join(root, "packs", "a")]) {
      assert.ok(synced.includes(directory), directory);
    }
  });

  it("keeps files and directories from other users", async () => {
    const { root } = await scratchTarget("packs/a/1");
    assert.equal((await fs.stat(join(root, "packs/a/1"))).mode & 0o777, 0o600);
    for (const directory of ["packs", "packs/a", "tmp~"]) {
      assert.equal((await fs.stat(join(root, directory))).mode & 0o777, 0o700);
    }
  });

  it("leaves no temporary behind, whatever it answers", async () => {
    const { root, target } = await scratchTarget("a/1");
    assert.equal(await target.create("a/1", BYTES), "exists");
    assert.deepEqual(await fs.readdir(join(root, "tmp~")), []);
  });

  it("deletes the temporaries of the dead, and lets the living finish", async () => {
    const { root } = await scratchTarget("a/1");
    await fs.writeFile(join(root, "tmp~", "old"), "");
    await fs.utimes(join(root, "tmp~", "old"), 1e9, 1e9);
    await fs.writeFile(join(root, "tmp~", "new"), "");
    await (await DirectoryTarget.open(root)).create("a/2", BYTES);
    assert.deepEqual(await fs.readdir(join(root, "tmp~")), ["new"]);
  });

  it("stores although the sweep and the clearing up fail", async (t) => {
    for (const method of ["readdir", "lstat", "rm"] as const) {
      await t.test(method, async (t) => {
        const { root } = await scratchTarget("a/1");
        await fs.writeFile(join(root, "tmp~", "old"), "");
        await fs.utimes(join(root, "tmp~", "old"), 1e9, 1e9);
        const target = await DirectoryTarget.open(root);
        breakCall(t, method, "EIO", (path) =>
          path.includes(method === "readdir" ? "tmp~" : "tmp~/"),
        );
        assert.equal(await target.create("a/2", BYTES), "created");
      });
    }
  });

  it("knows its own link behind a lost NFS reply", async (t) => {
    const { root, target } = await scratchTarget();
    const link = fs.link;
    t.mock.method(fs, "link", async (from: string, to: string) => {
      await link(from, to);
      throw systemError("EEXIST");
    });
    assert.equal(await target.create("a/1", BYTES), "created");
    assert.deepEqual(await fs.readdir(join(root, "tmp~")), []);
  });

  it("refuses a file system without hard links", async (t) => {
    for (const code of ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]) {
      await t.test(code, async (t) => {
        const { root, target } = await scratchTarget();
        breakCall(t, "link", code);
        await assert.rejects(target.create("a/1", BYTES), (error: Error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, /hard links/);
          return true;
        });
        await assertUntouched(root, target);
      });
    }
  });

  for (const [code, kind] of [
    ["ENOSPC", UnavailableError],
    ["EDQUOT", UnavailableError],
    ["EIO", UnavailableError],
    ["ESTALE", UnavailableError],
    ["EROFS", AccessError],
    ["EACCES", AccessError],
    ["EXDEV", UsageError],
  ] as const) {
    it(`shows nothing of an object that met ${code}, and says where`, async (t) => {
      for (const call of ["writeFile", "sync"] as const) {
        await t.test(call, async (t) => {
          const { root, target } = await scratchTarget();
          spoilFiles(t, (file, path) => {
            if (!path.includes("tmp~/")) return;
            file[call] = async () => {
              await file.write(BYTES, 0, 10);
              throw systemError(code);
            };
          });
          await assert.rejects(target.create("a/1", BYTES), (error: Error) => {
            assert.ok(error instanceof kind, error.name);
            assert.ok(error.message.includes(join(root, "a/1")) && error.message.includes(code));
            return true;
          });
          await assertUntouched(root, target);
        });
      }
      await t.test("link", async (t) => {
        const { root, target } = await scratchTarget();
        breakCall(t, "link", code);
        await assert.rejects(target.create("a/1", BYTES), kind);
        await assertUntouched(root, target);
      });
    });
  }

  it("does not say created while the disk may forget the name", async (t) => {
    const { root, target } = await scratchTarget();
    spoilFiles(t, (file, path) => {
      if (path === join(root, "a")) file.sync = () => Promise.reject(systemError("EIO"));
    });
    await assert.rejects(target.create("a/1", BYTES), UnavailableError);
    await assert.rejects(target.create("a/1", BYTES), UnavailableError, "nor exists");
  });

  it("tries a directory again that it could not make", async (t) => {
    const { target } = await scratchTarget();
    await t.test("the disk fails", async (t) => {
      breakCall(t, "mkdir", "EIO", (path) => path.endsWith("/a"));
      await assert.rejects(target.create("a/1", BYTES), UnavailableError);
    });
    assert.equal(await target.create("a/1", BYTES), "created");
  });

  it("recovers when somebody clears its directories away", async () => {
    const { root, target } = await scratchTarget("a/1");
    for (const gone of ["a", "tmp~"]) {
      await fs.rm(join(root, gone), { recursive: true });
      await assert.rejects(target.create("a/2", BYTES), UnavailableError);
      assert.equal(await target.create("a/3", BYTES), "created");
      await target.remove(["a/3"]);
    }
  });

  it("passes on what is no failure of the system", async () => {
    const { target } = await scratchTarget();
    const noBytes: unknown = 5;
    await assert.rejects(target.create("a/1", noBytes as Uint8Array), TypeError);
  });

  it("does not write where it is not permitted", async (t) => {
    const root = scratchDirectory();
    await fs.chmod(root, 0o555);
    const done = await unprivileged(async () => {
      const target = await DirectoryTarget.open(root);
      await assert.rejects(target.create("a/1", BYTES), AccessError);
    });
    if (!done) t.skip("no user to become here");
    assert.deepEqual(await fs.readdir(root), []);
  });
});
