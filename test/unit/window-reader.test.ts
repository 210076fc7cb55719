import assert from "node:assert/strict";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Unreadable, WindowReader } from "../../src/backup/window-reader.ts";
import { randomBytes } from "../support/random.ts";
import { scratchDirectory } from "../support/scratch.ts";

describe("a window reader", () => {
  it("shows every byte once, whatever is taken out of the window", () => {
    const path = join(scratchDirectory(), "file");
    const takes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.nat(5000), fc.integer({ min: -10, max: 10 }), takes, (size, wrong, steps) => {
        const content = randomBytes(size, size);
        writeFileSync(path, content);
        const descriptor = openSync(path, "r");
        const window = new Uint8Array(1000);
        const reader = new WindowReader(descriptor, window, Math.max(0, size + wrong));
        const seen: Uint8Array[] = [];
        const taken: Uint8Array[] = [];
        for (let turn = 0; reader.fill((bytes) => seen.push(bytes.slice())); turn++) {
          const rest = reader.to - reader.from;
          const length = Math.min(rest, steps[turn % steps.length] ?? 1);
          taken.push(window.slice(reader.from, reader.from + length));
          reader.from += length;
        }
        closeSync(descriptor);
        assert.deepEqual(Buffer.concat(seen), Buffer.concat(taken));
        // One that grew is read to where it was expected to end, or on: the caller looks again.
        const least = Math.min(size, Math.max(0, size + wrong));
        assert.deepEqual(
          Buffer.concat(taken).subarray(0, least),
          Buffer.from(content.subarray(0, least)),
        );
        if (wrong >= 0) assert.equal(Buffer.concat(taken).length, size);
      }),
      { numRuns: 50 },
    );
  });

  it("says that a directory cannot be read", () => {
    const descriptor = openSync(scratchDirectory(), "r");
    const reader = new WindowReader(descriptor, new Uint8Array(100), 10);
    assert.throws(() => reader.fill(() => {}), Unreadable);
    closeSync(descriptor);
  });
});
