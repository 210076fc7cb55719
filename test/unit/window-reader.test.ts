import assert from "node:assert/strict";
import { closeSync, ftruncateSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readsOf, Unreadable, WindowReader } from "../../src/backup/window-reader.ts";
import { randomBytes } from "../support/random.ts";
import { scratchDirectory } from "../support/scratch.ts";

const path = join(scratchDirectory(), "file");
const takes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 5 });

/** What a reader shows and what is taken out of its window, in such steps. */
function readAll(reader: WindowReader, window: Uint8Array, steps: readonly number[]) {
  const seen: Uint8Array[] = [];
  const taken: Uint8Array[] = [];
  const onlooker = {
    data: (bytes: Uint8Array) => void seen.push(bytes.slice()),
    hole: (length: number) => void seen.push(new Uint8Array(length)),
  };
  for (let turn = 0; reader.fill(onlooker); turn++) {
    const rest = reader.to - reader.from;
    const length = Math.min(rest, steps[turn % steps.length] ?? 1);
    taken.push(window.slice(reader.from, reader.from + length));
    reader.from += length;
  }
  return { seen: Buffer.concat(seen), taken: Buffer.concat(taken) };
}

describe("a window reader", () => {
  it("shows every byte once, whatever is taken out of the window", () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.integer({ min: -10, max: 10 }), takes, (size, wrong, steps) => {
        const content = randomBytes(size, size);
        writeFileSync(path, content);
        const descriptor = openSync(path, "r");
        const window = new Uint8Array(1000);
        const expected = Math.max(0, size + wrong);
        const reader = new WindowReader(readsOf(descriptor), window, { size: expected, holes: [] });
        const { seen, taken } = readAll(reader, window, steps);
        closeSync(descriptor);
        assert.deepEqual(seen, taken);
        // One that grew is read to where it was expected to end, or on: the caller looks again.
        const least = Math.min(size, expected);
        assert.deepEqual(taken.subarray(0, least), Buffer.from(content.subarray(0, least)));
        if (wrong >= 0) assert.equal(taken.length, size);
      }),
      { numRuns: 50 },
    );
  });

  /** Data and holes in turns. */
  const stretches = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 6 });

  it("passes over holes, and shows them", () => {
    fc.assert(
      fc.property(stretches, fc.boolean(), takes, (lengths, beginsWithHole, steps) => {
        const size = lengths.reduce((sum, length) => sum + length, 0);
        const content = randomBytes(size, size);
        const holes: [number, number][] = [];
        const data: Uint8Array[] = [];
        let at = 0;
        for (const [turn, length] of lengths.entries()) {
          const isHole = beginsWithHole === (turn % 2 === 0);
          if (isHole) holes.push([at, length]);
          else data.push(content.slice(at, at + length));
          if (isHole) content.fill(0, at, at + length);
          at += length;
        }
        writeFileSync(path, content);
        const descriptor = openSync(path, "r");
        const window = new Uint8Array(1000);
        const reader = new WindowReader(readsOf(descriptor), window, { size, holes });
        const { seen, taken } = readAll(reader, window, steps);
        closeSync(descriptor);
        assert.deepEqual(seen, Buffer.from(content));
        assert.deepEqual(taken, Buffer.concat(data));
        assert.deepEqual(reader.passed, holes);
      }),
      { numRuns: 50 },
    );
  });

  it("has passed over no hole that it did not come to, of a file that was cut off", () => {
    writeFileSync(path, randomBytes(1, 300));
    const descriptor = openSync(path, "r+");
    const window = new Uint8Array(1000);
    const holes = [
      [100, 50],
      [250, 1000],
    ] as const;
    const reader = new WindowReader(readsOf(descriptor), window, { size: 2000, holes });
    ftruncateSync(descriptor, 200);
    const { seen, taken } = readAll(reader, window, [500]);
    closeSync(descriptor);
    assert.deepEqual([seen.length, taken.length], [200, 150]);
    assert.deepEqual(reader.passed, [[100, 50]]);
  });

  it("says that a directory cannot be read", () => {
    const descriptor = openSync(scratchDirectory(), "r");
    const reader = new WindowReader(readsOf(descriptor), new Uint8Array(100), {
      size: 10,
      holes: [],
    });
    assert.throws(() => reader.fill({ data: () => {}, hole: () => {} }), Unreadable);
    closeSync(descriptor);
  });
});
