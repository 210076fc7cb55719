/**
 * Sealed bytes belong to the repository format: the same key, salt and plain
 * bytes give the same packet in every version, and every version opens it.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { packetOpener, packetSealer } from "../../src/seal/packet.ts";
import { plainOf, sealedBy } from "../support/packets.ts";

interface Vector {
  /** Bytes of plain text; each is its position modulo 251. */
  readonly plain: number;
  readonly salt: string;
  /** The packet, where it is short. */
  readonly packet?: string;
  readonly sha256: string;
}

// From dist/test/golden/ to the sources, for tsc does not copy it.
const file = new URL("../../../test/vectors/segments.json", import.meta.url);
const { key, vectors } = JSON.parse(readFileSync(file, "utf8")) as {
  readonly key: string;
  readonly vectors: readonly Vector[];
};
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

describe("segments", () => {
  for (const { plain, salt, packet, sha256 } of vectors) {
    it(`seals ${plain} bytes to the frozen packet, and opens it`, () => {
      const sealer = packetSealer(bytes(key), () => bytes(salt));
      const sealed = sealedBy(sealer, plainOf(plain));
      if (packet !== undefined) assert.equal(Buffer.from(sealed).toString("hex"), packet);
      assert.equal(createHash("sha256").update(sealed).digest("hex"), sha256);
      assert.deepEqual(packetOpener(bytes(key)).open("segment", sealed), plainOf(plain));
    });
  }

  it("are frozen at five sizes", () => {
    assert.deepEqual(
      vectors.map(({ plain }) => plain),
      [0, 1, 4096, 65_536, 300_000],
    );
  });
});
