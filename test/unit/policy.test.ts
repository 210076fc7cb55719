import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RawName } from "../../src/format/raw-name.ts";
import type { Entry, FileEntry } from "../../src/format/tree.ts";
import { Policy } from "../../src/restore/policy.ts";
import { COMMON } from "../support/shelf.ts";

const value = Buffer.from("v");
const capability = { name: "security.capability" as RawName, value };
const label = { name: "security.selinux" as RawName, value };
const other = { name: "user.x" as RawName, value };
const FILE: FileEntry = {
  ...COMMON,
  name: "f" as RawName,
  type: "file",
  content: { size: 0, depth: 0, chunks: [] },
  mode: 0o6755,
  uid: 7,
  gid: 8,
  user: "root",
  xattrs: [capability, label, other],
};

describe("what is put back", () => {
  it("gives no rights that were not asked for, and counts them", () => {
    const policy = new Policy("ours", "left out");
    const { mode, xattrs, owner } = policy.metadataOf(FILE, "if any");
    assert.deepEqual([mode, xattrs, owner], [0o755, [other], undefined]);
    policy.note(FILE);
    policy.note({ ...FILE, mode: 0o644, xattrs: [other] });
    assert.deepEqual(policy.leftOut, { setuid: 1, capabilities: 1, labels: 1, devices: 0 });
    assert.deepEqual([policy.makes("block"), policy.makes("fifo")], [false, true]);
  });

  it("is everything on request", () => {
    const policy = new Policy("by number", "restored");
    const { mode, xattrs, owner } = policy.metadataOf(FILE, "if any");
    assert.deepEqual([mode, xattrs], [0o6755, [capability, label, other]]);
    assert.deepEqual(owner, { uid: 7, gid: 8 });
    policy.note(FILE);
    assert.deepEqual(policy.leftOut, { setuid: 0, capabilities: 0, labels: 0, devices: 0 });
    assert.deepEqual([policy.makes("character"), policy.makes("socket")], [true, false]);
  });

  it("is an owner's by name where this system has it, else by number", () => {
    const { owner } = new Policy("by name", "left out").metadataOf(FILE, "if any");
    assert.deepEqual(owner, { uid: 0, gid: 8 });
  });

  it("keeps setgid of directories, where it gives no rights, and sticky bits", () => {
    const policy = new Policy("ours", "left out");
    const directory: Entry = { ...FILE, type: "directory", mode: 0o7775 };
    assert.equal(policy.metadataOf(directory, "if any").mode, 0o3775);
    policy.note(directory);
    assert.equal(policy.leftOut.setuid, 0);
  });

  it("takes off what a new thing was given, where that is asked for", () => {
    const policy = new Policy("ours", "left out");
    const { xattrs: _, ...plain } = FILE;
    assert.equal(policy.metadataOf(plain, "if any").xattrs, undefined);
    assert.deepEqual(policy.metadataOf(plain, "exactly").xattrs, []);
  });
});
