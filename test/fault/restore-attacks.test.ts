/**
 * What other programs' restores were led to do: each class by what was done
 * there. More of them: names by unit/resolve.test.ts, swaps and renames behind
 * a restore's back (CVE-2024-12747 of rsync) by restore-ground.test.ts, devices
 * and setuid by fidelity.test.ts, escape sequences (CVE-2025-46394 of BusyBox)
 * by hostile-trees.test.ts.
 */
import assert from "node:assert/strict";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readXattrs } from "../../src/disk/xattrs.ts";
import { CorruptError } from "../../src/errors.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { DirectoryEntry, Entry } from "../../src/format/tree.ts";
import { CONFLICTS } from "../../src/restore/conflict.ts";
import { Policy } from "../../src/restore/policy.ts";
import type { Restored } from "../../src/restore/restore.ts";
import { restore } from "../../src/restore/restore.ts";
import { inlineWriters } from "../../src/restore/writers.ts";
import { linesOf, listTree, NO_LISTER } from "../support/lister.ts";
import { mountExt4 } from "../support/images.ts";
import type { RestoreOptions } from "../support/restore-task.ts";
import { restoreTask } from "../support/restore-task.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { Shelf, symlink } from "../support/shelf.ts";
import { told } from "../support/tools.ts";

const isRoot = process.getuid?.() === 0;
/** As much as a restore ever puts back. */
const everything = () => new Policy(isRoot ? "by number" : "ours", "restored");

async function restoreTo(
  to: string,
  shelf: Shelf,
  root: Entry,
  options: RestoreOptions = {},
): Promise<Restored & { readonly problems: readonly string[] }> {
  const means = await shelf.means();
  const task = await restoreTask(root, to, means, { policy: everything(), ...options });
  const problems: string[] = [];
  const restored = await restore(task, means, inlineWriters(means), {
    problem: ({ path, message }) => problems.push(`${path}: ${message}`),
    progress() {},
    kept() {},
  });
  return { ...restored, problems };
}

/** A tree laid by hand: entries as they come. */
function laid(plan: (shelf: Shelf) => readonly Entry[]): { shelf: Shelf; root: DirectoryEntry } {
  const shelf = new Shelf();
  const root = shelf.directory("", ...plan(shelf));
  return { shelf: shelf.close(), root };
}

/** A directory that is to be restored to, and things beside it that nobody may touch. */
function ground(): { to: string; outside: string; assertUntouched: () => void } {
  const around = scratchDirectory();
  const [to, outside] = [join(around, "to"), join(around, "outside")];
  mkdirSync(to);
  mkdirSync(outside);
  writeFileSync(join(outside, "file"), "theirs");
  const look = () => linesOf(listTree(outside, "changes"));
  const before = look();
  return {
    to,
    outside,
    assertUntouched: () => {
      assert.deepEqual(look(), before);
      assert.deepEqual(readdirSync(around).sort(), ["outside", "to"]);
    },
  };
}

const data = Buffer.from("the attacker's");

describe("a tree of an attacker's", { skip: NO_LISTER }, () => {
  it("writes nothing by names with .. or / (CVE-2001-1267 of tar, CVE-2021-32804 of node-tar)", async () => {
    for (const name of [
      "..",
      "../outside/file",
      "/tmp/file",
      "a/../../outside/file",
      "./a",
      "a/",
    ]) {
      const plans: ((shelf: Shelf) => Entry)[] = [
        (shelf) => shelf.file(name, data),
        (shelf) => shelf.directory(name, shelf.file("file", data)),
        () => symlink(name, "../outside"),
      ];
      for (const plan of plans) {
        const { to, assertUntouched } = ground();
        const { shelf, root } = laid((on) => [plan(on)]);
        await assert.rejects(restoreTo(to, shelf, root), CorruptError);
        assert.deepEqual(readdirSync(to), []);
        assertUntouched();
      }
    }
  });

  it("writes nothing through a link of an earlier snapshot (CVE-2025-45582 of tar)", async () => {
    for (const conflict of CONFLICTS) {
      const { to, outside, assertUntouched } = ground();
      const first = laid(() => [symlink("d", outside), symlink("f", join(outside, "file"))]);
      await restoreTo(to, first.shelf, first.root);
      const second = laid((shelf) => [
        shelf.directory("d", shelf.file("file", data)),
        shelf.file("f", data),
      ]);
      const { problems } = await restoreTo(to, second.shelf, second.root, {
        conflict,
        onError: "continue",
      });
      assertUntouched();
      assert.equal(problems.length, conflict === "abort" ? 2 : 0, problems.join("\n"));
    }
  });

  it("puts no mode, owner, time or ACL on what its links lead to (CVE-2021-23177 and CVE-2021-31566 of libarchive)", async () => {
    const acl = Buffer.from("0200000001000700ffffffff04000700ffffffff20000700ffffffff", "hex");
    const xattrs = [
      { name: "system.posix_acl_access" as RawName, value: acl },
      { name: "user.x" as RawName, value: data },
    ];
    for (const conflict of ["abort", "identical"] as const) {
      const { to, outside, assertUntouched } = ground();
      const wide = { mode: 0o7777, uid: 1, gid: 1, mtime: 1n, xattrs };
      const links = [symlink("d", outside), symlink("f", join(outside, "file"))];
      const { shelf, root } = laid(() => links.map((link) => ({ ...link, ...wide })));
      if (conflict === "identical")
        for (const { name, target } of links) symlinkSync(target, join(to, name));
      await restoreTo(to, shelf, root, { conflict });
      assertUntouched();
      assert.equal(lstatSync(join(to, "d"), { bigint: true }).mtimeNs, 1n);
    }
  });

  it("links nothing that is not its own (CVE-2018-20834 of node-tar, CVE-2016-5418 of bsdtar)", async () => {
    const group = { link: "0:1", links: 3 };
    for (const conflict of CONFLICTS) {
      const { to, outside, assertUntouched } = ground();
      const { shelf, root } = laid((on) => [
        { ...symlink("a", join(outside, "file")), ...group },
        { ...on.file("b", data), ...group },
        { ...on.file("c", data), ...group },
      ]);
      symlinkSync(join(outside, "file"), join(to, "b"));
      await restoreTo(to, shelf, root, { conflict, onError: "continue" });
      assertUntouched();
      assert.equal(statSync(join(outside, "file")).nlink, 1);
    }
  });

  it("sets no attributes of the system's unless it is asked to", async () => {
    const { to } = ground();
    const names = [
      "security.capability",
      "security.ima",
      "security.selinux",
      "trusted.overlay.redirect",
      "user.x",
    ];
    const xattrs = names.map((name) => ({ name: name as RawName, value: Buffer.from("/etc") }));
    const { shelf, root } = laid((on) => [
      { ...on.directory("d"), xattrs },
      { ...on.file("f", data), xattrs },
    ]);
    const policy = new Policy("ours", "left out");
    const { shortfalls } = await restoreTo(to, shelf, root, { policy });
    assert.deepEqual(shortfalls, []);
    for (const name of ["d", "f"]) {
      const found = readXattrs(join(to, name) as RawName).map((xattr) => xattr.name);
      assert.deepEqual(found, ["user.x"], name);
    }
    assert.deepEqual(policy.leftOut, { setuid: 0, capabilities: 2, labels: 2, devices: 0 });
  });
});

describe("names that a file system takes for one (CVE-2014-9390 and CVE-2021-21300 of git, CVE-2021-37701 of node-tar)", () => {
  const mounted = isRoot ? mountExt4("casefold") : "only root may mount";
  const skip = typeof mounted === "string" ? mounted : cannotFold(mounted.path);
  after(() => typeof mounted === "string" || mounted.unmount());

  function cannotFold(path: string): string | false {
    try {
      mkdirSync(join(path, "folded"));
      told(["chattr", "+F", join(path, "folded")]);
      return false;
    } catch (error) {
      return (error as Error).message;
    }
  }

  let made = 0;
  /** Both within a directory that is there, and within one that is made. */
  function folded(): string {
    const { path } = mounted as Exclude<typeof mounted, string>;
    const to = join(path, "folded", `to-${made++}`);
    mkdirSync(to);
    return to;
  }
  const both = (root: DirectoryEntry, shelf: Shelf, isDeep: boolean) =>
    isDeep ? shelf.directory("", { ...root, name: "deep" as RawName }) : root;

  for (const isDeep of [false, true]) {
    const where = isDeep ? "in a directory that is made" : "in one that was there";
    it(`leads nothing through a link, ${where}`, { skip }, async () => {
      for (const conflict of CONFLICTS) {
        const { outside, assertUntouched } = ground();
        const shelf = new Shelf();
        const inner = shelf.directory("a", shelf.file("file", data));
        const named = shelf.directory("caf\u00e9", shelf.file("file", data));
        const root = shelf.directory(
          "",
          symlink("A", outside),
          inner,
          symlink("cafe\u0301", outside),
          named,
        );
        const whole = both(root, shelf, isDeep);
        shelf.close();
        await restoreTo(folded(), shelf, whole, {
          conflict,
          onError: "continue",
        });
        assertUntouched();
      }
    });

    it(`tells that one of two files is not there, ${where}`, { skip }, async () => {
      const shelf = new Shelf();
      const root = shelf.directory(
        "",
        shelf.file("README", Buffer.from("1")),
        shelf.file("readme", Buffer.from("2")),
      );
      const whole = both(root, shelf, isDeep);
      shelf.close();
      const to = folded();
      const { problems } = await restoreTo(to, shelf, whole, { onError: "continue" });
      const at = isDeep ? join(to, "deep") : to;
      const [name = "", ...others] = readdirSync(at);
      assert.deepEqual(others, []);
      assert.equal(readFileSync(join(at, name), "utf8"), name === "README" ? "1" : "2");
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", /readme: .* is there already/i);
    });
  }
});
