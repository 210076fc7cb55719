/** What only packets of version 2 have: a suite, and AEAD chunks in their places. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decrypt, readMessage } from "openpgp";
import { readPacket } from "../../src/seal/framing.ts";
import { packetOpener, packetSealer } from "../../src/seal/packet.ts";
import { elsewhereKey, encryptedElsewhere, sealedElsewhere } from "../support/openpgp-packets.ts";
import { framed, keyFor, literalOf, plainOf, sealed, sessionKey } from "../support/packets.ts";
import { refused } from "../support/refused.ts";

const opener = packetOpener(keyFor(2));
const refuses = (packet: Uint8Array, problem: RegExp) =>
  refused(() => opener.open("x", packet), problem);

/** RFC 9580, appendix A.12: a session key under the password "password", and a packet with AES-128-GCM. */
const A12_SESSION_KEY =
  "c33c061a07030b0308e9d39785b2070008ffb42e7c483ef4884457cb3726b9b3db9ff776e5f4d9a40952e24472" +
  "98851abfff7526df2dd554417579a7799f";
const A12_PACKET =
  "d26902070306fcb94490bcb98bbdc9d106c6090266940f72e89edc21b5596b1576b101ed0f9ffc6fc6d65bbfd2" +
  "4dcd0790966e6d1e85a30053784cb1d8b6a0699ef12155a7b2ad6258531b57651fd7777912fa95e35d9b40216f" +
  "69a4c248db28ff4331f1632907399e6ff9";

describe("packets of version 2", () => {
  it("have 16 bytes more for each further AEAD chunk", () => {
    const { sealedSize } = packetSealer(keyFor(2), () => new Uint8Array(32));
    assert.equal(sealedSize(131_060), 131_060 + 86);
    assert.equal(sealedSize(131_061), 131_061 + 86 + 16);
    assert.equal(sealedSize(300_000), 300_000 + 86 + 32);
  });

  it("are opened in chunks of any legal size", async () => {
    for (const size of [0, 1, 180, 8364, 65_536, 131_061, 300_000]) {
      for (const chunkOctet of size > 10_000 ? [6, 12, 16] : [0, 1, 16]) {
        const packet = await sealedElsewhere(2, literalOf(size), chunkOctet);
        assert.deepEqual(opener.open("x", packet), plainOf(size));
      }
    }
  });

  it("are refused with other ciphers, modes and chunks above 4 MiB", async () => {
    const problem = /not a version 2 packet with AES-256-GCM/;
    const key = elsewhereKey(keyFor(2));
    const aes128 = { ...key, data: sessionKey.subarray(16), algorithm: "aes128" } as const;
    refuses(await encryptedElsewhere(plainOf(9), aes128), problem);
    refuses(await encryptedElsewhere(plainOf(9), { ...key, aeadAlgorithm: "ocb" }), problem);
    refuses(await sealedElsewhere(2, literalOf(9), 17), problem);
  });

  it("are refused as RFC 9580 has them in appendix A.12, with AES-128", async () => {
    const binaryMessage = Buffer.from(A12_SESSION_KEY + A12_PACKET, "hex");
    const message = await readMessage({ binaryMessage });
    const { data } = await decrypt({ message, passwords: "password" });
    assert.equal(data, "Hello, world!");
    const packet = Buffer.from(A12_PACKET, "hex");
    assert.equal(readPacket("x", packet, 18).length, 0x69);
    refuses(packet, /not a version 2 packet with AES-256-GCM/);
  });

  it("are refused where they are too short for a salt and a tag", () => {
    const body = readPacket("x", sealed(2, plainOf(9)), 18);
    for (let length = 4; length < 36 + 16; length++) {
      refuses(framed(body.subarray(0, length)), /cut off/);
    }
  });

  it("are refused where chunks are missing, doubled or in another order", async () => {
    // Chunks of 64 bytes: 81 sealed ones and the final tag behind a prefix of 36 bytes.
    const packet = await sealedElsewhere(2, literalOf(64 * 80 + 20), 0);
    const body = readPacket("x", packet, 18);
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
