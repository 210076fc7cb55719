/** Targets: packs, documents and frames, as they are once nothing seals them any more. */
import type { Zstd, ZstdName } from "../../src/compression/zstd.ts";
import { loadZstd } from "../../src/compression/zstd.ts";
import { UsageError } from "../../src/errors.ts";
import { decodeLines } from "../../src/format/lines.ts";
import { decodeTables, encodeTable } from "../../src/format/table.ts";
import { LEAST_DOCUMENT_BYTES, openDocument } from "../../src/pack/document.ts";
import { bodySize, TRAILER_BYTES, tableRange } from "../../src/pack/pack.ts";
import { fillSkippable } from "../../src/pack/padding.ts";
import { openSegment, segmentHash } from "../../src/pack/segment.ts";
import type { Opener } from "../../src/seal/packet.ts";
import { randomBytes } from "../support/random.ts";
import { table } from "../support/samples.ts";
import { logText } from "../support/text.ts";
import type { FuzzTarget } from "./target.ts";
import { OBJECT } from "./target.ts";

const HASH_BYTES = 16;
/** What the caller is ready to hold. */
const LIMIT = 2 ** 20;
/** Opens what was not sealed: everything behind the seal can be reached. */
const openly: Opener = { open: (_name, bytes) => bytes };
const zstd = await loadZstd();

const text = encodeTable(table);
const frames = [
  zstd.compress(new Uint8Array(0), 1),
  zstd.compress(text, 1),
  zstd.compress(logText(1, 3000), 19),
  zstd.compress(randomBytes(1, 500), 1),
  // A thousand times as long when it is unpacked.
  zstd.compress(new Uint8Array(LIMIT), 1),
];

/** What a document holds: padding, and a frame. */
function documentOf(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LEAST_DOCUMENT_BYTES);
  fillSkippable(bytes.subarray(0, bytes.length - frame.length));
  bytes.set(frame, bytes.length - frame.length);
  return bytes;
}

function packOf(sealedTable: Uint8Array): Uint8Array {
  const trailer = Buffer.from("\0\0\0\0varv", "latin1");
  trailer.writeUInt32LE(sealedTable.length);
  return Buffer.concat([randomBytes(2, 100), sealedTable, trailer]);
}

/** No longer than the caller can hold, whoever made it. */
function withinLimit(content: Uint8Array): Uint8Array {
  if (content.length > LIMIT) throw new Error(`${content.length} bytes, the limit was ${LIMIT}`);
  return content;
}

function readPack(pack: Uint8Array): number[] {
  const [offset, length] = tableRange(OBJECT, pack.length, pack.subarray(-TRAILER_BYTES));
  const sealedTable = pack.subarray(offset, offset + length);
  const lines = openDocument(OBJECT, sealedTable, { zstd, opener: openly }, LIMIT);
  return [...decodeTables(decodeLines(OBJECT, lines))].map(bodySize);
}

/** The implementations that there are on this machine. */
async function implementations(): Promise<Zstd[]> {
  const found: Zstd[] = [];
  for (const name of ["node", "napi", "wasm"] satisfies ZstdName[]) {
    try {
      found.push(await loadZstd(name));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
  return found;
}

export const packs: readonly FuzzTarget[] = [
  ...(await implementations()).map(
    (one): FuzzTarget => ({
      name: `zstd frame by ${one.name}`,
      examples: frames,
      form: "bytes",
      run: (bytes) => withinLimit(one.decompress(OBJECT, bytes, LIMIT)),
    }),
  ),
  {
    name: "document",
    examples: frames.map(documentOf),
    form: "bytes",
    run: (bytes) => withinLimit(openDocument(OBJECT, bytes, { zstd, opener: openly }, LIMIT)),
  },
  {
    name: "pack",
    examples: [packOf(documentOf(zstd.compress(text, 1)))],
    form: "bytes",
    run: readPack,
  },
  {
    name: "segment",
    examples: [Buffer.concat([segmentHash(randomBytes(3, 200)), randomBytes(3, 200)])],
    form: "bytes",
    run: (bytes) =>
      openSegment(OBJECT, bytes.subarray(HASH_BYTES), bytes.subarray(0, HASH_BYTES), openly),
  },
];
