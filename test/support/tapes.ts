/** Lays frames on a tape, keeps the packs as a target would, and reads them back by their tables. */
import assert from "node:assert/strict";
import type { Zstd } from "../../src/compression/zstd.ts";
import { decodeLines } from "../../src/format/lines.ts";
import type { RunName } from "../../src/format/names.ts";
import { packName } from "../../src/format/names.ts";
import type { FrameChunk, PackTable } from "../../src/format/table.ts";
import { decodeTables, SEGMENT_HASH_BYTES } from "../../src/format/table.ts";
import { openDocument, sealDocument } from "../../src/pack/document.ts";
import type { Packing } from "../../src/pack/pack.ts";
import { PackWriter, packBufferSize, TRAILER_BYTES, tableRange } from "../../src/pack/pack.ts";
import { openSegment } from "../../src/pack/segment.ts";
import { TapeWriter } from "../../src/pack/tape.ts";
import { packetOpener, packetSealer } from "../../src/seal/packet.ts";

export const run = "host/0000000001-0011223344556677" as RunName;
export const sessionKey: Uint8Array = new Uint8Array(32).fill(1);
export const indexKey: Uint8Array = new Uint8Array(32).fill(2);

export interface Frame {
  readonly bytes: Uint8Array;
  readonly chunks: readonly FrameChunk[];
}

export interface StoredPack {
  /** As the writer handed it on. */
  readonly table: PackTable;
  readonly object: Uint8Array;
}

/** Salts that are the same in every run: 0, 1, 2 ... as 32 bytes, big-endian. */
export function countingSalts(): (count: number) => Uint8Array {
  let next = 0;
  return (count) => {
    const salt = Buffer.alloc(count);
    salt.writeUInt32BE(next++, count - 4);
    return salt;
  };
}

/** A tape on which nothing lies. */
export function newTape(zstd: Zstd, segmentSize: number, packSize: number): TapeWriter {
  const tableSealer = packetSealer({ packets: 2, key: indexKey }, countingSalts());
  let packs = 0;
  const pack = new PackWriter(
    {
      run,
      tape: 3,
      packSize,
      sealer: packetSealer({ packets: 2, key: sessionKey }, countingSalts()),
      sealTable: (lines) => sealDocument(lines, zstd, tableSealer),
      nextPack: () => packName(run, packs++),
    },
    dirtyBuffer(packSize),
  );
  return new TapeWriter(pack, segmentSize);
}

/** Takes a step to its end. What was given away is watched: nobody may write to it. */
export function storeAll(step: Packing<unknown>, packSize: number): StoredPack[] {
  const stored: (StoredPack & { readonly given: Uint8Array })[] = [];
  let turn = step.next();
  while (!turn.done) {
    const { table, bytes } = turn.value;
    stored.push({ table, object: bytes.slice(), given: bytes });
    turn = step.next(dirtyBuffer(packSize));
  }
  for (const { object, given } of stored) assert.ok(Buffer.from(object).equals(given));
  return stored;
}

/** Lays the frames and ends the tape. */
export function* layAll(tape: TapeWriter, frames: Iterable<Frame>): Packing<void> {
  for (const { bytes, chunks } of frames) yield* tape.append(bytes, chunks);
  yield* tape.finish();
}

/** The table that a pack ends with. */
export function readTable(zstd: Zstd, { table, object }: StoredPack): PackTable {
  const trailer = object.subarray(-TRAILER_BYTES);
  const [offset, length] = tableRange(table.pack, object.length, trailer);
  const keys = { zstd, opener: packetOpener({ packets: 2, key: indexKey }) };
  const sealed = object.subarray(offset, offset + length);
  const lines = openDocument(table.pack, sealed, keys, 2 ** 28);
  const [decoded, more] = decodeTables(decodeLines(table.pack, lines));
  assert.ok(decoded !== undefined && more === undefined);
  return decoded;
}

export interface Segment {
  readonly number: number;
  readonly plain: Uint8Array;
}

/** The segments of a pack of one tape, opened, in the order in which they lie there. */
export function segmentsOf({ table, object }: StoredPack): Segment[] {
  const opener = packetOpener({ packets: 2, key: sessionKey });
  const segments: Segment[] = [];
  let at = 0;
  for (const { first, sealedSize, hashes } of table.parts.flatMap((part) => part.segments)) {
    for (let n = 0; n * SEGMENT_HASH_BYTES < hashes.length; n++) {
      const hash = hashes.subarray(n * SEGMENT_HASH_BYTES, (n + 1) * SEGMENT_HASH_BYTES);
      const sealed = object.subarray(at, at + sealedSize);
      const plain = openSegment(`${table.pack}, segment ${first + n}`, sealed, hash, opener);
      segments.push({ number: first + n, plain });
      at += sealedSize;
    }
  }
  return segments;
}

/** Full of what was there before. */
function dirtyBuffer(packSize: number): Uint8Array {
  return new Uint8Array(packBufferSize(packSize)).fill(0xee);
}
