import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeContent } from "../../src/format/content.ts";
import { Fields } from "../../src/format/fields.ts";
import { fileSize, MAX_HOLES } from "../../src/format/holes.ts";
import type { Entry, FileEntry } from "../../src/format/tree.ts";
import { decodeEntry, decodeRoot, encodeEntry, encodeTime } from "../../src/format/tree.ts";
import { id, refused } from "../support/refused.ts";

describe("entries", () => {
  const entry: Entry = {
    ...{ name: "n" as Entry["name"], type: "fifo", mode: 0o644, uid: 0, gid: 0, mtime: 0n },
  };
  const stored = (change: object) => new Fields("x", { ...encodeEntry(entry), ...change });

  it("are refused with names that would lead a restore astray", () => {
    for (const name of ["", ".", "..", "a/b", "/", "../x", "a\0b"]) {
      refused(() => decodeEntry(stored({ name })), /single name/);
      const raw = { name: undefined, nameBytes: Buffer.from(name).toString("base64") };
      const { name: _, ...rest } = { ...encodeEntry(entry), ...raw };
      refused(() => decodeEntry(new Fields("x", rest)), /single name/);
    }
  });

  it("have a name but for a root that is a directory", () => {
    const content = { size: 0, chunks: [] };
    assert.equal(decodeRoot(stored({ name: "", type: "directory", content })).name, "");
    refused(() => decodeRoot(stored({ type: "directory", content })), /empty/);
    assert.equal(decodeRoot(stored({})).name, "n");
    refused(() => decodeRoot(stored({ name: "" })), /single name/);
  });

  it("tell times to the nanosecond, of any age", () => {
    const times: [bigint, string][] = [
      [0n, "0.000000000"],
      [-1n, "-0.000000001"],
      [-1_500_000_000n, "-1.500000000"],
      [1_700_000_000_123_456_789n, "1700000000.123456789"],
      [(2n ** 63n - 1n) * 1_000_000_000n + 999_999_999n, "9223372036854775807.999999999"],
    ];
    for (const [time, text] of times) {
      assert.equal(encodeTime(time), text);
      assert.equal(decodeEntry(stored({ mtime: text })).mtime, time);
    }
    for (const mtime of ["", "1", "1.5", "+1.000000000", "1e3.000000000", " 1.000000000", 1]) {
      refused(() => decodeEntry(stored({ mtime })), /"mtime"/);
    }
  });

  it("are refused with modes, owners and digests that there are not", () => {
    for (const mode of ["644", "00644", "0888", 420]) {
      refused(() => decodeEntry(stored({ mode })), /"mode"/);
    }
    refused(() => decodeEntry(stored({ uid: 2 ** 32 })), /"uid"/);
    refused(() => decodeEntry(stored({ type: "door" })), /"type"/);
    const file = { type: "file", content: { size: 0, chunks: [] } };
    for (const digest of ["sha1:", `sha1:${"A".repeat(40)}`, `md5:${"0".repeat(32)}`]) {
      refused(() => decodeEntry(stored({ ...file, digest })), /"digest"/);
    }
    assert.equal("torn" in decodeEntry(stored({ ...file, torn: false })), false);
    refused(() => decodeEntry(stored({ ...file, torn: 1 })), /"torn"/);
  });
});

describe("what belongs to an entry", () => {
  const name = "n" as Entry["name"];
  const common = { name, mode: 0o644, uid: 0, gid: 0, mtime: 0n };
  const file: Entry = { ...common, type: "file", content: { size: 0, depth: 0, chunks: [] } };
  const stored = (change: object, entry: Entry = file) =>
    new Fields("x", { ...encodeEntry(entry), ...change });
  const content = (size: number) => ({ content: { size, depth: 1, chunks: [[id, 9]] } });

  it("is a link with the number of its names, both or neither, of anything but a directory", () => {
    const link = { link: "0:131", links: 2 };
    const others: Entry[] = [
      file,
      { ...common, type: "symlink", target: name },
      ...(["fifo", "socket", "character", "block"] as const).map((type) => ({ ...common, type })),
    ];
    for (const entry of others) {
      assert.deepEqual(decodeEntry(stored(link, entry)), { ...entry, ...link });
      assert.deepEqual(decodeEntry(stored({}, { ...entry, ...link })), { ...entry, ...link });
    }
    const directory: Entry = { ...file, type: "directory" };
    assert.deepEqual(decodeEntry(stored(link, directory)), directory);
    refused(() => decodeEntry(stored({ link: "a" })), /"links"/);
    refused(() => decodeEntry(stored({ links: 2 })), /"link"/);
    for (const links of [0, 1, -2, 2.5, 2 ** 53, "2"]) {
      refused(() => decodeEntry(stored({ ...link, links })), /"links"/);
    }
    for (const text of ["", "A", "a\n", "../a", "0".repeat(65), 5]) {
      refused(() => decodeEntry(stored({ ...link, link: text })), /"link"/);
    }
  });

  it("are holes, in order, apart, and with data that is there between them", () => {
    const decode = (size: number, holes: unknown) =>
      decodeEntry(stored({ ...content(size), holes })) as FileEntry;
    const holes: [number, number][] = [
      [0, 5],
      [6, 4],
      [12, 1],
    ];
    assert.deepEqual(decode(3, holes).holes, holes);
    assert.equal(fileSize(decode(3, holes)), 13);
    assert.equal(fileSize(decode(3, [])), 3);
    assert.equal(fileSize(file), 0);
    refused(() => decode(2, holes), /inside the file/);
    refused(() => decode(9, [[3, 0]]), /\[offset, length\]/);
    for (const odd of [5, [3], [3, 1, 1], ["3", 1], [-1, 1], [0.5, 1]]) {
      refused(() => decode(9, [odd]), /\[offset, length\]/);
    }
    for (const second of [
      [3, 2],
      [2, 9],
      [5, 1],
    ]) {
      refused(() => decode(9, [[3, 2], second]), /in order/);
    }
    refused(() => decode(9, { 0: [3, 1] }), /a list/);
    const most = Number.MAX_SAFE_INTEGER;
    assert.equal(fileSize(decode(9, [[9, most - 9]])), most);
    refused(() => decode(9, [[9, most - 8]]), /a size that there is/);
    refused(() => decode(9, [[8, most - 8]]), /a size that there is/);
  });

  it("are as many holes as a list may have, and no more", () => {
    const holes = Array.from({ length: MAX_HOLES + 1 }, (_, n) => [2 * n, 1]);
    const decode = (list: unknown) => decodeEntry(stored({ ...content(MAX_HOLES), holes: list }));
    decode(holes.slice(0, -1));
    refused(() => decode(holes), /65536 at most/);
  });

  it("are attributes, sorted, within the bounds of Linux", () => {
    const xattr = (text: string, length = 0) => ({
      name: text,
      value: Buffer.alloc(length).toString("base64"),
    });
    const decode = (...xattrs: object[]) => decodeEntry(stored({ xattrs })).xattrs?.length;
    assert.equal(decode(xattr("user.a", 65536), xattr("user.b"), xattr("v".repeat(255))), 3);
    for (const odd of [xattr(""), xattr("a\0"), xattr("v".repeat(256)), xattr("é".repeat(128))]) {
      refused(() => decode(odd), /an attribute's/);
    }
    refused(() => decode(xattr("a", 65537)), /an attribute's/);
    refused(() => decode(xattr("b"), xattr("a")), /sorted/);
    refused(() => decode(xattr("a"), xattr("a")), /no name twice/);
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => xattr(`user.${10 + n}`, 65536));
    assert.equal(decode(...many(15)), 15);
    refused(() => decode(...many(16)), /1048576 bytes at most/);
  });

  it("are owners' names that a terminal may see, and numbers of devices", () => {
    const owners = { user: "Zoë\\a b", group: "x".repeat(256) };
    assert.deepEqual(decodeEntry(stored(owners)), { ...file, ...owners });
    for (const odd of ["", "a\n", "\x1b[1m", "\x9b", "x".repeat(257), 5]) {
      refused(() => decodeEntry(stored({ user: odd })), /"user"/);
      refused(() => decodeEntry(stored({ group: odd })), /"group"/);
    }
    const device: Entry = { ...common, type: "block", device: [259, 2 ** 32 - 1] };
    assert.deepEqual(decodeEntry(stored({}, device)), device);
    for (const odd of [[1], [1, 2, 3], [1, 2 ** 32], ["1", 2], 5]) {
      refused(() => decodeEntry(stored({ device: odd }, device)), /"device"/);
    }
  });
});

describe("content", () => {
  it("is refused where its sizes do not add up, or a list lists nothing", () => {
    const content = (value: object) => decodeContent(new Fields("x", value));
    assert.equal(
      content({
        size: 3,
        chunks: [
          [id, 1],
          [id, 2],
        ],
      }).chunks.length,
      2,
    );
    refused(
      () =>
        content({
          size: 4,
          chunks: [
            [id, 1],
            [id, 2],
          ],
        }),
      /sum/,
    );
    refused(() => content({ size: 0, chunks: [[id, 0]] }), /\[id, size\]/);
    refused(() => content({ size: 9, depth: 1, chunks: [] }), /list/);
    refused(() => content({ size: 9, depth: 9, chunks: [[id, 9]] }), /"depth"/);
    // The one spelling of these bytes ends in E=.
    refused(() => content({ size: 1, chunks: [[id.replace("E=", "F="), 1]] }), /\[id, size\]/);
  });
});
