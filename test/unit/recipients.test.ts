import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as openpgp from "openpgp";
import { UsageError } from "../../src/errors.ts";
import type { KeyPair } from "../../src/seal/identity.ts";
import { makeKeyPair, readIdentity } from "../../src/seal/identity.ts";
import { packetOpener } from "../../src/seal/packet.ts";
import { readRecipient, sealTo } from "../../src/seal/recipients.ts";
import { plainOf } from "../support/packets.ts";

const own = { v6Keys: true, aeadProtect: true };
const userIDs = { name: "somebody" };
const DAY = 24 * 60 * 60 * 1000;
const fromNow = (days: number) => new Date(Date.now() + days * DAY);

/** A new public key by OpenPGP.js, as any other tool might have made it. */
async function keyWith(options: Partial<openpgp.KeyOptions>): Promise<openpgp.PublicKey> {
  const { publicKey } = await openpgp.generateKey({
    type: "curve25519",
    userIDs,
    ...options,
    format: "object",
  });
  return publicKey;
}

async function refuses(armored: string, problem: RegExp): Promise<void> {
  const refusal = (error: unknown) => error instanceof UsageError && problem.test(error.message);
  await assert.rejects(readRecipient(armored), refusal);
  await assert.rejects(sealTo([armored], plainOf(1)), refusal);
}

describe("recipients", () => {
  let ada: KeyPair;
  let bob: KeyPair;
  before(async () => {
    [ada, bob] = await Promise.all([makeKeyPair("ada"), makeKeyPair("bob")]);
  });

  it("are told by fingerprint and user id", async () => {
    assert.deepEqual(await readRecipient(ada.publicKey), {
      fingerprint: ada.fingerprint,
      userIds: ["ada"],
    });
  });

  it("each open what is sealed to all of them", async () => {
    const message = await sealTo([ada.publicKey, bob.publicKey], plainOf(1000));
    for (const { privateKey } of [ada, bob]) {
      const identity = await readIdentity(privateKey);
      assert.ok(!identity.locked);
      assert.deepEqual(await identity.open("keys/1.pgp", message), plainOf(1000));
    }
  });

  it("get a packet like all others, under the session key in front of it", async () => {
    const bytes = await sealTo([ada.publicKey], plainOf(100));
    const message = await openpgp.readMessage({ binaryMessage: bytes });
    const decryptionKeys = await openpgp.readPrivateKey({ armoredKey: ada.privateKey });
    const [key] = await openpgp.decryptSessionKeys({ message, decryptionKeys });
    assert.ok(key);
    const packet = bytes.subarray(bytes.length - (100 + 4 + 32 + 2 * 16 + 8 + 2));
    assert.deepEqual(
      packetOpener({ packets: 2, key: key.data }).open("keys/1.pgp", packet),
      plainOf(100),
    );
  });

  it("get messages that differ though the payload does not, and are small", async () => {
    const first = await sealTo([ada.publicKey], plainOf(100));
    const second = await sealTo([ada.publicKey], plainOf(100));
    assert.notDeepEqual(first, second);
    assert.ok(first.length < 300, `${first.length} bytes`);
  });

  it("may have expired, or be of the future: no clock is asked", async () => {
    for (const date of [fromNow(-9), fromNow(9)]) {
      const key = await keyWith({ date, keyExpirationTime: 60, config: own });
      assert.equal((await readRecipient(key.armor())).fingerprint, key.getFingerprint());
      assert.ok((await sealTo([key.armor()], plainOf(1))).length > 0);
    }
  });

  it("may have keys of version 4 that ask for AES-256-GCM", async () => {
    const key = await keyWith({ config: { ...own, v6Keys: false } });
    assert.ok((await sealTo([key.armor()], plainOf(1))).length > 0);
  });

  it("are refused where the key does not ask for AES-256-GCM", async () => {
    const plain = await keyWith({ config: { v6Keys: false } });
    await refuses(plain.armor(), /does not ask for AES-256-GCM/);
  });

  it("are refused where the key cannot be encrypted to", async () => {
    const signing = await keyWith({ subkeys: [{ sign: true }], config: own });
    await refuses(signing.armor(), /cannot be encrypted to/);

    const { privateKey } = await openpgp.generateKey({ userIDs, config: own, format: "object" });
    const revoked = await openpgp.revokeKey({ key: privateKey, format: "object" });
    await refuses(revoked.publicKey.armor(), /cannot be encrypted to/);
  });

  it("are refused as private keys, which would be published", async () => {
    await refuses(ada.privateKey, /is a private key/);
  });

  it("are refused as anything else", async () => {
    await refuses("", /not an armored OpenPGP public key/);
    await refuses("ssh-ed25519 AAAA somebody", /not an armored OpenPGP public key/);
    await assert.rejects(sealTo([], plainOf(1)), UsageError);
    await assert.rejects(sealTo([ada.publicKey, "?"], plainOf(1)), UsageError);
  });
});
