import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ContentChunk } from "../../src/format/content.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { Place } from "../../src/format/table.ts";
import { spanOf } from "../../src/repository/reach.ts";
import { segmentStore } from "../../src/restore/chunk-source.ts";
import { fetchSpan } from "../../src/restore/fetch.ts";
import type { Destination, Unit, UnitFailure } from "../../src/restore/unit.ts";
import { writeUnit } from "../../src/restore/unit.ts";
import { threadWriters } from "../../src/restore/writers.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { CHUNK_KEY, COMMON, SEGMENT_BYTES, Shelf } from "../support/shelf.ts";

/** The unit of one chunk that goes to these places, and what came of it. */
async function write(...destinations: Destination[]): Promise<UnitFailure[]> {
  const { unit, means } = await unitOf(destinations);
  return writeUnit(unit, means).failures;
}

async function unitOf(destinations: Destination[]) {
  const shelf = new Shelf();
  const [{ id }] = shelf.frame(Buffer.from("content")) as [ContentChunk];
  const means = await shelf.close().means();
  const place = shelf.places.get(id) as Place;
  const unit: Unit = {
    frames: [[{ id, place, destinations }]],
    stretches: await fetchSpan(segmentStore(means), spanOf(place, SEGMENT_BYTES)),
    segmentSize: SEGMENT_BYTES,
    key: await means.keys.key(place.run),
  };
  return { unit, means };
}

/** A file that is made whole, under the name `t` until it is complete. */
function whole(file: number, root: string, name: string): Destination {
  const path = join(root, name) as RawName;
  const metadata = { ...COMMON, owner: undefined, xattrs: undefined };
  const whole = { path, metadata, clash: "replaced" as const };
  return { file, path: join(root, "t") as RawName, shown: path, at: 0, whole };
}

describe("writeUnit", () => {
  it("fails the one file that cannot be written, and leaves nothing of it", async () => {
    const root = scratchDirectory();
    mkdirSync(join(root, "taken/in"), { recursive: true });
    const failures = await write(whole(0, root, "a"), whole(1, root, "taken"), whole(2, root, "b"));
    assert.deepEqual(
      failures.map(({ file, kind }) => [file, kind]),
      [[1, "unavailable"]],
    );
    assert.match(failures[0]?.message ?? "", /cannot write .*taken/);
    assert.deepEqual(readdirSync(root).sort(), ["a", "b", "taken"]);
    assert.equal(readFileSync(join(root, "b"), "utf8"), "content");
  });

  it("writes pieces into files that are there, and makes none", async () => {
    const root = scratchDirectory();
    writeFileSync(join(root, "f"), "0123456789");
    const to = (name: string, at: number) => ({
      file: 0,
      path: join(root, name) as RawName,
      shown: name as RawName,
      at,
    });
    const failures = await write(to("f", 2), to("missing", 0));
    assert.equal(failures.length, 1);
    assert.deepEqual(readdirSync(root), ["f"]);
    assert.equal(readFileSync(join(root, "f"), "utf8"), "01content9");
  });
});

describe("threads that write", () => {
  it("refuse work once they are closed, rather than keep one waiting", async () => {
    const writers = threadWriters(1, { chunkIdKey: CHUNK_KEY, engine: "fastest" });
    await writers.close();
    const { unit } = await unitOf([]);
    await assert.rejects(writers.write(unit), /ended before its work/);
  });

  it("pass on why they could not begin", async () => {
    const writers = threadWriters(1, { chunkIdKey: new Uint8Array(5), engine: "fastest" });
    const { unit } = await unitOf([]);
    await assert.rejects(writers.write(unit), /chunk-id key/);
    await writers.close();
  });
});
