import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StoredChunk } from "../../src/backup/chunk-writer.ts";
import { ContentBuilder } from "../../src/backup/stored-file.ts";
import type { Slot } from "../../src/backup/tree.ts";
import { TreeBuilder } from "../../src/backup/tree.ts";
import type { ContentChunk } from "../../src/format/content.ts";
import { decodeListLine, MAX_INLINE_CHUNKS } from "../../src/format/content.ts";
import { decodeLines } from "../../src/format/lines.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { ChunkId } from "../../src/format/table.ts";
import type { Entry } from "../../src/format/tree.ts";
import { decodeEntry } from "../../src/format/tree.ts";
import { bracketFor, run } from "../support/brackets.ts";
import { randomBytes } from "../support/random.ts";

/** A store for trees that keeps what is put in it. */
async function memoryStore() {
  const { chunker, chunks } = await bracketFor("trees");
  const held = new Map<ChunkId, Uint8Array>();
  const needed: StoredChunk[] = [];
  const store = {
    chunker,
    chunks: {
      *put(bytes: Uint8Array) {
        const chunk = yield* chunks.put(bytes);
        held.set(chunk.id, bytes.slice());
        return chunk;
      },
    } as typeof chunks,
  };
  const read = (list: readonly ContentChunk[]) =>
    Buffer.concat(list.map(({ id }) => held.get(id) ?? Buffer.alloc(0)));
  const needs = (chunk: StoredChunk) => void needed.push(chunk);
  return { store, read, needs, needed };
}

function chunkList(count: number): ContentChunk[] {
  return Array.from({ length: count }, (_, at) => ({
    id: Buffer.from(randomBytes(at, 32)).toString("base64") as ChunkId,
    size: at + 1,
  }));
}

describe("a list of chunks", () => {
  for (const [count, depth] of [
    [0, 0],
    [1, 0],
    [MAX_INLINE_CHUNKS, 0],
    [MAX_INLINE_CHUNKS + 1, 1],
    [100, 1],
    // A line has about 70 bytes, a chunk of trees here 1 KiB: 16 of them hold 250 lines or so.
    [2000, 2],
  ] as const) {
    it(`of ${count} is ${depth} levels deep, and all of it comes back`, async () => {
      const { store, read, needs, needed } = await memoryStore();
      const builder = new ContentBuilder(store, needs);
      const list = chunkList(count);
      for (const chunk of list) run(builder.add(chunk));
      const content = run(builder.finish());
      assert.equal(content.depth, depth);
      assert.equal(
        content.size,
        list.reduce((sum, { size }) => sum + size, 0),
      );
      assert.ok(content.chunks.length <= MAX_INLINE_CHUNKS);
      let level = [...content.chunks];
      let held = 0;
      for (let left = depth as number; left > 0; left--) {
        held += level.length;
        level = [...decodeLines("list", read(level))].map(decodeListLine);
      }
      assert.deepEqual(level, list);
      assert.equal(needed.length, held, "all chunks of all levels are needed, and no others");
    });
  }
});

describe("a tree", () => {
  const common = { mode: 0o644, uid: 0, gid: 0, mtime: 0n };
  const fifo = (name: string): Entry => ({ ...common, name: name as RawName, type: "fifo" });
  const folder = (name: string) =>
    ({ ...common, name: name as RawName, type: "directory" }) as const;

  it("keeps the order of its slots, in whichever order they are filled", async () => {
    const { store, read, needs } = await memoryStore();
    const tree = new TreeBuilder(store, needs);
    tree.enter(folder(""));
    const a = tree.slot();
    tree.enter(folder("b"));
    const inner = tree.slot();
    tree.leave();
    const d = tree.slot();
    tree.leave();
    assert.throws(() => tree.root, /not complete/);
    for (const [slot, entry] of [
      [d, fifo("d")],
      [inner, fifo("inner")],
      [a, fifo("a")],
    ] as const) {
      slot.fill(entry);
      run(tree.settle());
    }
    assert.equal(tree.held, 0);
    const root = tree.root;
    assert.ok(root?.type === "directory");
    const entries = [...decodeLines("root", read(root.content.chunks))].map(decodeEntry);
    assert.deepEqual(
      entries.map(({ name }) => name),
      ["a", "b", "d"],
    );
    const b = entries[1];
    assert.ok(b?.type === "directory");
    const below = [...decodeLines("b", read(b.content.chunks))].map(decodeEntry);
    assert.deepEqual(below, [fifo("inner")]);
  });

  it("leaves out what could not be read, and holds no more than it has to", async () => {
    const { store, read, needs } = await memoryStore();
    const tree = new TreeBuilder(store, needs);
    tree.enter(folder(""));
    const slots = Array.from({ length: 3000 }, () => tree.slot());
    assert.equal(tree.held, 3000);
    for (const [at, slot] of slots.entries()) {
      slot.fill(at % 2 === 0 ? fifo(String(at).padStart(4, "0")) : undefined);
      if (at % 100 === 0) run(tree.settle());
    }
    assert.ok(tree.held < 3000);
    tree.leave();
    run(tree.settle());
    const root = tree.root;
    assert.ok(root?.type === "directory" && root.content.depth > 0);
    assert.equal(tree.held, 0);
    let level = [...root.content.chunks];
    for (let left = root.content.depth; left > 0; left--) {
      level = [...decodeLines("list", read(level))].map(decodeListLine);
    }
    assert.equal([...decodeLines("root", read(level))].map(decodeEntry).length, 1500);
  });

  it("is unwound to its root where the walk ends early", async () => {
    const { store, read, needs } = await memoryStore();
    const tree = new TreeBuilder(store, needs);
    for (const name of ["", "b", "c"]) tree.enter(folder(name));
    const late = tree.slot();
    tree.unwind();
    assert.throws(() => tree.root, /not complete/);
    late.fill(fifo("late"));
    run(tree.settle());
    let entry = tree.root;
    for (const name of ["b", "c", "late"]) {
      assert.ok(entry?.type === "directory");
      const entries = [...decodeLines("tree", read(entry.content.chunks))].map(decodeEntry);
      assert.deepEqual(
        entries.map((found) => found.name),
        [name],
      );
      [entry] = entries;
    }
    assert.throws(() => tree.leave(), /no directory is open/);
  });

  it("has no root if that could not be read, and is not left more often than entered", async () => {
    const { store, needs } = await memoryStore();
    const tree = new TreeBuilder(store, needs);
    const root: Slot = tree.slot();
    root.fill(undefined);
    assert.equal(tree.root, undefined);
    assert.throws(() => tree.leave(), /no directory is open/);
  });
});
