import assert from "node:assert/strict";
import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadDigests } from "../../src/digest/digest.ts";
import type { Holes } from "../../src/format/holes.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { FileEntry } from "../../src/format/tree.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { FileComparer } from "../../src/restore/compare-file.ts";
import { randomBytes } from "../support/random.ts";
import { sparseFile } from "../support/rough.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { CHUNK_KEY, Shelf } from "../support/shelf.ts";

const digests = await loadDigests(CHUNK_KEY, "fastest");
const PIECES = [1, 2, 3].map((seed) => randomBytes(seed, 40_000));
const DATA = Buffer.concat(PIECES);
const GAP = 1_000_000;
/** In front, inside the second piece, and behind. */
const HOLES: Holes = [
  [0, GAP],
  [GAP + 60_000, GAP],
  [2 * GAP + 120_000, GAP],
];
const SIZE = 3 * GAP + 120_000;
const path = join(scratchDirectory(), "file");

/** The file as it was, with holes on disk as well. */
function plant(): void {
  const second = 2 * GAP + 60_000;
  sparseFile(path, SIZE, { [GAP]: DATA.subarray(0, 60_000), [second]: DATA.subarray(60_000) });
}

async function difference(entry: FileEntry, shelf: Shelf): Promise<string | undefined> {
  const comparer = new FileComparer(new ChunkSource(await shelf.means()), digests);
  return comparer.difference(rawFromText(path), { path: "f" as RawName, entry });
}

function overwrite(at: number, bytes: Uint8Array): void {
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, at);
  closeSync(descriptor);
}

/** Of the file as it was. */
function byteAt(at: number): number {
  const hole = HOLES.find(([offset, length]) => at >= offset && at < offset + length);
  const before = HOLES.filter(([offset]) => offset <= at).length * GAP;
  return hole === undefined ? (DATA[at - before] ?? 0) : 0;
}

describe("a file with holes", () => {
  const shelf = new Shelf();
  const bare: FileEntry = { ...shelf.file("f", ...PIECES), holes: HOLES };
  shelf.close();
  const hash = digests.file("sha1");
  for (const bytes of [new Uint8Array(GAP), DATA.subarray(0, 60_000), new Uint8Array(GAP)]) {
    hash.update(bytes);
  }
  hash.update(DATA.subarray(60_000));
  hash.update(new Uint8Array(GAP));
  const digest = hash.finish() as string;

  /** What is told of a file with one byte that is other, in these places. */
  async function spoilt(
    entry: FileEntry,
    places: readonly number[],
    expected: (at: number) => RegExp,
  ) {
    for (const at of places) {
      plant();
      overwrite(at, Buffer.from([byteAt(at) ^ 1]));
      assert.match((await difference(entry, shelf)) ?? "", expected(at), String(at));
    }
  }

  const inHoles = [0, GAP - 1, GAP + 60_000, SIZE - 1];
  const inData = [GAP, GAP + 59_999, 2 * GAP + 60_000, SIZE - GAP - 1];
  for (const [how, entry] of Object.entries({
    "its digest": { ...bare, digest },
    "its pieces": bare,
  })) {
    it(`is the same by ${how}, whether zeros are holes on disk or not`, async () => {
      plant();
      assert.equal(await difference(entry, shelf), undefined);
      overwrite(GAP / 2, new Uint8Array(GAP / 2));
      overwrite(SIZE - 10, new Uint8Array(10));
      assert.equal(await difference(entry, shelf), undefined);
    });

    it(`is another by ${how}, if it has another size`, async () => {
      for (const size of [SIZE - 1, SIZE + 1, 0]) {
        plant();
        truncateSync(path, size);
        assert.equal(await difference(entry, shelf), `it has ${size} bytes instead of ${SIZE}`);
      }
    });
  }

  it("is another by its digest, if a byte is other in a hole or in the data", async () => {
    await spoilt({ ...bare, digest }, [...inHoles, ...inData], () => /content is/);
  });

  it("is another by its pieces, if a byte is other in a hole or in the data", async () => {
    await spoilt(bare, inHoles, (at) => new RegExp(`data at byte ${at}, where a hole was`));
    await spoilt(bare, inData, () => /differs between byte/);
  });

  it("that is nothing but a hole is compared in no time, however long it is", async () => {
    const shelf = new Shelf().close();
    const entry: FileEntry = { ...new Shelf().file("f"), holes: [[0, 2 ** 40]] };
    sparseFile(path, 2 ** 40);
    assert.equal(await difference(entry, shelf), undefined);
    overwrite(2 ** 39 + 5, Buffer.from("x"));
    assert.match((await difference(entry, shelf)) ?? "", /data at byte 549755813893/);
    writeFileSync(path, "");
  });
});
