import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CorruptError, UsageError } from "../../src/errors.ts";
import type { Codec } from "../support/codecs.ts";
import { codecs } from "../support/codecs.ts";
import { shuffled, spoiled } from "../support/hostile.ts";

const numRuns = process.env["SLOW"] ? 3000 : 100;
const name = "index/a/0000000001-0011223344556677/00000000";

/** Decodes, or refuses as a decoder may: in the name of the object, and in no other way. */
function decodeOrRefuse(codec: Codec<unknown>, bytes: Uint8Array, like: unknown): unknown {
  try {
    return codec.decode(name, bytes, like);
  } catch (error) {
    // Only settings, only where they say that they are newer.
    if (error instanceof UsageError) return assert.match(error.message, /is of format \d+;/);
    assert.ok(error instanceof CorruptError, String((error as Error).stack));
    assert.ok(error.object.startsWith(name), error.object);
    return undefined;
  }
}

for (const [kind, codec] of Object.entries(codecs)) {
  describe(`the codec of ${kind}`, () => {
    it("gives back what was encoded", () => {
      fc.assert(
        fc.property(codec.values, (value) => {
          assert.deepEqual(codec.decode(name, codec.encode(value), value), value);
        }),
        { numRuns },
      );
    });

    it("encodes the same bytes again", () => {
      fc.assert(
        fc.property(codec.values, (value) => {
          const bytes = codec.encode(value);
          assert.deepEqual(codec.encode(codec.decode(name, bytes, value)), bytes);
        }),
        { numRuns },
      );
    });

    it("refuses what is cut off inside a line", () => {
      fc.assert(
        fc.property(codec.values, fc.nat(), (value, at) => {
          const bytes = codec.encode(value);
          const cut = bytes.subarray(0, at % Math.max(1, bytes.length));
          if (cut.length === 0 || cut.at(-1) === 0x0a) return;
          assert.throws(() => codec.decode(name, cut, value), CorruptError);
        }),
        { numRuns },
      );
    });

    it("decodes or refuses spoiled fields, in the object's name", () => {
      const cases = codec.values.chain((value) =>
        fc.tuple(fc.constant(value), spoiled(codec.encode(value))),
      );
      fc.assert(
        fc.property(cases, ([value, bytes]) => {
          decodeOrRefuse(codec, bytes, value);
        }),
        { numRuns: numRuns * 3 },
      );
    });

    it("decodes or refuses lines that are missing, repeated or out of order", () => {
      const cases = codec.values.chain((value) => {
        const bytes = codec.encode(value);
        return fc.tuple(
          fc.constant(value),
          bytes.length === 0 ? fc.constant(bytes) : shuffled(bytes),
        );
      });
      fc.assert(
        fc.property(cases, ([value, bytes]) => {
          decodeOrRefuse(codec, bytes, value);
        }),
        { numRuns },
      );
    });

    it("decodes or refuses any bytes", () => {
      fc.assert(
        fc.property(codec.values, fc.uint8Array(), fc.json(), (value, garbage, json) => {
          decodeOrRefuse(codec, garbage, value);
          decodeOrRefuse(codec, Buffer.from(`${json}\n`), value);
        }),
        { numRuns },
      );
    });
  });
}
