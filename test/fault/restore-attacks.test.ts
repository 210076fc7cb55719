/**
 * What other programs' restores were led to do: each class by what was done
 * there. More of them: names by unit/resolve.test.ts, swaps and renames behind
 * a restore's back (CVE-2024-12747 of rsync) by restore-ground.test.ts, devices
 * and setuid by fidelity.test.ts, escape sequences (CVE-2025-46394 of BusyBox)
 * by hostile-trees.test.ts, names that are one to the file system by
 * folded-names.test.ts.
 */
import assert from "node:assert/strict";
import { lstatSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readXattrs } from "../../src/disk/xattrs.ts";
import { CorruptError } from "../../src/errors.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { Entry } from "../../src/format/tree.ts";
import { CONFLICTS } from "../../src/restore/conflict.ts";
import { Policy } from "../../src/restore/policy.ts";
import { ground, laid, restoreForged } from "../support/forged-restore.ts";
import { NO_LISTER } from "../support/lister.ts";
import type { Shelf } from "../support/shelf.ts";
import { symlink } from "../support/shelf.ts";

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
        await assert.rejects(restoreForged(to, shelf, root), CorruptError);
        assert.deepEqual(readdirSync(to), []);
        assertUntouched();
      }
    }
  });

  it("writes nothing through a link of an earlier snapshot (CVE-2025-45582 of tar)", async () => {
    for (const conflict of CONFLICTS) {
      const { to, outside, assertUntouched } = ground();
      const first = laid(() => [symlink("d", outside), symlink("f", join(outside, "file"))]);
      await restoreForged(to, first.shelf, first.root);
      const second = laid((shelf) => [
        shelf.directory("d", shelf.file("file", data)),
        shelf.file("f", data),
      ]);
      const { problems } = await restoreForged(to, second.shelf, second.root, {
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
      await restoreForged(to, shelf, root, { conflict });
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
      await restoreForged(to, shelf, root, { conflict, onError: "continue" });
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
    const { shortfalls } = await restoreForged(to, shelf, root, { policy });
    assert.deepEqual(shortfalls, []);
    for (const name of ["d", "f"]) {
      const found = readXattrs(join(to, name) as RawName).map((xattr) => xattr.name);
      assert.deepEqual(found, ["user.x"], name);
    }
    assert.deepEqual(policy.leftOut, { setuid: 0, capabilities: 2, labels: 2, devices: 0 });
  });
});
