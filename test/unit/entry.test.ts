import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { linkSync, lstatSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import type { Looks } from "../../src/backup/entry.ts";
import { EntryMaker, looksOf } from "../../src/backup/entry.ts";
import { libc } from "../../src/disk/libc.ts";
import type { Found } from "../../src/disk/walk.ts";
import { EMPTY_CONTENT } from "../../src/format/content.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { scratchDirectory } from "../support/scratch.ts";

const directory = scratchDirectory();
const name = "n" as RawName;
const parts = { content: EMPTY_CONTENT };

function found(path: string): Found {
  const name = rawFromText(basename(path));
  return { name, path: name, stats: lstatSync(path, { bigint: true }) };
}

/** What is seen of a file with two names. */
function looks(change: Partial<NonNullable<Looks["linked"]>> = {}): Looks {
  const linked = { dev: 2054n, ino: 131n, ctimeNs: 1000n, names: 2, ...change };
  return { mode: 0o644, uid: 0, gid: 0, mtime: 5n, linked };
}

const linkOf = (maker: EntryMaker, seen: Looks) => maker.file(name, seen, parts).link;

describe("the entry of a file with several names", () => {
  it("says so by the same text, whatever the system calls the device", () => {
    const [one, other] = [new EntryMaker(), new EntryMaker()];
    assert.equal(linkOf(one, looks()), "0:131:rs");
    assert.equal(linkOf(other, looks({ dev: 99n })), "0:131:rs");
    assert.equal(one.file(name, looks(), parts).links, 2);
  });

  it("says another text for another inode, device or state: contents must not be mixed up", () => {
    const maker = new EntryMaker();
    const texts = [
      looks(),
      looks({ ino: 132n }),
      looks({ dev: 99n }),
      looks({ ctimeNs: 1001n }),
      looks({ ctimeNs: -1n, ino: 2n ** 64n - 1n }),
    ].map((seen) => linkOf(maker, seen) ?? "");
    assert.equal(new Set(texts).size, texts.length);
    for (const text of texts) assert.match(text, /^[0-9a-z:]{1,64}$/);
    assert.equal(linkOf(maker, looks()), texts[0]);
  });

  it("says nothing of the kind if it was torn, or has one name", () => {
    const maker = new EntryMaker();
    const torn = maker.file(name, looks(), { ...parts, torn: true });
    assert.deepEqual([torn.link, torn.links], [undefined, undefined]);
    const { linked: _, ...single } = looks();
    assert.equal(linkOf(maker, single), undefined);
  });
});

describe("an entry", () => {
  it("knows what the file system says of links", () => {
    const path = join(directory, "file");
    writeFileSync(path, "");
    assert.equal(looksOf(found(path).stats).linked, undefined);
    linkSync(path, join(directory, "again"));
    const { linked } = looksOf(found(path).stats);
    assert.equal(linked?.names, 2);
    assert.deepEqual(linked, looksOf(found(join(directory, "again")).stats).linked);
    // A directory has a name in each of its children.
    assert.equal(looksOf(lstatSync("/usr", { bigint: true })).linked, undefined);
  });

  it("names owners, where the system does, and leaves out what is not there", () => {
    const maker = new EntryMaker();
    const seen: Looks = { mode: 0o4755, uid: 0, gid: 3_999_999_999, mtime: -1n };
    assert.deepEqual(maker.file(name, seen, { ...parts, xattrs: [], holes: [] }), {
      ...{ name, type: "file", ...seen, user: "root", content: EMPTY_CONTENT },
    });
  });

  it("of a link, a FIFO or a device has attributes, and links as well", () => {
    const maker = new EntryMaker();
    const xattrs = [{ name: "trusted.a" as RawName, value: new Uint8Array(1) }];
    const [link, pipe] = [join(directory, "link"), join(directory, "pipe")];
    symlinkSync("target", link);
    linkSync(link, join(directory, "link-2"));
    spawnSync("mkfifo", [pipe]);
    linkSync(pipe, join(directory, "pipe-2"));
    const target = "target" as RawName;
    const symlink = maker.symlink(found(link), target, xattrs);
    assert.deepEqual([symlink.type, symlink.xattrs], ["symlink", xattrs]);
    assert.equal("links" in symlink && symlink.links, 2);
    const fifo = maker.special(found(pipe), []);
    assert.deepEqual([fifo?.type, fifo?.links, "xattrs" in (fifo ?? {})], ["fifo", 2, false]);
    const again = maker.special(found(join(directory, "pipe-2")), []);
    assert.equal(again?.link, fifo?.link);
  });

  const isRoot = process.getuid?.() === 0;
  it("has numbers of devices beyond 255", { skip: !isRoot && "only root makes devices" }, () => {
    for (const [type, mode, device] of [
      ["character", 0o020600, [300, 70_000]],
      ["block", 0o060600, [4095, 1_048_575]],
    ] as const) {
      const path = join(directory, type);
      libc()?.makeNode(rawFromText(path), mode, device);
      const entry = new EntryMaker().special(found(path), []);
      assert.deepEqual([entry?.type, entry?.device], [type, device]);
    }
  });
});
