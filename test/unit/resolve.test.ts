import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CorruptError } from "../../src/errors.ts";
import type { Content, ContentChunk } from "../../src/format/content.ts";
import { encodeListLine } from "../../src/format/content.ts";
import { encodeLines } from "../../src/format/lines.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { DirectoryEntry, Entry } from "../../src/format/tree.ts";
import { encodeEntry } from "../../src/format/tree.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { chunksOf } from "../../src/restore/contents.ts";
import { resolve } from "../../src/restore/resolve.ts";
import { Selection } from "../../src/restore/selection.ts";
import { COMMON, Shelf } from "../support/shelf.ts";

/** All their paths together have 100 MB. */
const DEEP = 10_000;
/** What a walk may take for that: some KB a level. */
const DEEP_BYTES = 2 ** 26;

async function stepsOf(shelf: Shelf, root: Entry, ...patterns: string[]): Promise<string[]> {
  const chunks = new ChunkSource(await shelf.close().means());
  const steps: string[] = [];
  for await (const { kind, path } of resolve(
    root,
    chunks,
    new Selection(patterns, "/s" as RawName),
  )) {
    steps.push(`${kind} ${path}`);
  }
  return steps;
}

/** A directory whose lines are these bytes. */
function directoryOf(content: Content): Entry {
  return { ...COMMON, type: "directory", name: "" as RawName, content };
}

function linesOf(...entries: object[]): Buffer {
  return Buffer.from(encodeLines(entries));
}

async function refused(shelf: Shelf, root: Entry, message: RegExp): Promise<void> {
  await assert.rejects(stepsOf(shelf, root), (error: Error) => {
    assert.ok(error instanceof CorruptError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

describe("resolve", () => {
  it("walks in order, and enters an empty directory", async () => {
    const shelf = new Shelf();
    const inner = shelf.directory("b");
    const root = shelf.directory("", shelf.file("a"), inner, shelf.file("c"));
    assert.deepEqual(await stepsOf(shelf, root), [
      ...["enter ", "entry a", "enter b", "leave b", "entry c", "leave "],
    ]);
  });

  it("enters only what leads to something that is selected", async () => {
    const shelf = new Shelf();
    const hit = shelf.directory("hit", shelf.directory("in", shelf.file("x.c")));
    const root = shelf.directory("", hit, shelf.directory("miss", shelf.file("x.h")));
    assert.deepEqual(await stepsOf(shelf, root, "**/*.c"), [
      ...["enter ", "enter hit", "enter hit/in", "entry hit/in/x.c"],
      ...["leave hit/in", "leave hit", "leave "],
    ]);
    assert.deepEqual(await stepsOf(shelf, root, "nothing/*"), []);
  });

  it("enters an empty directory that was asked for", async () => {
    const shelf = new Shelf();
    const root = shelf.directory("", shelf.directory("e"), shelf.directory("f"));
    assert.deepEqual(await stepsOf(shelf, root, "e"), ["enter ", "enter e", "leave e", "leave "]);
  });

  it("goes down thousands of levels", async () => {
    const shelf = new Shelf();
    let root: Entry = shelf.directory("d");
    const chunks = new Map<string, Uint8Array>();
    // Read from memory: the depth is what counts here.
    for (let level = 0; level < DEEP; level++) {
      const bytes = linesOf(encodeEntry(root));
      const id = Buffer.from(String(level).padStart(32)).toString("base64") as ContentChunk["id"];
      chunks.set(id, bytes);
      const content = { size: bytes.length, depth: 0, chunks: [{ id, size: bytes.length }] };
      root = {
        ...COMMON,
        type: "directory",
        name: (level === DEEP - 1 ? "" : "d") as RawName,
        content,
      };
    }
    const source = { read: async ({ id }: ContentChunk) => chunks.get(id) ?? new Uint8Array(0) };
    let deepest = 0;
    let most = 0;
    const before = process.memoryUsage().heapUsed;
    for await (const { path } of resolve(root, source, new Selection([], "/s" as RawName))) {
      // As who makes a directory would do: V8 keeps a path in pieces until somebody looks.
      assert.ok(path === "" || path.endsWith("d"));
      if (path.length > deepest && path.length % 1000 === 1) {
        most = Math.max(most, process.memoryUsage().heapUsed - before);
      }
      deepest = Math.max(deepest, path.length);
    }
    assert.equal(deepest, 2 * DEEP - 1);
    assert.ok(most < DEEP_BYTES, `${most} bytes`);
  });

  it("holds no chunk of the directories that it is in", async () => {
    const shelf = new Shelf();
    const level = 2 ** 21;
    let root = shelf.directory("d");
    // A line that is nearly all spaces: some KB in the store.
    for (let depth = 1; depth <= 64; depth++) {
      const line = linesOf(encodeEntry(root)).toString().trimEnd();
      const lines = Buffer.from(`${line.padEnd(level)}\n`);
      const name = (depth === 64 ? "" : "d") as RawName;
      root = { ...COMMON, type: "directory", name, content: shelf.content(lines) };
    }
    const chunks = new ChunkSource(await shelf.close().means());
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for await (const step of resolve(root, chunks, new Selection([], "/s" as RawName))) {
      assert.notEqual(step.kind, "entry");
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    assert.ok(most < 40 * level, `${most} bytes`);
  });

  it("names a directory far down by where it begins and ends", async () => {
    const shelf = new Shelf();
    let root = directoryOf(shelf.content(Buffer.from("{}\n"))) as DirectoryEntry;
    for (let depth = 0; depth < 200; depth++) {
      root = shelf.directory("", { ...root, name: `level-${depth}` as RawName });
    }
    await refused(
      shelf,
      root,
      /^the directory "level-199\/level-198.*\/level-188\/ \.\.\. .*\/level-1\/level-0" is damaged: field "name"/,
    );
  });

  it("refuses names that lead astray, come twice or out of order", async () => {
    const shelf = new Shelf();
    const file = encodeEntry(shelf.file("a"));
    for (const name of ["..", ".", "a/b", "/", "a\0b"]) {
      await refused(shelf, directoryOf(shelf.content(linesOf({ ...file, name }))), /a single name/);
    }
    await refused(
      shelf,
      directoryOf(shelf.content(linesOf({ ...file, name: "" }))),
      /a single name/,
    );
    for (const names of [
      ["a", "a"],
      ["b", "a"],
    ]) {
      const lines = linesOf(...names.map((name) => ({ ...file, name })));
      await refused(shelf, directoryOf(shelf.content(lines)), /out of order/);
    }
  });

  it("refuses a root that is no directory and has no name", async () => {
    const shelf = new Shelf();
    await refused(shelf, shelf.file(""), /has no name/);
  });

  it("refuses lines that are no JSON, that do not end, or whose sizes lie", async () => {
    const shelf = new Shelf();
    const line = linesOf(encodeEntry(shelf.file("a")));
    await refused(shelf, directoryOf(shelf.content(Buffer.from("{\n"))), /not JSON/);
    await refused(shelf, directoryOf(shelf.content(line.subarray(0, -1))), /has no end/);
    const content = shelf.content(line);
    const [chunk] = content.chunks as [ContentChunk];
    await refused(shelf, directoryOf({ ...content, size: content.size + 1 }), /do not add up/);
    await refused(
      shelf,
      directoryOf({ ...content, size: 5, chunks: [{ ...chunk, size: 5 }] }),
      /bytes where 5 belong/,
    );
  });

  it("reads lines wherever chunks end", async () => {
    const shelf = new Shelf();
    const lines = linesOf(encodeEntry(shelf.file("ä")), encodeEntry(shelf.file("ö")));
    const bytes = Array.from(lines, (_, at) => lines.subarray(at, at + 1));
    const root = directoryOf(shelf.content(...bytes));
    const names = [Buffer.from("ä").toString("latin1"), Buffer.from("ö").toString("latin1")];
    const steps = ["enter ", ...names.map((name) => `entry ${name}`), "leave "];
    assert.deepEqual(await stepsOf(shelf, root), steps);
  });
});

describe("chunksOf", () => {
  /** A content under `depth` levels of lists. */
  function listed(shelf: Shelf, inner: Content, depth: number): Content {
    let content = inner;
    for (let level = 1; level <= depth; level++) {
      const { chunks } = shelf.content(linesOf(...content.chunks.map(encodeListLine)));
      content = { size: inner.size, depth: level, chunks };
    }
    return content;
  }

  async function idsOf(shelf: Shelf, content: Content): Promise<string[]> {
    const source = new ChunkSource(await shelf.close().means());
    const ids: string[] = [];
    for await (const { id } of chunksOf("it", content, source)) ids.push(id);
    return ids;
  }

  it("finds the chunks behind all levels of lists", async () => {
    const shelf = new Shelf();
    const inner = shelf.content(Buffer.from("one"), Buffer.from("two"), Buffer.from("one"));
    const content = listed(shelf, inner, 8);
    assert.deepEqual(
      await idsOf(shelf, content),
      inner.chunks.map(({ id }) => id),
    );
  });

  it("stops as soon as there is more than the size says", async () => {
    const shelf = new Shelf();
    const [chunk] = shelf.frame(Buffer.from("x")) as [ContentChunk];
    const lines = linesOf(...Array.from({ length: 1000 }, () => encodeListLine(chunk)));
    // A thousand to the power of four: only who stops comes to an end.
    let { chunks } = shelf.content(lines);
    for (let level = 2; level <= 4; level++) {
      const [list] = chunks as [ContentChunk];
      ({ chunks } = shelf.content(
        linesOf(...Array.from({ length: 1000 }, () => encodeListLine(list))),
      ));
    }
    await assert.rejects(idsOf(shelf, { size: 10, depth: 4, chunks }), /do not add up/);
  });
});
