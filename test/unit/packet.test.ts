import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as openpgp from "openpgp";
import { CorruptError } from "../../src/errors.ts";
import { literalHeader, readPacket } from "../../src/seal/framing.ts";
import { packetOpener, packetSealer } from "../../src/seal/packet.ts";
import { sealedElsewhere } from "../support/openpgp-packets.ts";
import { framed, plainOf, sealed, sealedBy, sessionKey } from "../support/packets.ts";

const aes256: openpgp.SessionKey = { data: sessionKey, algorithm: "aes256", aeadAlgorithm: "gcm" };
const opener = packetOpener(sessionKey);

/** Around the ends of an AEAD chunk and of each kind of length. */
const sizes = [0, 1, 179, 180, 8363, 8364, 4096, 65_536, 131_060, 131_061, 262_132, 300_000];

/** The literal packet around the plain text of this size. */
const literal = (size: number) => Buffer.concat([literalHeader(size), plainOf(size)]);

/** A packet by OpenPGP.js's own `encrypt`, of the kind that `key` asks for. */
async function encrypted(key: openpgp.SessionKey): Promise<Uint8Array> {
  const message = await openpgp.createMessage({ binary: plainOf(9) });
  return openpgp.encrypt({ message, sessionKey: key, format: "binary" });
}

const refuses = (packet: Uint8Array, problem: RegExp) =>
  assert.throws(
    () => opener.open("pack 7", packet),
    (error) => {
      assert.ok(error instanceof CorruptError, String(error));
      assert.equal(error.object, "pack 7");
      return problem.test(error.message);
    },
  );

describe("sealing a packet", () => {
  it("makes what OpenPGP.js opens", async () => {
    for (const size of sizes) {
      const message = await openpgp.readMessage({ binaryMessage: sealed(plainOf(size)) });
      const opened = await openpgp.decrypt({ message, sessionKeys: aes256, format: "binary" });
      assert.deepEqual(new Uint8Array(opened.data), plainOf(size));
    }
  });

  it("makes what it opens itself, of tens of megabytes too", () => {
    for (const size of [...sizes, 20_000_000]) {
      const plain = new Uint8Array(size).fill(size & 0xff);
      assert.ok(Buffer.from(opener.open("pack 7", sealed(plain))).equals(plain));
    }
  });

  it("adds 86 bytes to what fits into one chunk, and 16 for each further one", () => {
    const { sealedSize } = packetSealer(sessionKey, () => new Uint8Array(32));
    assert.equal(sealedSize(0), 86);
    assert.equal(sealedSize(131_060), 131_060 + 86);
    assert.equal(sealedSize(131_061), 131_061 + 86 + 16);
    assert.throws(() => sealedSize(2 ** 32), RangeError);
  });

  it("writes that many bytes to the start of a buffer and leaves the others alone", () => {
    const sealer = packetSealer(sessionKey, () => new Uint8Array(32));
    const pack = new Uint8Array(1000).fill(0xaa);
    assert.equal(sealer.seal(plainOf(100), pack.subarray(50)), 186);
    assert.ok(pack.subarray(0, 50).every((byte) => byte === 0xaa));
    assert.ok(pack.subarray(236).every((byte) => byte === 0xaa));
    assert.deepEqual(opener.open("pack 7", pack.subarray(50, 236)), plainOf(100));
  });

  it("draws a salt of 32 bytes for each packet", () => {
    const drawn: number[] = [];
    const sealer = packetSealer(sessionKey, (count) => {
      drawn.push(count);
      return new Uint8Array(count).fill(drawn.length);
    });
    const first = sealedBy(sealer, plainOf(300_000));
    const second = sealedBy(sealer, plainOf(300_000));
    assert.deepEqual(drawn, [32, 32]);
    assert.notDeepEqual(first.subarray(42, 100), second.subarray(42, 100));
  });

  it("refuses a buffer that is too short, and a key that is no AES-256 key", () => {
    const random = () => new Uint8Array(32);
    const short = new Uint8Array(86);
    assert.throws(() => packetSealer(sessionKey, random).seal(plainOf(1), short), RangeError);
    assert.deepEqual(short, new Uint8Array(86));
    assert.throws(() => packetSealer(sessionKey.subarray(1), random), RangeError);
    assert.throws(() => packetOpener(new Uint8Array(33)), RangeError);
  });
});

describe("opening a packet", () => {
  it("takes what OpenPGP.js encrypts", async () => {
    assert.deepEqual(opener.open("pack 7", await encrypted(aes256)), plainOf(9));
  });

  it("takes what OpenPGP.js seals, in chunks of any legal size", async () => {
    for (const size of sizes) {
      for (const chunkOctet of size > 10_000 ? [6, 12, 16] : [0, 1, 16]) {
        const packet = await sealedElsewhere(literal(size), chunkOctet);
        assert.deepEqual(opener.open("pack 7", packet), plainOf(size));
      }
    }
  });

  it("refuses every other key", () => {
    const other = packetOpener(new Uint8Array(32));
    assert.throws(() => other.open("pack 7", sealed(plainOf(9))), CorruptError);
  });

  it("refuses other ciphers, modes, versions and chunks above 4 MiB", async () => {
    const problem = /not a version 2 packet with AES-256-GCM/;
    const aes128 = { ...aes256, data: sessionKey.subarray(16), algorithm: "aes128" } as const;
    refuses(await encrypted(aes128), problem);
    refuses(await encrypted({ ...aes256, aeadAlgorithm: "ocb" }), problem);
    refuses(await encrypted({ data: sessionKey, algorithm: "aes256" }), problem);
    refuses(await sealedElsewhere(literal(9), 17), problem);
  });

  it("refuses what is too short for a salt and a tag before it derives a key", () => {
    const body = readPacket("pack 7", sealed(plainOf(9)), 18);
    for (let length = 4; length < 36 + 16; length++) {
      refuses(framed(body.subarray(0, length)), /cut off/);
    }
  });

  it("refuses inside it everything but one binary literal packet", async () => {
    const inside = async (...parts: readonly Uint8Array[]) =>
      sealedElsewhere(Buffer.concat(parts), 11);
    refuses(await inside(), /no OpenPGP packet 11/);
    refuses(await inside(plainOf(9)), /no OpenPGP packet 11/);
    refuses(await inside(literal(9), literal(9)), /says 15 bytes, 36 follow/);
    refuses(await inside(Uint8Array.of(0xd5, 0), literal(9)), /no OpenPGP packet 11/);
  });

  it("notices chunks that are missing, doubled or in another order", async () => {
    // Chunks of 64 bytes: 81 sealed ones and the final tag behind a prefix of 36 bytes.
    const packet = await sealedElsewhere(literal(64 * 80 + 20), 0);
    const body = readPacket("pack 7", packet, 18);
    const prefix = body.subarray(0, 36);
    const end = body.subarray(body.length - 16);
    const chunk = (at: number) => body.subarray(36 + at * 80, 36 + (at + 1) * 80);
    const upTo = (at: number) => body.subarray(36, 36 + at * 80);
    const changed = /changed since it was sealed/;

    refuses(framed(prefix, upTo(79), end), changed);
    refuses(framed(prefix, end), changed);
    refuses(framed(prefix, upTo(79), chunk(78), end), changed);
    refuses(framed(prefix, chunk(1), chunk(0), body.subarray(36 + 160)), changed);
    refuses(framed(prefix, upTo(80)), changed);
    refuses(framed(prefix, upTo(1), new Uint8Array(8), end), /cut off|changed/);
  });
});
