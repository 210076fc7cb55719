import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import * as openpgp from "openpgp";
import { AccessError, UsageError } from "../../src/errors.ts";
import type { Identity } from "../../src/seal/identity.ts";
import { readIdentity } from "../../src/seal/identity.ts";
import { packetBounds } from "../../src/seal/packet-bounds.ts";
import { readRecipients, sealTo } from "../../src/seal/recipients.ts";
import { verifySignature } from "../../src/seal/signature.ts";
import { Gpg, NO_GPG } from "../support/gpg.ts";
import { failure, identityOf, privateBlock } from "../support/keys.ts";
import { plainOf } from "../support/packets.ts";

const passphrase = "correct horse battery staple";

describe("an identity of gpg's", { skip: NO_GPG }, () => {
  const gpg = new Gpg();
  after(() => gpg.end());

  async function sealedTo(fingerprint: string, now: Date = new Date()): Promise<Uint8Array> {
    const [recipient] = await readRecipients(gpg.publicKey(fingerprint), now);
    assert.ok(recipient);
    return sealTo([recipient.armored], plainOf(100), 1);
  }

  async function opensAndSigns(identity: Identity, fingerprint: string): Promise<void> {
    assert.equal(identity.fingerprint, fingerprint);
    const message = await sealedTo(fingerprint);
    assert.deepEqual(await identity.open("keys/1.pgp", message), plainOf(100));
    const signature = await identity.sign(plainOf(9));
    assert.ok(await verifySignature(gpg.publicKey(fingerprint), plainOf(9), signature));
  }

  const rsa = { userId: "rsa", algorithm: "rsa2048", subkeys: ["rsa2048"] };
  const curve = { userId: "curve" };
  for (const key of [rsa, curve]) {
    it(`opens and signs with ${key.userId} keys`, async () => {
      const fingerprint = gpg.makeKey(key);
      await opensAndSigns(await identityOf(gpg.secretKey(fingerprint)), fingerprint);
    });

    it(`opens and signs with ${key.userId} keys that gpg locked`, async () => {
      const userId = `locked ${key.userId}`;
      const fingerprint = gpg.makeKey({ ...key, userId, passphrase });
      const locked = await readIdentity(gpg.secretKey(fingerprint, passphrase));
      assert.ok(locked.locked);
      assert.ok((await failure(locked.unlock("wrong"), "wrong")) instanceof AccessError);
      await opensAndSigns(await locked.unlock(passphrase), fingerprint);
    });
  }

  it("opens what was sealed to it before it expired, and does not sign", async () => {
    const key = { userId: "late", at: "20200101T000000", expire: "1d" };
    const fingerprint = gpg.makeKey(key);
    const message = await sealedTo(fingerprint, new Date("2020-01-01T12:00:00Z"));
    const identity = await identityOf(gpg.secretKey(fingerprint));
    assert.deepEqual(await identity.open("keys/1.pgp", message), plainOf(100));
    const error = await failure(identity.sign(plainOf(9)), "PRIVATE");
    assert.ok(error instanceof AccessError);
    assert.match(error.message, /cannot sign/);
  });

  it("opens without the primary secret, and signs if a subkey can", async () => {
    for (const lock of [{}, { passphrase }]) {
      const userId = `offline ${JSON.stringify(lock)}`;
      // A primary key that only certifies is one that OpenPGP.js cannot validate without its secret.
      const algorithm = "ed25519 cert";
      const mute = gpg.makeKey({ userId: `mute ${userId}`, algorithm, ...lock });
      const subkeys = ["cv25519", "ed25519 sign"];
      const able = gpg.makeKey({ userId, algorithm, subkeys, ...lock });
      const [first, second] = await Promise.all(
        [mute, able].map((one) =>
          identityOf(gpg.secretSubkeys(one, lock.passphrase), lock.passphrase),
        ),
      );
      assert.ok(first && second);
      assert.deepEqual(await first.open("keys/1.pgp", await sealedTo(mute)), plainOf(100));
      assert.ok((await failure(first.sign(plainOf(9)), passphrase)) instanceof AccessError);
      await opensAndSigns(second, able);
    }
  });

  it("does not open what a smartcard would, and is nothing if all is there", async () => {
    const fingerprint = gpg.makeKey({ userId: "card", subkeys: ["rsa2048"] });
    const bare = gpg.makeKey({ userId: "bare", subkeys: [] });
    gpg.moveToCard(fingerprint, 0);
    const identity = await identityOf(gpg.secretKey(fingerprint));
    const error = await failure(
      identity.open("keys/1.pgp", await sealedTo(fingerprint)),
      "PRIVATE",
    );
    assert.ok(error instanceof AccessError);
    assert.match(error.message, /not to a secret of it that is here/);

    for (const one of [fingerprint, bare]) {
      const marks = await failure(readIdentity(gpg.secretSubkeys(one)), "PRIVATE");
      assert.ok(marks instanceof UsageError);
      assert.match(marks.message, new RegExp(`no secret of the key ${one} is in the text`));
    }
  });

  it("is not read from an export of several keys", async () => {
    const both = ["first", "second"].map((userId) => gpg.makeKey({ userId }));
    const exported = gpg.run(["--export-secret-keys", "--armor", ...both]).out;
    const error = await failure(readIdentity(Buffer.from(exported).toString()), "PRIVATE");
    assert.ok(error instanceof UsageError);
    assert.ok(error.message.endsWith(both.join(", ")), error.message);
  });

  it("is not unlocked where the public half in front of the secret was replaced", async () => {
    const { privateKey } = await openpgp.generateKey({ ...ecc, passphrase, format: "binary" });
    const other = await openpgp.generateKey({ ...ecc, format: "object" });
    const [primary] = packetBounds(privateKey) ?? [];
    assert.ok(primary);
    // Behind version, time, algorithm and curve.
    const point = other.publicKey.keyPacket.write().subarray(1 + 4 + 1 + 10);
    const replaced = new Uint8Array(privateKey);
    replaced.set(point, primary.body + 1 + 4 + 1 + 10);
    const locked = await readIdentity(privateBlock(replaced));
    assert.ok(locked.locked);
    assert.ok((await failure(locked.unlock(passphrase), passphrase)) instanceof AccessError);
  });
});

const ecc = { type: "ecc", userIDs: { name: "victim" } } as const;
