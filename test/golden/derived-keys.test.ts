/**
 * Derived keys belong to the repository format. They are frozen, and computed
 * once more as RFC 5869 has it, from HMAC alone.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { deriveKeys } from "../../src/repository/derived-keys.ts";

const file = new URL("../../../test/vectors/derived-keys.json", import.meta.url);
const vector = JSON.parse(readFileSync(file, "utf8")) as {
  readonly repository: string;
  readonly secret: string;
  readonly chunkId: string;
  /** Of packets of version 1, and 2. */
  readonly index: readonly string[];
  /** The first, the second and the last entry. */
  readonly gear: readonly number[];
};

/** RFC 5869 section 2: extract, then expand. */
function hkdf(info: string, length: number): Buffer {
  const hmac = (key: Uint8Array, ...parts: (Uint8Array | string)[]) =>
    parts.reduce((mac, part) => mac.update(part), createHmac("sha256", key)).digest();
  const salt = Buffer.from(vector.repository, "hex");
  const extracted = hmac(salt, Buffer.from(vector.secret, "hex"));
  const blocks: Buffer[] = [];
  for (let n = 1; n <= Math.ceil(length / 32); n++) {
    blocks.push(hmac(extracted, blocks.at(-1) ?? "", info, Uint8Array.of(n)));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

describe("derived keys", () => {
  const keys = deriveKeys(vector.repository, Buffer.from(vector.secret, "hex"));
  const indexKeys = keys.index.map(({ key }) => Buffer.from(key));

  it("are the frozen ones", () => {
    assert.equal(Buffer.from(keys.chunkId).toString("hex"), vector.chunkId);
    assert.deepEqual(
      indexKeys.map((key) => key.toString("hex")),
      vector.index,
    );
    assert.deepEqual([keys.gear[0], keys.gear[1], keys.gear[255]], vector.gear);
  });

  it("are HKDF-SHA256 of the secret, with the repository's id as salt", () => {
    assert.deepEqual(Buffer.from(keys.chunkId), hkdf("varve chunk id", 32));
    assert.deepEqual(indexKeys, [hkdf("varve index 1", 32), hkdf("varve index 2", 32)]);
    const gear = hkdf("varve gear", 1024);
    const entries = Array.from({ length: 256 }, (_, at) => gear.readUInt32LE(at * 4));
    assert.deepEqual([...keys.gear], entries);
  });
});
