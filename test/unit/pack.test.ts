import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { loadZstd } from "../../src/compression/zstd.ts";
import { CorruptError } from "../../src/errors.ts";
import type { ChunkId } from "../../src/format/table.ts";
import { openDocument, sealDocument } from "../../src/pack/document.ts";
import { MAX_PACK_CHUNKS, packBufferSize, TRAILER_BYTES, tableRange } from "../../src/pack/pack.ts";
import { fillSkippable, paddedSize, skipPadding } from "../../src/pack/padding.ts";
import { openSegment, segmentHash } from "../../src/pack/segment.ts";
import { packetOpener, packetSealer } from "../../src/seal/packet.ts";
import { sealedBy } from "../support/packets.ts";
import type { Frame } from "../support/tapes.ts";
import { indexKey, layAll, newTape, readTable, sessionKey, storeAll } from "../support/tapes.ts";

const zstd = await loadZstd();
const MIB = 2 ** 20;

/** A chunk id that does not compress. */
const idOf = (n: number) => createHash("sha256").update(`${n}`).digest("base64") as ChunkId;

/** One frame of so many bytes that is said to hold so many chunks of two bytes. */
const crowded = (bytes: number, chunks: number, from = 0): Frame => ({
  bytes: new Uint8Array(bytes),
  chunks: Array.from({ length: chunks }, (_, n) => ({ id: idOf(from + n), size: 2 })),
});

describe("a pack", () => {
  it("takes no further segment once it lists enough chunks", () => {
    const frames = Array.from({ length: 40 }, (_, n) => crowded(4096, 1024, n * 1024));
    const packs = storeAll(layAll(newTape(zstd, 4096, 16 * MIB), frames), 16 * MIB);
    assert.deepEqual(
      packs.map(({ table }) => table.parts[0]?.frames.length),
      [MAX_PACK_CHUNKS / 1024, MAX_PACK_CHUNKS / 1024, 8],
    );
  });

  it("has room for the table of as many chunks of two bytes as there can be", () => {
    // All 65536 of them, 1024 a frame of about 2 KiB: half of them end in the last segment of a pack.
    const frames = Array.from({ length: 64 }, (_, n) => crowded(2200, 1024, n * 1024));
    const packs = storeAll(layAll(newTape(zstd, 65_536, 16 * MIB), frames), 16 * MIB);
    let chunks = 0;
    for (const pack of packs) {
      assert.ok(pack.object.length <= packBufferSize(16 * MIB));
      for (const { frames } of readTable(zstd, pack).parts) {
        for (const frame of frames) chunks += frame.chunks.length;
      }
    }
    assert.equal(chunks, 65_536);
  });

  it("grows with a table that its reserve does not hold", () => {
    // Chunks of a regular file compress to next to nothing: 160,000 of them in one segment.
    const frames = Array.from({ length: 160 }, (_, n) => crowded(400, 1000, n * 1000));
    const [pack, more] = storeAll(layAll(newTape(zstd, 65_536, 65_622), frames), 65_622);
    assert.ok(pack !== undefined && more === undefined);
    assert.ok(pack.object.length > packBufferSize(65_622));
    const [part] = readTable(zstd, pack).parts;
    assert.deepEqual(
      part?.frames.map(({ chunks }) => chunks),
      frames.map(({ chunks }) => chunks),
    );
  });

  it("is refused without a whole table at its end", () => {
    const [pack] = storeAll(layAll(newTape(zstd, 4096, MIB), [crowded(9, 1)]), MIB);
    assert.ok(pack !== undefined);
    const { object } = pack;
    const trailer = object.slice(-TRAILER_BYTES);
    const refused = (size: number, bytes: Uint8Array) =>
      assert.throws(
        () => tableRange("packs/x", size, bytes),
        (error) => error instanceof CorruptError && error.object === "packs/x",
      );
    assert.deepEqual(tableRange("packs/x", object.length, trailer), [4096 + 86, 1024 + 86]);
    refused(object.length, trailer.subarray(1));
    refused(TRAILER_BYTES + 1024 + 85, trailer);
    for (let at = 4; at < TRAILER_BYTES; at++) {
      const other = trailer.slice();
      other[at] = 0;
      refused(object.length, other);
    }
    trailer.fill(0xff, 0, 4);
    refused(object.length, trailer);
  });
});

describe("a segment", () => {
  it("is looked at only if its hash is the one that was kept", () => {
    const plain = new Uint8Array(4096).fill(7);
    const sealed = sealedBy(
      packetSealer({ packets: 2, key: sessionKey }, () => new Uint8Array(32)),
      plain,
    );
    const hash = segmentHash(sealed);
    const opener = packetOpener({ packets: 2, key: sessionKey });
    assert.equal(hash.length, 16);
    assert.deepEqual(openSegment("segment 7", sealed, hash, opener), plain);
    const others = [hash.subarray(1), new Uint8Array(16), segmentHash(plain), new Uint8Array(0)];
    const untouched = { open: () => assert.fail("it was opened") };
    for (const other of others) {
      assert.throws(
        () => openSegment("segment 7", sealed, other, untouched),
        (error) => error instanceof CorruptError && error.object === "segment 7",
      );
    }
  });
});

describe("padding", () => {
  it("fills up to a power of two, with nothing or a whole skippable frame", () => {
    const sizes = [
      [0, 1024],
      [1, 1024],
      [1016, 1024],
      [1017, 2048],
      [1023, 2048],
      [1024, 1024],
      [1025, 2048],
      [2041, 4096],
      [2 ** 31 + 1, 2 ** 32],
    ];
    for (const [size = 0, padded] of sizes) assert.equal(paddedSize(size, 1024), padded, `${size}`);
  });

  it("is stepped over, whatever stands behind it", () => {
    for (const room of [0, 8, 9, 1000]) {
      const bytes = new Uint8Array(room + 5).fill(9);
      fillSkippable(bytes.subarray(0, room));
      assert.deepEqual(skipPadding("x", bytes), new Uint8Array(5).fill(9));
    }
    assert.throws(() => fillSkippable(new Uint8Array(7)), RangeError);
  });

  it("is refused where it says that it is longer than what holds it", () => {
    const bytes = new Uint8Array(64);
    fillSkippable(bytes);
    assert.throws(() => skipPadding("x", bytes.subarray(0, 63)), CorruptError);
  });
});

describe("a document", () => {
  const keys = { zstd, opener: packetOpener({ packets: 2, key: indexKey }) };
  const sealer = packetSealer({ packets: 2, key: indexKey }, () => new Uint8Array(32));

  it("has the size of a power of two and 86 bytes, however few lines it has", () => {
    for (const [length, size] of [
      [0, 1024],
      [100, 1024],
      [5000, 1024],
    ] as const) {
      const lines = Buffer.alloc(length, "{}\n");
      const document = sealDocument(lines, zstd, sealer);
      assert.equal(document.length, size + 86);
      assert.ok(lines.equals(openDocument("x", document, keys, length)));
    }
    const random = Buffer.concat(
      Array.from({ length: 100 }, (_, n) => createHash("sha256").update(`${n}`).digest()),
    );
    assert.equal(sealDocument(random, zstd, sealer).length, 4096 + 86);
  });

  it("is refused if it holds more than there is room for, or was sealed with another key", () => {
    const document = sealDocument(Buffer.alloc(1000), zstd, sealer);
    const refused = (open: () => unknown) =>
      assert.throws(open, (error) => error instanceof CorruptError && error.object === "x");
    refused(() => openDocument("x", document, keys, 999));
    refused(() => openDocument("x", document.subarray(1), keys, 1000));
    const other = { zstd, opener: packetOpener({ packets: 2, key: sessionKey }) };
    refused(() => openDocument("x", document, other, 1000));
  });

  it("is refused with anything but one frame behind its padding", () => {
    const frame = zstd.compress(Buffer.from("{}\n"), 3);
    for (const plain of [
      new Uint8Array(0),
      new Uint8Array(20),
      frame.subarray(1),
      Buffer.concat([frame, frame]),
      Buffer.concat([frame, new Uint8Array(9)]),
    ]) {
      assert.throws(() => openDocument("x", sealedBy(sealer, plain), keys, 1000), CorruptError);
    }
  });
});
