import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { describe, it } from "node:test";
import { cfbUnder } from "../../src/seal/cfb.ts";
import { plainOf, sessionKey } from "../support/packets.ts";

const cfb = cfbUnder(createSecretKey(sessionKey));
const zeros = new Uint8Array(16);
const LENGTHS = [...Array(70).keys(), 4095, 4096, 4097, 65_588, 300_000];

/** `bytes` in pieces of these lengths, the last as long as it takes. */
function* cut(bytes: Uint8Array, ...lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (const length of lengths) {
    yield bytes.subarray(at, at + length);
    at += length;
  }
  yield bytes.subarray(at);
}

function enciphered(parts: Iterable<Uint8Array>, length: number): Uint8Array {
  const into = new Uint8Array(length);
  cfb.encipher(parts, into);
  return into;
}

describe("CFB", () => {
  it("is node:crypto's, at every length", () => {
    for (const length of LENGTHS) {
      const plain = plainOf(length);
      const sealed = createCipheriv("aes-256-cfb", sessionKey, zeros).update(plain);
      assert.ok(sealed.equals(enciphered([plain], length)), `${length} bytes to encipher`);
      assert.ok(Buffer.from(plain).equals(cfb.decipher(sealed)), `${length} bytes to decipher`);
      const back = createDecipheriv("aes-256-cfb", sessionKey, zeros).update(plain);
      assert.ok(back.equals(cfb.decipher(plain)), `${length} bytes that nobody enciphered`);
    }
  });

  it("is the same however the plain text is cut", () => {
    const plain = plainOf(100);
    const whole = enciphered([plain], 100);
    for (let first = 0; first <= 40; first++) {
      for (let second = 0; second <= 40; second++) {
        assert.deepEqual(enciphered(cut(plain, first, second), 100), whole);
      }
    }
    assert.deepEqual(enciphered([], 0), new Uint8Array(0));
  });

  it("writes as many bytes as it was given, and leaves the others alone", () => {
    const into = new Uint8Array(80).fill(0xaa);
    cfb.encipher([plainOf(37)], into.subarray(8));
    assert.ok(into.subarray(0, 8).every((byte) => byte === 0xaa));
    assert.ok(into.subarray(8 + 37).every((byte) => byte === 0xaa));
    assert.deepEqual(cfb.decipher(into.subarray(8, 8 + 37)), Buffer.from(plainOf(37)));
  });
});
