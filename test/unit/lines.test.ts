import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeBase64 } from "../../src/format/fields.ts";
import { decodeLines } from "../../src/format/lines.ts";
import { decodeSessionKey } from "../../src/format/secret.ts";
import { refused, repository, run } from "../support/refused.ts";

describe("lines", () => {
  const read = (bytes: Uint8Array) => [...decodeLines("x", bytes)].map((line) => line.name);

  it("are named by their number", () => {
    assert.deepEqual(read(Buffer.from('{}\n{"a":1}\n')), ["x, line 1", "x, line 2"]);
    assert.deepEqual(read(new Uint8Array(0)), []);
  });

  it("are refused without an end, empty, not UTF-8, and where they are no object", () => {
    refused(() => read(Buffer.from("{}\n{}")), /line 2 has no end/);
    refused(() => read(Buffer.from("{}\n\n")), /line 2 .* not JSON/);
    refused(() => read(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x0a])), /not UTF-8/);
    for (const text of ["[]", "null", "7", '"x"']) {
      refused(() => read(Buffer.from(`${text}\n`)), /JSON object/);
    }
  });

  it("are never quoted by an error: they may hold a key", () => {
    for (const text of ['{"key":"9:5ec4e7', '"5ec4e7"', '{"varve":"session","key":"5ec4e7"}']) {
      const like = { repository, run };
      const { message, cause } = caught(() =>
        decodeSessionKey("x", Buffer.from(`${text}\n`), like),
      );
      assert.doesNotMatch(`${message} ${cause}`, /5ec4e7/);
    }
  });
});

function caught(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  return assert.fail("nothing was thrown");
}

describe("base64", () => {
  it("has one spelling for some bytes", () => {
    assert.deepEqual(decodeBase64("AAE="), Buffer.from([0, 1]));
    assert.deepEqual(decodeBase64(""), Buffer.alloc(0));
    assert.deepEqual(decodeBase64("AAE=", 2), Buffer.from([0, 1]));
    for (const text of ["AAF=", "AB==", "AAE", "AAE=\n", " AAE", "A===", "AA=A", "AA-_", 7, null]) {
      assert.equal(decodeBase64(text), undefined, String(text));
    }
    assert.equal(decodeBase64("AAE=", 3), undefined);
    assert.equal(decodeBase64("AAE=", 1), undefined);
  });

  it("may be tens of megabytes long", () => {
    assert.equal(decodeBase64("A".repeat(4e7))?.length, 3e7);
  });
});
