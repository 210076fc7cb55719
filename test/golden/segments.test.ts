/**
 * Sealed bytes belong to the repository format: the same key, chance and plain
 * bytes give the same packet in every version of varve, and every one opens it.
 * So do other tools.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { PacketVersion } from "../../src/format/secret.ts";
import { packetOpener, packetSealer } from "../../src/seal/packet.ts";
import { NO_GPG, openedByGpg } from "../support/gpg-packets.ts";
import { openedElsewhere } from "../support/openpgp-packets.ts";
import { plainOf, sealedBy, VERSIONS } from "../support/packets.ts";

interface Vector {
  readonly packets: PacketVersion;
  /** Bytes of plain text; each is its position modulo 251. */
  readonly plain: number;
  /** What the random source gives: the prefix, or the salt. */
  readonly random: string;
  /** The packet, where it is short. */
  readonly packet?: string;
  readonly sha256: string;
}

// From dist/test/golden/ to the sources, for tsc does not copy it.
const file = new URL("../../../test/vectors/segments.json", import.meta.url);
const read = JSON.parse(readFileSync(file, "utf8")) as {
  readonly key: string;
  readonly vectors: readonly Vector[];
};
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const key = bytes(read.key);

describe("segments", () => {
  for (const { packets, plain, random, packet, sha256 } of read.vectors) {
    const sealed = sealedBy(
      packetSealer({ packets, key }, () => bytes(random)),
      plainOf(plain),
    );
    const what = `${plain} bytes in a packet of version ${packets}`;

    it(`seals ${what} to the frozen one, and opens it`, () => {
      if (packet !== undefined) assert.equal(Buffer.from(sealed).toString("hex"), packet);
      assert.equal(createHash("sha256").update(sealed).digest("hex"), sha256);
      assert.deepEqual(packetOpener({ packets, key }).open("segment", sealed), plainOf(plain));
    });

    it(`OpenPGP.js opens ${what}`, async () => {
      assert.deepEqual(await openedElsewhere(sealed, { packets, key }), plainOf(plain));
    });

    // No gpg knows version 2.
    if (packets === 2) continue;
    it(`gpg opens ${what}`, { skip: NO_GPG }, () => {
      assert.deepEqual(openedByGpg(sealed, key), plainOf(plain));
    });
  }

  it("are frozen at five sizes for each version", () => {
    assert.deepEqual(
      read.vectors.map(({ packets, plain }) => [packets, plain]),
      VERSIONS.flatMap((packets) => [0, 1, 4096, 65_536, 300_000].map((size) => [packets, size])),
    );
  });
});
