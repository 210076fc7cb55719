import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as openpgp from "openpgp";
import { makeKeyPair } from "../../src/seal/identity.ts";
import { readRecipients, sealTo } from "../../src/seal/recipients.ts";
import { Gpg, NO_GPG } from "../support/gpg.ts";
import { identityOf, onlyRecipient, outline, refuses } from "../support/keys.ts";
import { plainOf } from "../support/packets.ts";

const NOW = new Date();

describe("recipients with keys of gpg's", { skip: NO_GPG }, () => {
  const gpg = new Gpg();
  let rsa: string;
  let curve: string;
  before(() => {
    rsa = gpg.makeKey({ userId: "Rosa <rsa@x>", algorithm: "rsa2048", subkeys: ["rsa2048"] });
    curve = gpg.makeKey({ userId: "Cv <cv@x>" });
  });
  after(() => gpg.end());

  it("are read from one export of all of them", async () => {
    const recipients = await readRecipients(gpg.publicKey(rsa, curve), NOW);
    assert.deepEqual(
      recipients.map(({ fingerprint, userIds, packets }) => ({ fingerprint, userIds, packets })),
      [
        { fingerprint: rsa, userIds: ["Rosa <rsa@x>"], packets: 1 },
        { fingerprint: curve, userIds: ["Cv <cv@x>"], packets: 1 },
      ],
    );
  });

  it("get one message with all others, which gpg and OpenPGP.js open", async () => {
    const pair = await makeKeyPair("ada");
    const keys = `${gpg.publicKey(rsa)}\n${gpg.publicKey(curve)}\n${pair.publicKey}`;
    const recipients = await readRecipients(keys, NOW);
    const armored = recipients.map((recipient) => recipient.armored);
    const message = await sealTo(armored, plainOf(3000), 1);
    assert.equal((await outline(message)).sealed, 1);

    for (const fingerprint of [rsa, curve]) {
      const reader = new Gpg();
      try {
        reader.import(gpg.secretKey(fingerprint));
        const { code, out, status } = reader.run(["--decrypt"], message);
        assert.equal(code, 0);
        assert.deepEqual(out, plainOf(3000));
        assert.ok(status.includes("GOODMDC"), status.join());
      } finally {
        reader.end();
      }
    }
    for (const secret of [gpg.secretKey(rsa), gpg.secretKey(curve), pair.privateKey]) {
      const identity = await identityOf(secret);
      assert.deepEqual(await identity.open("keys/1.pgp", message), plainOf(3000));
    }
  });

  it("are sealed to by the subkey that was good, though a later one expired", async () => {
    const at = "20190101T000000";
    const fingerprint = gpg.makeKey({ userId: "subkeys", at });
    const [good] = (await openpgp.readKey({ armoredKey: gpg.publicKey(fingerprint) })).subkeys;
    gpg.addSubkey(fingerprint, { at: "20200101T000000", expire: "1d" });
    const { armored } = await onlyRecipient(gpg.publicKey(fingerprint));
    const { keys } = await outline(await sealTo([armored], plainOf(1), 1));
    assert.deepEqual(keys, [`3 ${good?.getKeyID().toHex()}`]);
  });

  it("may have one key for everything", async () => {
    const key = { userId: "single", algorithm: "rsa2048 cert,sign,encr", subkeys: [] };
    const fingerprint = gpg.makeKey(key);
    const { armored } = await onlyRecipient(gpg.publicKey(fingerprint));
    const message = await sealTo([armored], plainOf(9), 1);
    const identity = await identityOf(gpg.secretKey(fingerprint));
    assert.deepEqual(await identity.open("keys/1.pgp", message), plainOf(9));
  });

  it("are refused where the key expired, and not before", async () => {
    const key = gpg.makeKey({ userId: "late", at: "20200101T000000", expire: "1d" });
    const armored = gpg.publicKey(key);
    await refuses(armored, new RegExp(`${key} \\(late\\) expired on 2020-01-02`));
    await refuses(armored, /expired on/, new Date("2020-01-02T00:00:00Z"));
    assert.ok(await onlyRecipient(armored, new Date("2020-01-01T23:59:59Z")));
  });

  it("are refused where the subkey expired", async () => {
    const at = "20200101T000000";
    const key = gpg.makeKey({ userId: "half", at, subkeys: [] });
    gpg.addSubkey(key, { at, expire: "1d" });
    const problem = /\(half\) has an encryption subkey that expired on 2020-01-02/;
    await refuses(gpg.publicKey(key), problem);
    assert.ok(await onlyRecipient(gpg.publicKey(key), new Date("2020-01-01T23:59:59Z")));
  });

  it("are refused where the key was revoked, whenever that was", async () => {
    const key = gpg.makeKey({ userId: "gone" });
    gpg.revoke(key);
    await refuses(gpg.publicKey(key), new RegExp(`${key} \\(gone\\) was revoked`));
    await refuses(gpg.publicKey(key), /was revoked/, new Date(0));
  });

  it("are refused where the key can only sign", async () => {
    const key = gpg.makeKey({ userId: "signs", subkeys: ["ed25519 sign", "ed25519 auth"] });
    await refuses(gpg.publicKey(key), new RegExp(`${key} \\(signs\\) can only sign`));
  });

  it("are refused where the key is too weak", async () => {
    const short = { userId: "short", algorithm: "rsa1024", subkeys: ["rsa1024"] };
    const old = { userId: "old", algorithm: "dsa1024", subkeys: ["elg1024"] };
    const mixed = { userId: "mixed", subkeys: ["elg1024"] };
    for (const key of [short, old, mixed]) {
      await refuses(gpg.publicKey(gpg.makeKey(key)), new RegExp(`\\(${key.userId}\\) is too weak`));
    }
  });

  it("are refused all of them where one is bad", async () => {
    const key = gpg.makeKey({ userId: "bad" });
    gpg.revoke(key);
    await refuses(gpg.publicKey(rsa, key, curve), /\(bad\) was revoked/);
  });
});
