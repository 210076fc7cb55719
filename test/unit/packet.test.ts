/** What packets of both versions have in common. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CorruptError } from "../../src/errors.ts";
import { literalHeader } from "../../src/seal/framing.ts";
import type { Opener } from "../../src/seal/packet.ts";
import { packetOpener, packetSealer } from "../../src/seal/packet.ts";
import {
  elsewhereKey,
  encryptedElsewhere,
  openedElsewhere,
  sealedElsewhere,
} from "../support/openpgp-packets.ts";
import {
  framed,
  keyFor,
  literalOf,
  plainOf,
  sealed,
  sealedBy,
  sessionKey,
  VERSIONS,
} from "../support/packets.ts";

/** Around the ends of an AEAD chunk, and of each kind of length. */
const sizes = [0, 1, 179, 180, 8363, 8364, 4096, 65_536, 131_060, 131_061, 262_132, 300_000];

const zeros = (count: number) => new Uint8Array(count);
const otherKey = zeros(32);

/** By version: how many bytes a packet adds to a few, and how much chance is in it. */
const ADDED = { 1: 59, 2: 86 } as const;
const CHANCE = { 1: 16, 2: 32 } as const;

const refused = (opener: Opener, packet: Uint8Array, problem: RegExp) =>
  assert.throws(
    () => opener.open("pack 7", packet),
    (error) => {
      assert.ok(error instanceof CorruptError, String(error));
      assert.equal(error.object, "pack 7");
      assert.match(error.message, problem);
      return true;
    },
  );

for (const packets of VERSIONS) {
  const opener = packetOpener(keyFor(packets));
  const sealer = packetSealer(keyFor(packets), zeros);
  const added = ADDED[packets];

  describe(`sealing a packet of version ${packets}`, () => {
    it("makes what OpenPGP.js opens", async () => {
      for (const size of sizes) {
        const packet = sealed(packets, plainOf(size));
        assert.deepEqual(await openedElsewhere(packet, keyFor(packets)), plainOf(size));
      }
    });

    it("makes what it opens itself, of tens of megabytes too", () => {
      for (const size of [...sizes, 20_000_000]) {
        const plain = new Uint8Array(size).fill(size & 0xff);
        assert.ok(Buffer.from(opener.open("pack 7", sealed(packets, plain))).equals(plain));
      }
    });

    it("says what size that will be, from the size of the plain text alone", () => {
      for (const size of sizes.slice(0, 9)) assert.equal(sealer.sealedSize(size), size + added);
      for (const size of sizes) {
        const packet = new Uint8Array(size + 200);
        assert.equal(sealer.seal(plainOf(size), packet), sealer.sealedSize(size));
        assert.equal(sealer.seal(zeros(size), packet), sealer.sealedSize(size));
      }
      assert.doesNotThrow(() => sealer.sealedSize(2 ** 30 - 2 ** 20));
      assert.throws(() => sealer.sealedSize(2 ** 30), RangeError);
    });

    it("writes that many bytes to the start of a buffer and leaves the others alone", () => {
      const pack = new Uint8Array(1000).fill(0xaa);
      assert.equal(sealer.seal(plainOf(100), pack.subarray(50)), 100 + added);
      const end = 150 + added;
      assert.ok(pack.subarray(0, 50).every((byte) => byte === 0xaa));
      assert.ok(pack.subarray(end).every((byte) => byte === 0xaa));
      assert.deepEqual(opener.open("pack 7", pack.subarray(50, end)), plainOf(100));
    });

    it("draws chance once for each packet", () => {
      const drawn: number[] = [];
      const drawing = packetSealer(keyFor(packets), (count) => {
        drawn.push(count);
        return new Uint8Array(count).fill(drawn.length);
      });
      const first = sealedBy(drawing, plainOf(300_000));
      const second = sealedBy(drawing, plainOf(300_000));
      assert.deepEqual(drawn, [CHANCE[packets], CHANCE[packets]]);
      assert.notDeepEqual(first.subarray(42, 100), second.subarray(42, 100));
    });

    it("refuses a buffer that is too short before it writes, and a key of another length", () => {
      const short = zeros(added);
      assert.throws(() => sealer.seal(plainOf(1), short), RangeError);
      assert.deepEqual(short, zeros(added));
      for (const key of [sessionKey.subarray(1), zeros(33), zeros(0)]) {
        assert.throws(() => packetSealer({ packets, key }, zeros), RangeError);
        assert.throws(() => packetOpener({ packets, key }), RangeError);
      }
    });
  });

  describe(`opening a packet of version ${packets}`, () => {
    it("takes what OpenPGP.js encrypts", async () => {
      for (const size of packets === 1 ? sizes : [0, 9, 400]) {
        const packet = await encryptedElsewhere(plainOf(size), elsewhereKey(keyFor(packets)));
        assert.deepEqual(opener.open("pack 7", packet), plainOf(size));
      }
    });

    it("takes what OpenPGP.js seals", async () => {
      for (const size of sizes) {
        const packet = await sealedElsewhere(packets, literalOf(size));
        assert.deepEqual(opener.open("pack 7", packet), plainOf(size));
      }
    });

    it("gives bytes whose slices are copies", () => {
      const plain = opener.open("pack 7", sealed(packets, plainOf(9)));
      plain.slice().fill(0);
      assert.deepEqual(plain, plainOf(9));
    });

    it("refuses every other key", () => {
      const other = packetOpener({ packets, key: otherKey });
      refused(other, sealed(packets, plainOf(9)), /changed since it was sealed, or sealed with/);
    });

    it("refuses inside it everything but one binary literal packet", async () => {
      const inside = (...parts: readonly Uint8Array[]) =>
        sealedElsewhere(packets, Buffer.concat(parts));
      refused(opener, await inside(), /no OpenPGP packet 11/);
      refused(opener, await inside(plainOf(9)), /no OpenPGP packet 11/);
      refused(opener, await inside(literalOf(9), literalOf(9)), /says 15 bytes, 36 follow/);
      refused(opener, await inside(Uint8Array.of(0xd5, 0), literalOf(9)), /no OpenPGP packet 11/);
      refused(opener, await inside(literalHeader(9)), /says 15 bytes, 6 follow/);
    });

    it("refuses compressed data", async () => {
      const packet = await encryptedElsewhere(zeros(400), elsewhereKey(keyFor(packets)), {
        preferredCompressionAlgorithm: 1,
      });
      refused(opener, packet, /no OpenPGP packet 11/);
    });

    it("refuses another version, and more than a packet may have", () => {
      refused(opener, sealed(packets === 1 ? 2 : 1, plainOf(9)), /no key for .* of version [12]/);
      refused(opener, framed(Uint8Array.of(3), zeros(99)), /no key for .* of version 3/);
      refused(opener, framed(), /no key for .* of version none/);
      refused(opener, new Uint8Array(2 ** 30 + 1), /longer than 1 GiB/);
    });
  });
}

describe("an opener", () => {
  const keys = { 1: sessionKey, 2: otherKey };
  const opener = packetOpener({ packets: 1, key: keys[1] }, { packets: 2, key: keys[2] });
  const by = (packets: 1 | 2, key: Uint8Array) =>
    sealedBy(packetSealer({ packets, key }, zeros), plainOf(9));

  it("has for each version a key of its own", () => {
    for (const packets of VERSIONS) {
      assert.deepEqual(opener.open("pack 7", by(packets, keys[packets])), plainOf(9));
    }
    refused(opener, by(1, keys[2]), /changed since it was sealed/);
    refused(opener, by(2, keys[1]), /changed since it was sealed/);
  });

  it("opens nothing without a key", () => {
    for (const packets of VERSIONS) {
      refused(packetOpener(), by(packets, sessionKey), /there is no key for its packet/);
    }
  });

  it("has no two keys for one version", () => {
    for (const packets of VERSIONS) {
      const [one, other] = [
        { packets, key: keys[1] },
        { packets, key: keys[2] },
      ] as const;
      assert.throws(() => packetOpener(one, other), RangeError);
      assert.throws(() => packetOpener(one, one), RangeError);
    }
  });
});
