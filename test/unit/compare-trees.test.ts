import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CorruptError, NotFoundError } from "../../src/errors.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { ChunkId } from "../../src/format/table.ts";
import type { DirectoryEntry, Entry } from "../../src/format/tree.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { compareTrees } from "../../src/restore/compare-trees.ts";
import { Selection } from "../../src/restore/selection.ts";
import { COMMON, Shelf, symlink } from "../support/shelf.ts";

const bytes = (text: string) => Buffer.from(text);
const name = (text: string) => rawFromText(text);

/** The same directory, which no index knows. */
function unreadable(directory: DirectoryEntry, digit = "A"): DirectoryEntry {
  const id = `${digit.repeat(42)}A=` as ChunkId;
  return {
    ...directory,
    content: { ...directory.content, chunks: [{ id, size: directory.content.size }] },
  };
}

/** What differs between two roots on a shelf. */
async function differences(
  shelf: Shelf,
  roots: readonly [Entry, Entry],
  patterns: readonly string[] = [],
): Promise<string[]> {
  const chunks = new ChunkSource(await shelf.close().means());
  const selection = new Selection(patterns, "/s" as RawName);
  const [first, second] = roots.map((root) => ({ root, chunks })) as [never, never];
  const found: string[] = [];
  for await (const { modifier, path } of compareTrees(first, second, selection)) {
    found.push(`${modifier} ${path || "."}`);
  }
  selection.mustBeFound();
  return found;
}

/** What is said of one entry that became another of the same name. */
async function said(before: (shelf: Shelf) => Entry, after: (shelf: Shelf) => Entry) {
  const shelf = new Shelf();
  const roots = [before, after].map((make) => shelf.directory("", make(shelf)));
  return await differences(shelf, roots as [Entry, Entry]);
}

describe("a comparison of snapshots", () => {
  it("reads nothing of a directory that both have alike", async () => {
    const shelf = new Shelf();
    const same = unreadable(shelf.directory("d", shelf.file("f")));
    const roots = [
      shelf.directory("", same, shelf.file("x", bytes("1"))),
      shelf.directory("", same, shelf.file("x", bytes("2"))),
    ] as const;
    assert.deepEqual(await differences(shelf, roots), ["M x"]);
  });

  it("fails at a directory that is damaged, and has to be read", async () => {
    const shelf = new Shelf();
    const made = shelf.directory("d", shelf.file("f"));
    const roots = ["A", "B"].map((digit) => shelf.directory("", unreadable(made, digit)));
    await assert.rejects(differences(shelf, roots as [Entry, Entry]), CorruptError);
  });

  it("looks where both are alike for what was asked for, and only until it is found", async () => {
    const shelf = new Shelf();
    const same = shelf.directory("d", shelf.file("f"), shelf.file("g"));
    const lost = unreadable(shelf.directory("e", shelf.file("f")));
    const root = shelf.directory("", same, lost);
    assert.deepEqual(await differences(shelf, [root, root], ["d/f"]), []);
    assert.deepEqual(await differences(shelf, [root, root], ["**/f"]), []);
    await assert.rejects(differences(shelf, [root, root], ["d/none"]), NotFoundError);
    await assert.rejects(differences(shelf, [root, root], ["**/none"]), CorruptError);
  });

  it("lists what is in a directory that came, went, or became something else", async () => {
    const shelf = new Shelf();
    const inner = () => shelf.directory("d", shelf.directory("e", shelf.file("f")));
    const [without, other] = [shelf.directory(""), shelf.directory("", symlink("d", "e"))];
    const root = shelf.directory("", inner());
    assert.deepEqual(await differences(shelf, [without, root]), ["+ d", "+ d/e", "+ d/e/f"]);
    assert.deepEqual(await differences(shelf, [root, without]), ["- d", "- d/e", "- d/e/f"]);
    assert.deepEqual(await differences(shelf, [root, other]), ["T d", "- d/e", "- d/e/f"]);
    assert.deepEqual(await differences(shelf, [other, root]), ["T d", "+ d/e", "+ d/e/f"]);
  });

  it("is one of two files where these are all that was backed up", async () => {
    const shelf = new Shelf();
    const [a, b] = [shelf.file("a", bytes("1")), shelf.file("b", bytes("2"))];
    assert.deepEqual(await differences(shelf, [a, b]), ["M a"]);
    assert.deepEqual(await differences(shelf, [a, { ...a, name: name("b") }]), []);
    const root = shelf.directory("", shelf.file("a", bytes("1")));
    assert.deepEqual(await differences(shelf, [a, root]), ["T .", "+ a"]);
    assert.deepEqual(await differences(shelf, [root, a]), ["T .", "- a"]);
  });

  it("takes a link's target, a device's number and a file's holes for content", async () => {
    assert.deepEqual(
      await said(
        () => symlink("l", "a"),
        () => symlink("l", "b"),
      ),
      ["M l"],
    );
    const device = (minor: number): Entry => {
      return { ...COMMON, type: "block", name: name("b"), device: [8, minor] };
    };
    assert.deepEqual(
      await said(
        () => device(0),
        () => device(1),
      ),
      ["M b"],
    );
    assert.deepEqual(
      await said(
        () => device(1),
        () => device(1),
      ),
      [],
    );
    const file = (shelf: Shelf) => shelf.file("f", bytes("1"));
    const holes = [[1, 4096]] as const;
    assert.deepEqual(await said(file, (shelf) => ({ ...file(shelf), holes })), ["M f"]);
    assert.deepEqual(await said((shelf) => ({ ...file(shelf), holes: [] }), file), []);
  });

  it("believes a digest that both have, and else the chunks", async () => {
    const sha1 = `sha1:${"0".repeat(40)}`;
    const cut = (shelf: Shelf) => shelf.file("f", bytes("12"), bytes("3"));
    const whole = (shelf: Shelf) => shelf.file("f", bytes("123"));
    const digested = (make: (shelf: Shelf) => Entry, digest: string) => (shelf: Shelf) =>
      ({ ...make(shelf), digest }) as Entry;
    assert.deepEqual(await said(digested(cut, sha1), digested(whole, sha1)), []);
    assert.deepEqual(await said(digested(cut, sha1), whole), ["M f"]);
    assert.deepEqual(await said(digested(cut, sha1), cut), []);
    const blake3 = `blake3:${"0".repeat(64)}`;
    assert.deepEqual(await said(digested(cut, sha1), digested(cut, blake3)), []);
    const other = sha1.replace(/0$/, "1");
    assert.deepEqual(await said(digested(cut, sha1), digested(cut, other)), ["M f"]);
  });

  for (const [what, change] of [
    ["mode", { mode: 0o600 }],
    ["owner", { uid: COMMON.uid + 1 }],
    ["group", { gid: COMMON.gid + 1 }],
    ["time", { mtime: COMMON.mtime + 1n }],
    ["attributes", { xattrs: [{ name: name("user.a"), value: bytes("1") }] }],
  ] as const) {
    it(`tells another ${what} as metadata`, async () => {
      const found = await said(
        (shelf) => shelf.file("f"),
        (shelf) => ({ ...shelf.file("f"), ...change }),
      );
      assert.deepEqual(found, ["U f"]);
    });
  }

  it("holds names of owners against each other where both are known", async () => {
    const named = (user?: string) => (shelf: Shelf) =>
      ({ ...shelf.file("f"), ...(user === undefined ? {} : { user }) }) as Entry;
    assert.deepEqual(await said(named("ada"), named("bob")), ["U f"]);
    assert.deepEqual(await said(named("ada"), named()), []);
    assert.deepEqual(await said(named("ada"), named("ada")), []);
  });
});
