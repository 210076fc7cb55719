import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { pack, unpack } from "msgpackr";
import type { KnownFile } from "../../src/backup/known-file.ts";
import { decodeKnownFile, encodeKnownFile, SpanList } from "../../src/backup/known-file.ts";
import type { KnownFiles, ReuseOptions } from "../../src/backup/reuse.ts";
import { Reuse } from "../../src/backup/reuse.ts";
import { signatureOf } from "../../src/backup/signature.ts";
import type { Found } from "../../src/disk/walk.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { ChunkId } from "../../src/format/table.ts";
import { RUN } from "../support/brackets.ts";
import { scratchDirectory } from "../support/scratch.ts";

const id = Buffer.alloc(32).toString("base64") as ChunkId;
const span = { run: RUN, tape: 1, first: 2, last: 4 };
const known: KnownFile = {
  signature: "1 2 3",
  content: { size: 10, depth: 0, chunks: [{ id, size: 10 }] },
  digest: `sha1:${"0".repeat(40)}`,
  spans: [span],
  unplaced: [],
};

describe("a record of a known file", () => {
  it("comes back as it was", () => {
    const { digest: _, ...bare } = known;
    const other = Buffer.alloc(32, 1).toString("base64") as ChunkId;
    const xattrs = [{ name: "user.\xff\xe9" as RawName, value: Buffer.from([0, 255]) }];
    const holes = [[3, 2 ** 40]] as const;
    for (const file of [
      ...[known, { ...known, unplaced: [id, other] }, bare],
      ...[
        { ...known, xattrs },
        { ...bare, holes },
        { ...known, xattrs, holes },
      ],
    ]) {
      assert.deepEqual(decodeKnownFile(encodeKnownFile(file)), file);
    }
  });

  it("is nothing, if it is not what this version writes", () => {
    const bytes = Buffer.from(encodeKnownFile(known));
    const edited = (from: string, to: string) =>
      Buffer.from(bytes.toString("latin1").replace(from, to), "latin1");
    for (const other of [
      Buffer.alloc(0),
      Buffer.from("{}"),
      bytes.subarray(1),
      bytes.subarray(0, -1),
      edited(RUN, RUN.replace("/", ".")),
      edited("\u0001\u0002\u0004", "\u0001\u00ff\u0004"),
      encodeKnownFile({ ...known, content: { ...known.content, size: 11 } }),
      encodeKnownFile({ ...known, holes: [[11, 1]] }),
      encodeKnownFile({ ...known, xattrs: [{ name: "" as RawName, value: new Uint8Array(0) }] }),
    ]) {
      assert.equal(decodeKnownFile(other), undefined, Buffer.from(other).toString("hex"));
    }
  });
});

describe("a record of an earlier version", () => {
  it("is nothing: whoever wrote it did not look at attributes and holes", () => {
    const [, ...fields] = unpack(encodeKnownFile(known)) as unknown[];
    assert.equal(decodeKnownFile(pack(fields)), undefined);
    assert.equal(decodeKnownFile(pack([1, ...fields])), undefined);
    assert.deepEqual(decodeKnownFile(pack([2, ...fields])), known);
  });
});

describe("the places of a file", () => {
  it("are joined where they touch, and all of them are kept", () => {
    const spans = fc.array(fc.record({ first: fc.nat(30), more: fc.nat(5), tape: fc.nat(1) }));
    fc.assert(
      fc.property(spans, (list) => {
        const places = new SpanList();
        const expected = new Set<string>();
        for (const { first, more, tape } of list) {
          places.addSpan({ run: RUN, tape, first, last: first + more });
          for (let at = first; at <= first + more; at++) expected.add(`${tape} ${at}`);
        }
        const found = new Set<string>();
        for (const { tape, first, last } of places.spans) {
          for (let at = first; at <= last; at++) found.add(`${tape} ${at}`);
        }
        assert.deepEqual(found, expected);
      }),
    );
  });

  it("are told apart from chunks without one, and can be forgotten", () => {
    const places = new SpanList();
    places.add({ id, size: 1, isNew: true });
    places.add({ id, size: 1, isNew: true, span });
    places.add({ id, size: 1, isNew: true, span: { ...span, first: 5, last: 6 } });
    assert.deepEqual([places.spans, places.unplaced], [[{ ...span, last: 6 }], [id]]);
    places.clear();
    assert.deepEqual([places.spans, places.unplaced], [[], []]);
  });
});

/** What a cache would say. */
interface World {
  readonly file?: KnownFile;
  readonly holds?: boolean;
  readonly located?: boolean;
  readonly options?: Partial<ReuseOptions>;
}

describe("a file that has not changed", () => {
  const path = join(scratchDirectory(), "file");
  writeFileSync(path, "content");
  const stats = statSync(path, { bigint: true });
  const found: Found = { name: "file" as RawName, path: "file" as RawName, stats };
  const same: KnownFile = { ...known, signature: signatureOf(stats) };

  function lookUp({ file = same, holds = true, located = true, options }: World): {
    reused: KnownFile | undefined;
    written: unknown[];
  } {
    const written: unknown[] = [];
    const cache = {
      chunks: {
        locate: () => (located ? { ...span, offset: 0, length: 1, within: 0, size: 1 } : undefined),
      },
      segments: { holds: () => holds },
      paths: {
        between: () =>
          new Map([
            ["file", encodeKnownFile(file)],
            ["gone", new Uint8Array(0)],
          ]),
        put: (_: unknown, name: string, bytes: Uint8Array) =>
          written.push([name, decodeKnownFile(bytes)]),
        remove: (_: unknown, name: string) => written.push(name),
      },
    } as unknown as KnownFiles;
    const usual = {
      reading: "changed files",
      digest: "sha1",
      segmentSize: 4096,
      generation: 1,
    } as const;
    const reuse = new Reuse(cache, "/source" as RawName, { ...usual, ...options });
    const visit = { path: "" as RawName, after: undefined };
    const [reused] = reuse.lookUp(visit, [found]);
    return { reused, written };
  }

  it("is taken as it is known, and what has gone from beside it is forgotten", () => {
    assert.deepEqual(lookUp({}), { reused: same, written: ["gone"] });
  });

  it("is read all the same, if anything is in doubt", () => {
    const doubts: World[] = [
      { file: { ...same, signature: `${same.signature}0` } },
      { file: { ...same, digest: undefined } },
      { options: { digest: "blake3" } },
      { options: { reading: "every file" } },
      { holds: false },
      { file: { ...same, unplaced: [id] }, located: false },
    ];
    for (const doubt of doubts)
      assert.equal(lookUp(doubt).reused, undefined, JSON.stringify(doubt));
  });

  it("is given the places of its last chunks, once they are known", () => {
    const { reused, written } = lookUp({ file: { ...same, unplaced: [id] } });
    const placed = { ...same, spans: [span, { ...span, first: 0, last: 0 }] };
    assert.deepEqual(reused, placed);
    assert.deepEqual(written, [["file", placed], "gone"]);
  });
});
