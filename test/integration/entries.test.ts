/** What a backup stores of a tree with one of everything, against what Python says of it. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { libc } from "../../src/disk/libc.ts";
import { fileSize } from "../../src/format/holes.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { Entry } from "../../src/format/tree.ts";
import type { Listed } from "../support/python-lister.ts";
import { list, NO_LISTER } from "../support/python-lister.ts";
import { randomBytes } from "../support/random.ts";
import { Restless } from "../support/restless.ts";
import { deepTree, sparseFile, wellOf } from "../support/rough.ts";
import type { Stored } from "../support/stored-tree.ts";

const isRoot = process.getuid?.() === 0;
/** Of root's alone: whose ACL it is, and what it may do. */
const CAPABILITY = Buffer.from("0100000200040000000000000000000000000000", "hex");
/** user::rwx, user:1000:r--, group::r-x, mask::r-x, other::--- */
const ACL = Buffer.from(
  "02000000" + "01000700ffffffff02000400e803000004000500ffffffff10000500ffffffff20000000ffffffff",
  "hex",
);

function setXattr(path: string, name: string, value: Uint8Array): void {
  libc()?.setXattr(rawFromText(path), rawFromText(name), value);
}

/** Some of everything that this process may make. */
async function everything(root: string): Promise<() => void> {
  mkdirSync(join(root, "empty"), { recursive: true });
  const at = (name: string) => join(root, name);
  const raw = (name: Buffer) => Buffer.concat([Buffer.from(`${root}/`), name]);
  writeFileSync(at("nothing"), "");
  writeFileSync(at("plain"), randomBytes(1, 40_000));
  writeFileSync(raw(Buffer.from("latin-\xe9\xff", "latin1")), "no text");
  writeFileSync(at("new\nline \\ and \x1b[31m"), "control");
  for (const name of ["n".repeat(255), "é".repeat(127)]) writeFileSync(at(name), "long");
  writeFileSync(raw(Buffer.alloc(255, 0xfe)), "long and no text");
  mkdirSync(raw(Buffer.alloc(255, 0xfd)));
  symlinkSync(Buffer.from("to \xff", "latin1"), at("link"));
  symlinkSync("t".repeat(4000), at("long-link"));
  for (const name of ["plain-2", "plain-3"]) linkSync(at("plain"), at(name));
  linkSync(at("link"), at("link-2"));
  execFileSync("mkfifo", [at("pipe")]);
  linkSync(at("pipe"), at("empty/pipe"));
  const server = createServer().listen(at("socket"));
  sparseFile(at("sparse"), 10_000_000, { 5000000: randomBytes(2, 10_000) });
  sparseFile(at("hole"), 3_000_000);
  for (const name of ["nothing", "sparse", "empty"]) {
    setXattr(at(name), "user.ascii", Buffer.from("value"));
    setXattr(at(name), "user.\u{1f600}", randomBytes(3, 300));
    setXattr(at(name), "user.empty", new Uint8Array(0));
  }
  for (const [name, mode] of [
    ["nothing", 0o4711],
    ["empty", 0o3775],
    ["plain", 0o000],
    ["pipe", 0o622],
  ] as const) {
    chmodSync(at(name), mode);
  }
  if (!isRoot) chmodSync(at("plain"), 0o400);
  lutimesSync(at("link"), -1.5, -1.5);
  libc()?.setMtime(rawFromText(at("sparse")), -1n);
  libc()?.setMtime(rawFromText(at("empty")), 1_700_000_000_123_456_789n);
  await new Promise((resume) => server.once("listening", resume));
  return () => server.close();
}

function ofRoot(root: string): void {
  const at = (name: string) => join(root, name);
  libc()?.makeNode(rawFromText(at("null")), 0o020666, [1, 3]);
  libc()?.makeNode(rawFromText(at("large-numbers")), 0o060600, [300, 70_000]);
  writeFileSync(at("owned"), "by others");
  chownSync(at("owned"), 12_345, 54_321);
  writeFileSync(at("capable"), "rights");
  setXattr(at("capable"), "security.capability", CAPABILITY);
  setXattr(at("link"), "trusted.of-a-link", Buffer.from("1"));
  setXattr(at("null"), "trusted.of-a-device", Buffer.from("2"));
  writeFileSync(at("acl"), "acl");
  setXattr(at("acl"), "system.posix_acl_access", ACL);
  setXattr(at("empty"), "system.posix_acl_default", ACL);
}

/** Asserts that each entry is what is listed, and which of them are one. */
function assertListed(
  tree: ReadonlyMap<string, Stored>,
  listed: ReadonlyMap<string, Listed>,
): void {
  assert.deepEqual([...tree.keys()].sort(), [...listed.keys()].sort());
  const links = new Map<string, string | undefined>();
  for (const [path, found] of listed) {
    const stored = tree.get(path) as Stored;
    assert.deepEqual(summaryOf(stored), summaryFrom(found), JSON.stringify(path));
    if (found.type === "directory" || found.names === 1) continue;
    const { link, links: names } = stored.entry as Extract<Entry, { type: "file" }>;
    assert.equal(names, found.names, path);
    if (links.has(found.inode)) assert.equal(link, links.get(found.inode), path);
    links.set(found.inode, link);
  }
  const texts = [...links.values()];
  assert.ok(texts.every((text) => text !== undefined));
  assert.equal(new Set(texts).size, texts.length, "links of two inodes have one text");
}

function summaryOf({ entry, sha1 }: Stored): object {
  return {
    ...{ type: entry.type, mode: entry.mode, uid: entry.uid, gid: entry.gid },
    ...{ user: entry.user ?? null, group: entry.group ?? null, mtime: String(entry.mtime) },
    xattrs: (entry.xattrs ?? []).map(({ name, value }) => [
      name,
      Buffer.from(value).toString("latin1"),
    ]),
    ...(entry.type === "file" ? { size: fileSize(entry), sha1, digest: entry.digest } : {}),
    ...(entry.type === "symlink" ? { target: entry.target } : {}),
    ...("device" in entry ? { device: entry.device } : {}),
  };
}

function summaryFrom(found: Listed): object {
  const { type, mode, uid, gid, user, group, mtime, xattrs, size, sha1, target, device } = found;
  return {
    ...{ type, mode, uid, gid, user, group, mtime, xattrs },
    ...(type === "file" ? { size, sha1, digest: `sha1:${sha1}` } : {}),
    ...(type === "symlink" ? { target } : {}),
    ...(type === "character" || type === "block" ? { device } : {}),
  };
}

describe("a backup", { skip: NO_LISTER }, () => {
  it("stores everything as it is, the first time and from the cache", async () => {
    const world = await Restless.make();
    const stop = await everything(world.source);
    try {
      if (isRoot) ofRoot(world.source);
      const listed = list(world.source);
      for (const time of [1, 2]) {
        const { tree, problems } = await world.backUp();
        assert.deepEqual(problems, [], `the ${time}. time`);
        assertListed(tree, listed);
        const sparse = tree.get("sparse")?.entry;
        assert.ok(sparse?.type === "file" && sparse.holes !== undefined);
        assert.ok(sparse.content.size < 100_000, "the data alone");
        const hole = tree.get("hole")?.entry;
        assert.ok(hole?.type === "file" && hole.content.size === 0);
        assert.deepEqual(await world.wouldRead(), []);
      }
    } finally {
      stop();
    }
  });

  it("sees what is changed around a file's content, and stores it", async () => {
    const world = await Restless.make();
    mkdirSync(world.source);
    for (const name of ["a", "b", "c", "d"]) writeFileSync(world.path(name), "content");
    setXattr(world.path("a"), "user.x", Buffer.from("1"));
    await world.backUp();
    const changes: (() => void)[] = [
      () => setXattr(world.path("a"), "user.x", Buffer.from("2")),
      () => setXattr(world.path("b"), "user.x", Buffer.from("3")),
      () => libc()?.removeXattr(rawFromText(world.path("a")), rawFromText("user.x")),
      () => linkSync(world.path("c"), world.path("e")),
      () => chmodSync(world.path("d"), 0o600),
      () => renameSync(world.path("d"), world.path("f")),
    ];
    for (const change of changes) {
      change();
      const { tree, problems, newBytes } = await world.backUp();
      assert.deepEqual([problems, newBytes], [[], 0]);
      assertListed(tree, list(world.source));
    }
  });

  it("stores paths of more than 4096 bytes", async () => {
    const { root, name } = deepTree(30);
    const bottom = new Array<string>(30).fill(name).join("/");
    const script = `cd ${root}; for at in $(seq 30); do cd -P ${name}; done
      ln -s file link; mkfifo pipe; ln file again; mkdir -m 0750 inner; truncate -s 1000000 inner/hole`;
    execFileSync("bash", ["-c", script]);
    const world = await Restless.make();
    symlinkSync(root, world.source);
    for (const time of [1, 2]) {
      const { tree, problems } = await world.backUp();
      assert.deepEqual(problems, [], `the ${time}. time`);
      assert.ok(tree.has(`${bottom}/inner/hole`));
      assertListed(tree, list(root));
    }
  });

  it("stores directories that are thousands deep", async () => {
    const world = await Restless.make();
    symlinkSync(wellOf(2100), world.source);
    const { tree, problems } = await world.backUp();
    assert.deepEqual(problems, []);
    assert.ok(tree.has(`${"d/".repeat(2100)}file`));
  });

  it("says where paths are too long to go on", async () => {
    const { root, name } = deepTree(83);
    const world = await Restless.make();
    symlinkSync(root, world.source);
    const { tree, problems } = await world.backUp();
    const last = new Array<string>(82).fill(name).join("/");
    assert.deepEqual(problems, [`${last}: cannot list it: its path has more than 16384 bytes`]);
    assert.deepEqual([...tree.keys()].at(-1), last);
  });

  it("of an empty directory stores that", async () => {
    const world = await Restless.make();
    mkdirSync(world.source);
    const { tree, problems } = await world.backUp();
    assert.deepEqual(problems, []);
    assertListed(tree, list(world.source));
  });

  const SLOW = process.env["SLOW"] ? false : "only if SLOW is set";
  it("stores 100,000 entries of one directory", { skip: SLOW }, async () => {
    const world = await Restless.make();
    mkdirSync(world.source);
    const script = `cd ${world.source}; seq -f "file-%06.0f" 100000 | xargs touch`;
    assert.equal(spawnSync("bash", ["-c", script]).status, 0);
    const { tree, problems } = await world.backUp();
    assert.deepEqual(problems, []);
    assertListed(tree, list(world.source));
    assert.deepEqual(await world.wouldRead(), []);
  });
});
