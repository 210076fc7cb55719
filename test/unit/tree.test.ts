import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeContent } from "../../src/format/content.ts";
import { Fields } from "../../src/format/fields.ts";
import type { Entry } from "../../src/format/tree.ts";
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
