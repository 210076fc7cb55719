/** What only packets of version 1 have: a prefix, an MDC, and gpg. */
import assert from "node:assert/strict";
import { createCipheriv, createHash } from "node:crypto";
import { describe, it } from "node:test";
import { packetOpener } from "../../src/seal/packet.ts";
import { NO_GPG, openedByGpg, sealedByGpg } from "../support/gpg-packets.ts";
import { encryptedElsewhere } from "../support/openpgp-packets.ts";
import {
  flipped,
  framed,
  keyFor,
  literalOf,
  plainOf,
  sealed,
  sessionKey,
} from "../support/packets.ts";
import { randomBytes } from "../support/random.ts";
import { refused } from "../support/refused.ts";

const SIZES = [0, 1, 4096, 65_536, 300_000];
const CHANGED = /^x is damaged: changed since it was sealed, or sealed with another key$/;

const opener = packetOpener(keyFor(1));
const refuses = (packet: Uint8Array, problem: RegExp) =>
  refused(() => opener.open("x", packet), problem);

/** As RFC 9580 section 5.13.1 says it, in node:crypto's own CFB. */
function enciphered(...parts: readonly Uint8Array[]): Uint8Array {
  const cipher = createCipheriv("aes-256-cfb", sessionKey, new Uint8Array(16));
  return framed(Uint8Array.of(1), cipher.update(Buffer.concat(parts)));
}

function sha1(...parts: readonly Uint8Array[]): Uint8Array {
  return createHash("sha1").update(Buffer.concat(parts)).digest();
}

const prefix = Buffer.from("000102030405060708090a0b0c0d0e0f0e0f", "hex");
const mdc = Uint8Array.of(0xd3, 0x14);

describe("packets of version 1", () => {
  it("are what the RFC describes", () => {
    const head = [prefix, literalOf(9), mdc];
    assert.deepEqual(opener.open("x", enciphered(...head, sha1(...head))), plainOf(9));
    const zeros = [new Uint8Array(18), literalOf(9), mdc];
    assert.deepEqual(sealed(1, plainOf(9)), new Uint8Array(enciphered(...zeros, sha1(...zeros))));
  });

  it("are refused where they are too short for a prefix and an MDC", () => {
    for (let length = 0; length < 18 + 22; length++) {
      refuses(enciphered(plainOf(length)), /its packet is cut off$/);
    }
    const bare = [prefix, mdc];
    refuses(enciphered(...bare, sha1(...bare)), /no OpenPGP packet 11/);
  });

  it("are refused without an MDC, or with one that is not over all of it", () => {
    const inside = [prefix, literalOf(90)];
    const header = [...inside, Uint8Array.of(0xd3, 0x13)];
    refuses(enciphered(...inside, new Uint8Array(22)), CHANGED);
    refuses(enciphered(...inside), CHANGED);
    refuses(enciphered(...inside, mdc, sha1(...inside)), CHANGED);
    refuses(enciphered(...inside, mdc, sha1(literalOf(90), mdc)), CHANGED);
    refuses(enciphered(...header, sha1(...header)), CHANGED);
    refuses(enciphered(...inside, mdc, sha1(...inside, mdc), mdc), CHANGED);
  });

  it("are refused for one reason, wherever they were changed", () => {
    const packet = sealed(1, plainOf(40));
    for (let bit = 7 * 8; bit < packet.length * 8; bit++) refuses(flipped(packet, bit), CHANGED);
  });

  it("are not looked at where they repeat two octets", () => {
    const other = Buffer.concat([prefix.subarray(0, 16), Uint8Array.of(0xff, 0xff)]);
    const head = [other, literalOf(9), mdc];
    assert.deepEqual(opener.open("x", enciphered(...head, sha1(...head))), plainOf(9));
    refuses(enciphered(...head, sha1(prefix, literalOf(9), mdc)), CHANGED);
  });

  it("are refused with other ciphers", async () => {
    const aes128 = { data: sessionKey.subarray(16), algorithm: "aes128" } as const;
    refuses(await encryptedElsewhere(plainOf(9), aes128), CHANGED);
  });
});

describe("gpg", { skip: NO_GPG }, () => {
  for (const size of SIZES) {
    it(`opens the packet around ${size} bytes`, () => {
      assert.deepEqual(openedByGpg(sealed(1, plainOf(size)), sessionKey), plainOf(size));
    });

    it(`seals ${size} bytes to a packet that is opened`, async () => {
      const { packet, key } = await sealedByGpg(plainOf(size), "--compress-algo", "none");
      assert.deepEqual(packetOpener({ packets: 1, key }).open("x", packet), plainOf(size));
    });
  }

  it("opens nothing that was changed", () => {
    assert.throws(() => openedByGpg(flipped(sealed(1, plainOf(40)), 8 * 60), sessionKey));
  });

  it("compresses what it can, and that is refused", async () => {
    const { packet, key } = await sealedByGpg(plainOf(4096), "--compress-algo", "zlib");
    refused(() => packetOpener({ packets: 1, key }).open("x", packet), /no OpenPGP packet 11/);
  });

  it("seals to partial lengths what it tried to compress, and that is refused", async () => {
    const { packet, key } = await sealedByGpg(randomBytes(1, 10_000), "--compress-algo", "zlib");
    refused(() => packetOpener({ packets: 1, key }).open("x", packet), /cut off or partial/);
  });
});
