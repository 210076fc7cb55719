import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FileDigestName } from "../../src/digest/digest.ts";
import { loadDigests } from "../../src/digest/digest.ts";
import { CorruptError } from "../../src/errors.ts";
import { fileSize } from "../../src/format/holes.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { FileEntry } from "../../src/format/tree.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { fileBytes } from "../../src/restore/file-bytes.ts";
import { flipped } from "../support/packets.ts";
import { randomBytes } from "../support/random.ts";
import { CHUNK_KEY, Shelf } from "../support/shelf.ts";

const digests = await loadDigests(CHUNK_KEY, "fastest");
const PIECES = [1, 2, 3].map((seed) => randomBytes(seed, 40_000));

/** A file of three chunks with the digest of these pieces. */
function fileOf(shelf: Shelf, name: FileDigestName, pieces: readonly Uint8Array[]): FileEntry {
  const hash = digests.file(name);
  for (const piece of pieces) hash.update(piece);
  const digest = hash.finish();
  return { ...shelf.file("f", ...PIECES), ...(digest === undefined ? {} : { digest }) };
}

/** Reads the file; what was had before a failure is in `had`. */
async function readInto(had: Uint8Array[], shelf: Shelf, entry: FileEntry): Promise<void> {
  const chunks = new ChunkSource(await shelf.close().means());
  for await (const bytes of fileBytes({ path: "d/f" as RawName, entry }, chunks, digests)) {
    had.push(Uint8Array.from(bytes));
  }
}

describe("the bytes of a file", () => {
  for (const name of ["sha1", "blake3", "none"] as const) {
    it(`are what was backed up: ${name}`, async () => {
      const shelf = new Shelf();
      const had: Uint8Array[] = [];
      await readInto(had, shelf, fileOf(shelf, name, PIECES));
      assert.deepEqual(Buffer.concat(had), Buffer.concat(PIECES));
    });
  }

  it("are zeros where holes are: between chunks, inside them, in front and behind", async () => {
    const data = Buffer.concat(PIECES);
    const cases: [number, number][][] = [
      [[0, 7]],
      [[120_000, 200_000]],
      [[40_000, 1]],
      [
        [0, 3],
        [10_003, 100_000],
        [160_003, 70_000],
        [240_003, 5],
      ],
    ];
    for (const holes of cases) {
      const whole: Uint8Array[] = [];
      let at = 0;
      let taken = 0;
      for (const [offset, length] of holes) {
        whole.push(data.subarray(taken, taken + offset - at), new Uint8Array(length));
        taken += offset - at;
        at = offset + length;
      }
      whole.push(data.subarray(taken));
      const shelf = new Shelf();
      const had: Uint8Array[] = [];
      const file = { ...fileOf(shelf, "sha1", whole), holes };
      await readInto(had, shelf, file);
      assert.ok(Buffer.concat(had).equals(Buffer.concat(whole)));
      assert.equal(Buffer.concat(had).length, fileSize(file));
    }
  });

  it("are zeros of a hole without any data, in pieces", async () => {
    const shelf = new Shelf();
    const had: Uint8Array[] = [];
    await readInto(had, shelf, { ...shelf.file("f"), holes: [[0, 3_000_000]] });
    assert.equal(Buffer.concat(had).length, 3_000_000);
    assert.ok(had.every((piece) => piece.length <= 65_536 && piece.every((byte) => byte === 0)));
  });

  it("are none of an empty file", async () => {
    const shelf = new Shelf();
    const had: Uint8Array[] = [];
    const digest = "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709";
    await readInto(had, shelf, { ...shelf.file("f"), digest });
    assert.deepEqual(had, []);
  });

  it("are refused behind the last if the whole is another, by the file's name", async () => {
    for (const name of ["sha1", "blake3"] as const) {
      const shelf = new Shelf();
      const had: Uint8Array[] = [];
      const other = fileOf(shelf, name, PIECES.slice(1));
      await assert.rejects(readInto(had, shelf, other), (error: Error) => {
        assert.ok(error instanceof CorruptError);
        assert.match(error.message, new RegExp(`"d/f".*content is ${name}:\\w+ instead of`));
        return true;
      });
      assert.equal(had.length, 3);
    }
  });

  it("end in front of the first chunk that is damaged", async () => {
    const shelf = new Shelf();
    const entry = fileOf(shelf, "sha1", PIECES);
    shelf.close();
    const packs = [...shelf.packs.keys()];
    const damaged = packs[Math.floor(packs.length / 2)] as string;
    shelf.packs.set(damaged, flipped(shelf.packs.get(damaged) as Uint8Array, 8 * 5000));
    const had: Uint8Array[] = [];
    const chunks = new ChunkSource(await shelf.means());
    const reading = async () => {
      for await (const bytes of fileBytes({ path: "f" as RawName, entry }, chunks, digests)) {
        had.push(Uint8Array.from(bytes));
      }
    };
    await assert.rejects(reading(), (error: Error) => error.message.includes(damaged));
    assert.deepEqual(Buffer.concat(had), Buffer.from(PIECES[0] as Uint8Array));
  });

  it("are refused if the chunks do not add up to the size", async () => {
    const shelf = new Shelf();
    const file = shelf.file("f", ...PIECES);
    const content = { ...file.content, size: 100_000 };
    const had: Uint8Array[] = [];
    await assert.rejects(readInto(had, shelf, { ...file, content }), /do not add up/);
    assert.equal(had.length, 2);
  });
});
