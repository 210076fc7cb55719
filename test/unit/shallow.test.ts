import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RawName } from "../../src/format/raw-name.ts";
import type { ChunkId } from "../../src/format/table.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { resolve } from "../../src/restore/resolve.ts";
import { Selection } from "../../src/restore/selection.ts";
import { Shallow } from "../../src/restore/shallow.ts";
import { Shelf } from "../support/shelf.ts";

/** A chunk that no index has. */
const UNKNOWN = Buffer.alloc(32).toString("base64") as ChunkId;

/** What is selected of a tree in which only what is `readable` can be read. */
async function taken(patterns: string[], ...readable: string[]): Promise<string[]> {
  const shelf = new Shelf();
  const directory = (name: string, ...inside: Parameters<Shelf["directory"]>[1][]) => {
    const made = shelf.directory(name, ...inside);
    if (readable.includes(name)) return made;
    return {
      ...made,
      content: { ...made.content, chunks: [{ id: UNKNOWN, size: made.content.size }] },
    };
  };
  const deep = directory("deep", shelf.file("x"));
  const docs = directory("docs", shelf.file("a.txt"), deep);
  const root = shelf.directory("", docs, shelf.file("f"), directory("other", shelf.file("y")));
  const chunks = new ChunkSource(await shelf.close().means());
  const selection = new Selection(patterns, "/s" as RawName);
  const paths: string[] = [];
  for await (const step of resolve(root, chunks, new Shallow(selection))) {
    if (step.kind === "entry" || (step.kind === "enter" && step.isSelected)) paths.push(step.path);
  }
  selection.mustBeFound();
  return paths;
}

describe("a shallow selection", () => {
  it("of everything takes the root and what is in it, and reads nothing else", async () => {
    assert.deepEqual(await taken([]), ["", "docs", "f", "other"]);
    assert.deepEqual(await taken(["."]), ["", "docs", "f", "other"]);
  });

  it("of a directory takes it and what is in it, and reads only the way there", async () => {
    assert.deepEqual(await taken(["docs"], "docs"), ["docs", "docs/a.txt", "docs/deep"]);
    const deep = await taken(["/s/docs/deep/"], "docs", "deep");
    assert.deepEqual(deep, ["docs/deep", "docs/deep/x"]);
  });

  it("takes what was named inside of what was named", async () => {
    const paths = await taken(["docs", "docs/deep"], "docs", "deep");
    assert.deepEqual(paths, ["docs", "docs/a.txt", "docs/deep", "docs/deep/x"]);
  });

  it("takes a file, and what globs match", async () => {
    assert.deepEqual(await taken(["f"]), ["f"]);
    assert.deepEqual(await taken(["docs/*"], "docs", "deep"), [
      ...["docs/a.txt", "docs/deep", "docs/deep/x"],
    ]);
    assert.deepEqual(await taken(["*"], "docs", "deep", "other"), [
      ...["docs", "docs/a.txt", "docs/deep", "f", "other", "other/y"],
    ]);
  });

  it("reads what it has to: then damage is told", async () => {
    await assert.rejects(taken(["docs/deep"], "docs"), /index does not know/);
  });

  it("tells what it did not find", async () => {
    await assert.rejects(taken(["docs/none", "f"], "docs"), /matches docs\/none$/);
  });
});
