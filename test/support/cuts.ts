/**
 * The streams of test/vectors/cuts.json. Run as a program, it prints the file,
 * cut by the slow twin:
 *
 *   node dist/test/support/cuts.js > test/vectors/cuts.json
 *
 * Cuts belong to the repository format: a line that changes is a broken format.
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { ChunkSizes } from "../../src/chunker/sizes.ts";
import { chunkLengths } from "./gear.ts";
import { gearTable, randomBytes } from "./random.ts";
import { CONTENT_SIZES, TREE_SIZES } from "./sizes.ts";
import { logText } from "./text.ts";

/** Of the table: `gearTable(TABLE_SEED)`. */
export const TABLE_SEED = 1;

export interface CutVector {
  /** A key of {@link streams}. */
  readonly stream: string;
  readonly bytes: number;
  /** Of the stream, hex. */
  readonly sha256: string;
  readonly sizes: ChunkSizes;
  /** Of its chunks, in order. */
  readonly lengths: readonly number[];
}

const MIB = 2 ** 20;

/** Each makes a stream of so many bytes. */
export const streams: Readonly<Record<string, (count: number) => Uint8Array>> = {
  random: (count) => randomBytes(2, count),
  zeros: (count) => new Uint8Array(count),
  text: (count) => logText(3, count),
  "period 5000": (count) => Buffer.alloc(count, randomBytes(4, 5000)),
  "period 100003": (count) => Buffer.alloc(count, randomBytes(5, 100003)),
};

export const sha256 = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

function vectors(): CutVector[] {
  const table = gearTable(TABLE_SEED);
  const cases = [
    { bytes: 12 * MIB + 1, sizes: CONTENT_SIZES },
    { bytes: 2 * MIB + 1, sizes: TREE_SIZES },
  ];
  return Object.entries(streams).flatMap(([stream, make]) =>
    cases.map(({ bytes, sizes }) => {
      const content = make(bytes);
      const lengths = chunkLengths(content, table, sizes);
      return { stream, bytes, sha256: sha256(content), sizes, lengths };
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lines = vectors().map((vector) => JSON.stringify(vector));
  console.log(`[\n${lines.join(",\n")}\n]`);
}
