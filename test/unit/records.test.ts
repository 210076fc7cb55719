import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CorruptError, UsageError } from "../../src/errors.ts";
import { decodeContent } from "../../src/format/content.ts";
import { decodeBase64, Fields } from "../../src/format/fields.ts";
import { decodeIndex } from "../../src/format/index-object.ts";
import { decodeLines, encodeLines } from "../../src/format/lines.ts";
import type { RunName } from "../../src/format/names.ts";
import { decodePage } from "../../src/format/reach.ts";
import { decodeBegin, encodeBegin } from "../../src/format/run.ts";
import {
  decodeRepositoryKeys,
  decodeSessionKey,
  encodeSessionKey,
} from "../../src/format/secret.ts";
import {
  checkSizes,
  DEFAULT_SIZES,
  decodeSettings,
  encodeSettings,
} from "../../src/format/settings.ts";
import { decodeManifest, decodeSummary } from "../../src/format/snapshot.ts";
import { decodeTables, MAX_CHUNK_BYTES } from "../../src/format/table.ts";
import type { Entry } from "../../src/format/tree.ts";
import { decodeEntry, decodeRoot, encodeEntry, encodeTime } from "../../src/format/tree.ts";

const run = "a/0000000001-0011223344556677" as RunName;
const repository = "00112233445566778899aabbccddeeff";
const id = Buffer.alloc(32, 1).toString("base64");
const pack = `packs/${run}/00000000`;

function refused(work: () => unknown, problem: RegExp): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof CorruptError, String((error as Error).stack));
    assert.ok(error.object.startsWith("x"), error.object);
    assert.match(error.message, problem);
    return true;
  });
}

const lines = (...values: object[]) => decodeLines("x", encodeLines(values));

describe("lines", () => {
  const read = (bytes: Uint8Array) => [...decodeLines("x", bytes)].map((line) => line.name);

  it("are named by their number", () => {
    assert.deepEqual(read(Buffer.from('{}\n{"a":1}\n')), ["x, line 1", "x, line 2"]);
    assert.deepEqual(read(new Uint8Array(0)), []);
  });

  it("are refused without an end, empty, not UTF-8, and where they are no object", () => {
    refused(() => read(Buffer.from("{}\n{}")), /line 2 has no end/);
    refused(() => read(Buffer.from("{}\n\n")), /line 2 .* not JSON/);
    refused(() => read(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x0a])), /not UTF-8/);
    for (const text of ["[]", "null", "7", '"x"']) {
      refused(() => read(Buffer.from(`${text}\n`)), /JSON object/);
    }
  });

  it("are never quoted by an error: they may hold a key", () => {
    for (const text of ['{"key":"9:5ec4e7', '"5ec4e7"', '{"varve":"session","key":"5ec4e7"}']) {
      const like = { repository, run };
      const { message, cause } = caught(() =>
        decodeSessionKey("x", Buffer.from(`${text}\n`), like),
      );
      assert.doesNotMatch(`${message} ${cause}`, /5ec4e7/);
    }
  });
});

function caught(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  return assert.fail("nothing was thrown");
}

describe("base64", () => {
  it("has one spelling for some bytes", () => {
    assert.deepEqual(decodeBase64("AAE="), Buffer.from([0, 1]));
    assert.deepEqual(decodeBase64(""), Buffer.alloc(0));
    assert.deepEqual(decodeBase64("AAE=", 2), Buffer.from([0, 1]));
    for (const text of ["AAF=", "AB==", "AAE", "AAE=\n", " AAE", "A===", "AA=A", "AA-_", 7, null]) {
      assert.equal(decodeBase64(text), undefined, String(text));
    }
    assert.equal(decodeBase64("AAE=", 3), undefined);
    assert.equal(decodeBase64("AAE=", 1), undefined);
  });

  it("may be tens of megabytes long", () => {
    assert.equal(decodeBase64("A".repeat(4e7))?.length, 3e7);
  });
});

describe("settings", () => {
  const settings = { repository, n: 0, sizes: DEFAULT_SIZES, recipients: [] };
  const stored = (change: object) =>
    encodeLines([
      { ...(JSON.parse(Buffer.from(encodeSettings(settings)).toString()) as object), ...change },
    ]);

  it("of a newer format are refused as a reason to update", () => {
    assert.throws(() => decodeSettings("x", stored({ format: 1 })), UsageError);
    refused(() => decodeSettings("x", stored({ format: "0" })), /"format"/);
  });

  it("are refused with sizes that nothing could be cut by", () => {
    for (const sizes of [
      { chunk: 2 ** 13 },
      { chunk: 2 ** 25 },
      { chunk: 3 * 2 ** 18 },
      { segment: 0 },
    ]) {
      refused(() => decodeSettings("x", stored({ sizes: { ...DEFAULT_SIZES, ...sizes } })), /two/);
      assert.throws(() => checkSizes({ ...DEFAULT_SIZES, ...sizes }), UsageError);
    }
    checkSizes({ chunk: 2 ** 14, segment: 2 ** 12, pack: 2 ** 30 });
  });

  it("may be signed: further lines are not looked at", () => {
    const signed = Buffer.concat([encodeSettings(settings), Buffer.from("a signature\n")]);
    assert.deepEqual(decodeSettings("x", signed), settings);
    const begin = { repository, run, settings: 0 };
    const bytes = Buffer.concat([encodeBegin(begin), Buffer.from("a signature\n")]);
    assert.deepEqual(decodeBegin("x", bytes), begin);
  });
});

describe("key messages", () => {
  const session = { repository, run, key: new Uint8Array(32).fill(9) };

  it("are refused where they belong to another run or repository", () => {
    const bytes = encodeSessionKey(session);
    for (const other of [
      { repository, run: "b/0000000001-0011223344556677" as RunName },
      { repository: "f".repeat(32), run },
    ]) {
      refused(() => decodeSessionKey("x", bytes, other), /another run/);
    }
    refused(() => decodeRepositoryKeys("x", bytes), /no keys/);
  });

  it("have one line", () => {
    const bytes = encodeSessionKey(session);
    refused(() => decodeSessionKey("x", Buffer.concat([bytes, bytes]), session), /more than one/);
  });

  it("are spelt as gpg takes them", () => {
    const text = Buffer.from(encodeSessionKey(session)).toString();
    assert.equal((JSON.parse(text) as { key: string }).key, `9:${"09".repeat(32)}`);
  });
});

describe("summary and manifest", () => {
  it("are refused of another run", () => {
    const other = "b/0000000001-0011223344556677";
    const summary = encodeLines([{ varve: "summary", run: other }]);
    refused(() => decodeSummary("x", run, summary), /not of run/);
    const manifest = encodeLines([{ varve: "manifest", run: other }]);
    refused(() => decodeManifest("x", run, manifest), /not of run/);
  });
});

describe("tables", () => {
  const table = (...rest: object[]) => [...decodeTables(lines({ pack }, ...rest))];
  const part = { run, tape: 0, segments: [[0, 100, "A".repeat(22).concat("==")]] };

  it("are refused where lines belong to nothing", () => {
    refused(() => [...decodeTables(lines(part))], /no pack/);
    refused(() => table({ run, tape: 0, frames: [] }), /segments should come first/);
    refused(() => table(part, { run, tape: 1, frames: [] }), /segments should come first/);
    refused(() => [...decodeTables(lines({ pack: "../../etc/passwd" }))], /name an object/);
  });

  it("are refused with frames that nobody could hold or number", () => {
    const frames = (...frame: unknown[]) => table(part, { run, tape: 0, frames: [frame] });
    assert.equal(frames(0, 1, [[id, MAX_CHUNK_BYTES]]).length, 1);
    refused(
      () =>
        frames(0, 1, [
          [id, MAX_CHUNK_BYTES],
          [id, 1],
        ]),
      /at most/,
    );
    refused(() => frames(0, 1, [[id, MAX_CHUNK_BYTES + 1]]), /\[id, size\]/);
    refused(() => frames(0, 1, [[id, 0]]), /\[id, size\]/);
    refused(() => frames(0, 0, []), /offset, length/);
    refused(() => frames(0, 2 ** 28, []), /offset, length/);
    refused(() => frames(Number.MAX_SAFE_INTEGER, 1, []), /2\^53/);
  });

  it("are refused with segments that nobody could hold or number", () => {
    const segments = (...group: unknown[]) => table({ run, tape: 0, segments: [group] });
    const hash = part.segments[0]?.[2];
    assert.equal(segments(0, 86, hash).length, 1);
    refused(() => segments(0, 0, hash), /sealed bytes/);
    refused(() => segments(0, 2 ** 25, hash), /sealed bytes/);
    refused(() => segments(0, 86, ""), /16 bytes/);
    refused(() => segments(0, 86, "AAE="), /16 bytes/);
    refused(() => segments(Number.MAX_SAFE_INTEGER, 86, hash), /2\^53/);
  });
});

describe("pages of a reach", () => {
  it("are refused with ranges that touch, cross or run backwards", () => {
    const page = (...segments: number[][]) => decodePage(lines({ run, tape: 0, segments }));
    assert.equal(page([0, 1], [3, 3]).length, 1);
    refused(() => page([0, 1], [2, 3]), /apart/);
    refused(() => page([5, 6], [0, 1]), /apart/);
    refused(() => page([1, 0]), /first, last/);
    refused(() => page([0.5, 1]), /first, last/);
  });

  it("are refused out of order, and go on over several lines", () => {
    const later = { run: "a/0000000002-0011223344556677", tape: 0, segments: [[0, 1]] };
    refused(() => decodePage(lines(later, { ...later, run })), /before the one before/);
    refused(() => decodePage(lines({ ...later, tape: 1 }, later)), /before the one before/);
    refused(() => decodePage(lines(later, later)), /apart/);
    const pages = decodePage(lines(later, { ...later, segments: [[3, 4]] }));
    assert.deepEqual(pages, [
      {
        ...later,
        segments: [
          [0, 1],
          [3, 4],
        ],
      },
    ]);
  });

  it("are numbered in their index object", () => {
    const header = { varve: "index", repository, run, holds: "reach" };
    const index = (...rest: object[]) => decodeIndex("x", encodeLines([header, ...rest]));
    assert.deepEqual(index({ page: 0 }, { page: 1 }), {
      repository,
      run,
      holds: "reach",
      pages: [[], []],
    });
    refused(() => index({ page: 1 }), /"page" should be 0/);
    refused(() => index({ page: 0 }, { page: 0 }), /"page" should be 1/);
    refused(() => index({ run, tape: 0, segments: [] }), /no page/);
    refused(() => decodeIndex("x", new Uint8Array(0)), /no index object/);
  });
});

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

  it("have a name but for the root", () => {
    assert.equal(decodeRoot(stored({ name: "" })).name, "");
    refused(() => decodeRoot(stored({})), /empty/);
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
