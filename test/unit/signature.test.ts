import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as openpgp from "openpgp";
import { UsageError } from "../../src/errors.ts";
import { makeKeyPair } from "../../src/seal/identity.ts";
import { packetBounds } from "../../src/seal/packet-bounds.ts";
import type { Signer, SigningKey } from "../../src/seal/signature.ts";
import { makeSigningKey, readSigner, verifySignature } from "../../src/seal/signature.ts";
import { example, identityOf, publicBlock } from "../support/keys.ts";
import { flipped, plainOf } from "../support/packets.ts";
import { randomBytes } from "../support/random.ts";
import type { Odd } from "../support/signatures.ts";
import { oddSignature } from "../support/signatures.ts";

const { enums } = openpgp;
const DAY = 24 * 60 * 60 * 1000;
const fromNow = (days: number) => new Date(Date.now() + days * DAY);
const bytes = plainOf(1000);

/** How the key of a host is made, but at another time or with another setting. */
async function hostKey(options: Partial<openpgp.KeyOptions>): Promise<openpgp.PrivateKey> {
  const { privateKey } = await openpgp.generateKey({
    type: "ecc",
    curve: "ed25519Legacy",
    userIDs: { name: "host" },
    subkeys: [],
    ...options,
    format: "object",
  });
  return privateKey;
}

describe("a host's key", () => {
  let made: SigningKey;
  let signer: Signer;
  before(async () => {
    made = await makeSigningKey("web-1");
    signer = await readSigner(made.privateKey);
  });

  it("is one that gpg knows, for signing alone, and never expires", async () => {
    const key = await openpgp.readKey({ armoredKey: made.publicKey });
    assert.equal(key.getFingerprint(), made.fingerprint);
    assert.match(made.fingerprint, /^[0-9a-f]{40}$/);
    assert.equal(key.keyPacket.version, 4);
    assert.deepEqual(key.getAlgorithmInfo(), { algorithm: "eddsaLegacy", curve: "ed25519Legacy" });
    assert.deepEqual(key.getUserIDs(), ["web-1"]);
    assert.deepEqual(key.subkeys, []);
    assert.equal(await key.getExpirationTime(), Number.POSITIVE_INFINITY);
    await assert.rejects(key.getEncryptionKey());
  });

  it("signs in one small packet what anybody can verify", async () => {
    assert.equal(signer.fingerprint, made.fingerprint);
    for (const signed of [bytes, new Uint8Array()]) {
      const signature = await signer.sign(signed);
      assert.equal(packetBounds(signature)?.length, 1);
      assert.ok(signature.length < 200, `${signature.length} bytes`);
      assert.ok(await verifySignature(made.publicKey, signed, signature));
    }
  });

  it("signs though the clock is behind, and the key of the future", async () => {
    const key = await hostKey({ date: fromNow(400) });
    const signature = await (await readSigner(key.armor())).sign(bytes);
    assert.ok(await verifySignature(key.toPublic().armor(), bytes, signature));
  });

  it("is not made for a user id that would spoil a line", async () => {
    for (const userId of ["", "x".repeat(201), "two\nlines"]) {
      await assert.rejects(makeSigningKey(userId), UsageError);
    }
  });

  it("is not read from anything else than one private key that can sign", async () => {
    const locked = await hostKey({ passphrase: "sesame" });
    const expired = await hostKey({ date: fromNow(-9), keyExpirationTime: 60 });
    const other = await makeSigningKey("web-2");
    const refused = {
      "is a public key": made.publicKey,
      "is locked": locked.armor(),
      "cannot sign": expired.armor(),
      "several keys": `${made.privateKey}\n${other.privateKey}`,
      "not an armored OpenPGP key": "sesame",
    };
    for (const [problem, text] of Object.entries(refused)) {
      await assert.rejects(readSigner(text), (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.ok(error.message.includes(problem), error.message);
        return !error.message.includes("sesame");
      });
    }
  });
});

describe("a signature", () => {
  let key: openpgp.PrivateKey;
  let publicKey: string;
  let signature: Uint8Array;
  before(async () => {
    const made = await makeSigningKey("web-1");
    ({ publicKey } = made);
    key = await openpgp.readPrivateKey({ armoredKey: made.privateKey });
    signature = await (await readSigner(made.privateKey)).sign(bytes);
  });

  /** Whether such a signature by the key is accepted. */
  async function accepts(odd: Odd): Promise<boolean> {
    return verifySignature(publicKey, bytes, await oddSignature(key, bytes, odd));
  }

  it("is good for its bytes and its key only", async () => {
    assert.ok(await verifySignature(publicKey, bytes, signature));
    assert.ok(!(await verifySignature(publicKey, plainOf(999), signature)));
    const other = await makeSigningKey("web-1");
    assert.ok(!(await verifySignature(other.publicKey, bytes, signature)));
    for (const hash of [enums.hash.sha256, enums.hash.sha384, enums.hash.sha3_256]) {
      assert.ok(await accepts({ hash }), `hash ${hash}`);
    }
  });

  it("is bad with any bit changed that counts", async () => {
    const accepted = new Set<number>();
    for (let bit = 0; bit < signature.length * 8; bit++) {
      if (await verifySignature(publicKey, bytes, flipped(signature, bit))) accepted.add(bit >> 3);
    }
    // How many bits R and S have: of that, readers look at the bytes alone.
    const [r, s] = [signature.length - 68, signature.length - 34];
    const lengths = [r, r + 1, s, s + 1];
    assert.deepEqual(
      [...accepted].filter((at) => !lengths.includes(at)),
      [],
    );
  });

  it("is bad cut off, or with anything behind or in front of it", async () => {
    for (let length = 0; length < signature.length; length++) {
      assert.ok(!(await verifySignature(publicKey, bytes, signature.subarray(0, length))));
    }
    const marker = Uint8Array.of(0xca, 3, 0x50, 0x47, 0x50);
    const padding = Uint8Array.of(0xd5, 1, 0);
    for (const more of [signature, marker, padding, Uint8Array.of(0)]) {
      for (const parts of [
        [signature, more],
        [more, signature],
      ]) {
        assert.ok(!(await verifySignature(publicKey, bytes, Buffer.concat(parts))));
      }
    }
  });

  it("is bad as random bytes, and as text", async () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = randomBytes(seed, 120);
      assert.ok(!(await verifySignature(publicKey, bytes, random)));
      // Behind the header of a signature, and behind what a signature begins with.
      random.set(signature.subarray(0, seed % 60));
      assert.ok(!(await verifySignature(publicKey, bytes, random)));
    }
    const armored = openpgp.armor(enums.armor.signature, signature);
    assert.ok(!(await verifySignature(publicKey, bytes, Buffer.from(armored))));
  });

  it("is bad over anything else than bytes as they are", async () => {
    assert.ok(await accepts({}));
    const { text, standalone, certGeneric, timestamp } = enums.signature;
    for (const type of [text, standalone, certGeneric, timestamp]) {
      assert.ok(!(await accepts({ type })), `type ${type}`);
    }
  });

  it("is bad with a hash that is no longer safe", async () => {
    const { md5, sha1, ripemd, sha224 } = enums.hash;
    // Ed25519 refuses short hashes by itself.
    const rsa = await hostKey({ type: "rsa", rsaBits: 2048 });
    const armored = rsa.toPublic().armor();
    const strong = await oddSignature(rsa, bytes, { hash: enums.hash.sha256 });
    assert.ok(await verifySignature(armored, bytes, strong));
    for (const hash of [md5, sha1, ripemd, sha224]) {
      const weak = await oddSignature(rsa, bytes, { hash });
      assert.ok(!(await verifySignature(armored, bytes, weak)), `hash ${hash}`);
    }
  });

  it("is bad with a critical part that we do not know, and good with another", async () => {
    const notation = { name: "x@example.org", value: new Uint8Array(3), humanReadable: false };
    assert.ok(await accepts({ notations: [{ ...notation, critical: false }] }));
    assert.ok(!(await accepts({ notations: [{ ...notation, critical: true }] })));
    assert.ok(await accepts({ subpacket: Uint8Array.of(100, 1, 2, 3) }));
    assert.ok(!(await accepts({ subpacket: Uint8Array.of(0x80 | 100, 1, 2, 3) })));
  });

  it("is bad where it is long, before anybody reads it", async () => {
    for (const size of [15_000, 17_000]) {
      const value = new Uint8Array(size);
      const notation = { name: "x@example.org", value, humanReadable: false, critical: false };
      assert.equal(await accepts({ notations: [notation] }), size < 16 * 1024);
    }
  });

  it("is good whatever the clocks say", async () => {
    assert.ok(await accepts({ date: fromNow(400) }), "of a clock that is ahead");
    assert.ok(await accepts({ date: fromNow(-400) }), "of before the key was made");
    assert.ok(await accepts({ date: fromNow(-400), expires: 60 }), "long expired");
    const future = await hostKey({ date: fromNow(400) });
    const past = await hostKey({ date: fromNow(-400), keyExpirationTime: 60 });
    for (const one of [future, past]) {
      const made = await oddSignature(one, bytes);
      assert.ok(await verifySignature(one.toPublic().armor(), bytes, made));
    }
  });

  it("is good by a subkey for signing, and by no other part", async () => {
    const { privateKey } = await openpgp.generateKey({
      userIDs: { name: "ada" },
      subkeys: [{ sign: true }, { sign: true }, {}],
      format: "object",
    });
    const [good, revoked] = privateKey.subkeys;
    assert.ok(good && revoked);
    const subkeys = [good, revoked].map((subkey) => ({ subkey: subkey.getFingerprint() }));
    const made = await Promise.all(subkeys.map((odd) => oddSignature(privateKey, bytes, odd)));
    const before = privateKey.toPublic().armor();
    await revoked.update(await revoked.revoke(privateKey.keyPacket as openpgp.SecretKeyPacket));
    const armored = privateKey.toPublic().armor();
    const verdicts = (text: string) =>
      Promise.all(made.map((one) => verifySignature(text, bytes, one)));
    assert.deepEqual(await verdicts(before), [true, true]);
    assert.deepEqual(await verdicts(armored), [true, false]);
  });

  it("is bad by a key that is no key, was revoked, or vouches for nothing", async () => {
    const { publicKey: revoked } = await openpgp.revokeKey({ key, format: "armored" });
    const twice = `${publicKey}\n${publicKey}`;
    for (const text of ["", "?", publicKey.slice(0, 200), revoked, twice]) {
      assert.ok(!(await verifySignature(text, bytes, signature)));
    }
  });

  it("is verified by many keys in turn", async () => {
    const keys = await Promise.all(
      Array.from({ length: 70 }, async () => {
        const made = await makeSigningKey("web-1");
        const signed = await (await readSigner(made.privateKey)).sign(bytes);
        return { publicKey: made.publicKey, signature: signed };
      }),
    );
    for (const one of [...keys, ...keys]) {
      assert.ok(await verifySignature(one.publicKey, bytes, one.signature));
      assert.ok(!(await verifySignature(one.publicKey, bytes, signature)));
    }
  });

  it("may be of version 6", async () => {
    const pair = await makeKeyPair("ada");
    const made = await (await identityOf(pair.privateKey)).sign(bytes);
    assert.ok(await verifySignature(pair.publicKey, bytes, made));
    assert.ok(!(await verifySignature(pair.publicKey, plainOf(1), made)));
    assert.ok(!(await verifySignature(publicKey, bytes, made)));
  });
});

describe("the example signatures of RFC 9580", () => {
  const list =
    "What we need from the grocery store:\r\n\r\n- tofu\r\n- vegetables\r\n- noodles\r\n";

  /** Whether OpenPGP.js finds that the signature itself is right. */
  async function isRight(section: string, keySection: string, text: string): Promise<boolean> {
    const key = await openpgp.readKey({ binaryKey: example(keySection) });
    const { packets } = await openpgp.readSignature({ binarySignature: example(section) });
    const [literal] = (await openpgp.createMessage({ binary: Buffer.from(text) })).packets;
    const [packet] = packets;
    assert.ok(packet?.signatureType != null && literal);
    const { signatureType: type } = packet;
    await packet.verify(key.keyPacket, type, literal, null as unknown as Date, true);
    return true;
  }

  it("A.2 is right, by a key that does not vouch for itself", async () => {
    assert.ok(await isRight("A.2", "A.1", "OpenPGP"));
    const key = publicBlock(example("A.1"));
    assert.ok(!(await verifySignature(key, Buffer.from("OpenPGP"), example("A.2"))));
  });

  it("A.6 is right, over text", async () => {
    assert.ok(await isRight("A.6", "A.3", list));
    const key = publicBlock(example("A.3"));
    assert.ok(!(await verifySignature(key, Buffer.from(list), example("A.6"))));
  });

  it("A.7 is a message with a signature in it, and no signature", async () => {
    const key = publicBlock(example("A.3"));
    for (const text of [list, list.replaceAll("\r", ""), ""]) {
      assert.ok(!(await verifySignature(key, Buffer.from(text), example("A.7"))));
    }
  });
});
