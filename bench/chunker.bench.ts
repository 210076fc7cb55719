/** How fast do bytes become chunks, against the definition and the floor of copying them? */
import assert from "node:assert/strict";
import { Chunker } from "../src/chunker/chunker.ts";
import { createKernel } from "../src/chunker/kernel.ts";
import { CONTENT_SIZES, TREE_SIZES } from "../src/chunker/sizes.ts";
import { chunkLengths } from "../test/support/gear.ts";
import { gearTable } from "../test/support/random.ts";
import { compare } from "./compare.ts";
import { corpora } from "./corpus.ts";

const MIB = 2 ** 20;
const BYTES = 64 * MIB;
const WINDOW_BYTES = 16 * MIB;

const table = gearTable(1);
const { window, cut, cutPlain } = createKernel("release", table, WINDOW_BYTES);

for (const [name, bytes] of Object.entries(corpora(BYTES))) {
  for (const sizes of [CONTENT_SIZES, TREE_SIZES]) {
    const plain = new Chunker({ window, cut: cutPlain }, sizes);
    const chunker = new Chunker({ window, cut }, sizes);
    const lengths = chunkLengths(bytes, table, sizes);
    for (const form of [plain, chunker]) {
      const chunks = form.split(bytes);
      assert.deepEqual(
        chunks.map((chunk) => chunk.length),
        lengths,
      );
      assert.ok(Buffer.concat(chunks).equals(bytes));
    }

    console.log(`${name}: ${lengths.length} chunks of ${BYTES / MIB} MiB`);
    await compare(BYTES, {
      plain: () => plain.split(bytes),
      chunker: () => chunker.split(bytes),
      copy: () => {
        for (let at = 0; at < BYTES; at += WINDOW_BYTES) {
          window.set(bytes.subarray(at, at + WINDOW_BYTES));
        }
      },
    });
  }
}
