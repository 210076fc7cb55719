import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeSigned, encodeSigned } from "../../src/format/signed.ts";
import { refused } from "../support/refused.ts";

const body = Buffer.from('{"varve":"x"}\n');
const signature = { by: "ab".repeat(20), signature: Uint8Array.of(1, 2, 3) };
const signed = (count: number) =>
  encodeSigned({ body, signatures: new Array<typeof signature>(count).fill(signature) });

describe("signed lines", () => {
  it("have all that stands in front of the signatures for a body", () => {
    const between = Buffer.concat([
      body,
      Buffer.from('{"more":1}\n'),
      signed(1).subarray(body.length),
    ]);
    const { body: whole, signatures } = decodeSigned("x", between);
    assert.equal(Buffer.from(whole).toString(), '{"varve":"x"}\n{"more":1}\n');
    assert.equal(signatures.length, 1);
  });

  it("take a signature in the middle for a part of the body", () => {
    const middle = Buffer.concat([signed(1), body]);
    assert.deepEqual(decodeSigned("x", middle), { body: middle, signatures: [] });
  });

  it("have sixteen signatures at most: what is in front of them is body", () => {
    const { body: whole, signatures } = decodeSigned("x", signed(17));
    assert.equal(signatures.length, 16);
    assert.equal(whole.length, signed(1).length);
  });

  it("may be nothing but signatures, or nothing at all", () => {
    assert.equal(decodeSigned("x", signed(1).subarray(body.length)).body.length, 0);
    assert.deepEqual(decodeSigned("x", new Uint8Array(0)).signatures, []);
    assert.deepEqual(decodeSigned("x", Buffer.from("\n")).signatures, []);
  });

  it("are refused with a signature that is none", () => {
    const after = (line: string) => () =>
      decodeSigned("x", Buffer.concat([body, Buffer.from(line)]));
    const by = `{"by":"${signature.by}"`;
    refused(after(`${by},"signature":"AQID"}`), /cut off/);
    refused(after(`${by},"signature":"AQI"}\n`), /"signature" should be base64/);
    refused(after(`${by}}\n`), /"signature"/);
    refused(after(`{"by":"../x","signature":"AQID"}\n`), /"by" should be a fingerprint/);
    refused(after(`{"by":x\n`), /not JSON/);
    refused(after(`{"by":"${"a".repeat(40_000)}"}\n`), /too long/);
  });
});
