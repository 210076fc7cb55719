/** How fast do bytes become chunks, against the definition and the floor of copying them? */
import assert from "node:assert/strict";
import { Chunker } from "../src/chunker/chunker.ts";
import { createKernel } from "../src/chunker/kernel.ts";
import { chunkLengths } from "../test/support/gear.ts";
import { gearTable } from "../test/support/random.ts";
import { CONTENT_SIZES, TREE_SIZES } from "../test/support/sizes.ts";
import { compare } from "./compare.ts";
import { corpora } from "./corpus.ts";

const MIB = 2 ** 20;
const BYTES = 64 * MIB;

const table = gearTable(1);
const { window, cut, cutPlain } = createKernel("release", table, BYTES);
const elsewhere = new Uint8Array(BYTES);

/** The lengths of the chunks of a full window, where files are read to. */
function lengthsOf(chunker: Chunker): number[] {
  const lengths: number[] = [];
  for (let from = 0, length = 0; from < BYTES; from += length) {
    length = chunker.next(from, BYTES) || BYTES - from;
    lengths.push(length);
  }
  return lengths;
}

for (const [name, bytes] of Object.entries(corpora(BYTES))) {
  window.set(bytes);
  for (const sizes of [CONTENT_SIZES, TREE_SIZES]) {
    const plain = new Chunker({ window, cut: cutPlain }, sizes);
    const chunker = new Chunker({ window, cut }, sizes);
    const lengths = chunkLengths(bytes, table, sizes);
    for (const form of [plain, chunker]) assert.deepEqual(lengthsOf(form), lengths);

    console.log(`${name}: ${lengths.length} chunks of ${BYTES / MIB} MiB`);
    await compare(BYTES, {
      plain: () => lengthsOf(plain),
      chunker: () => lengthsOf(chunker),
      copy: () => elsewhere.set(window),
    });
  }
}
