import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as openpgp from "openpgp";
import { makeKeyPair } from "../../src/seal/identity.ts";
import { sealTo } from "../../src/seal/recipients.ts";
import {
  example,
  identityOf,
  keyWith,
  onlyRecipient,
  publicBlock,
  refuses,
} from "../support/keys.ts";
import { plainOf } from "../support/packets.ts";

const userIDs = { name: "somebody" };
const DAY = 24 * 60 * 60 * 1000;
const fromNow = (days: number) => new Date(Date.now() + days * DAY);

describe("a recipient's key", () => {
  it("is left with its own latest signatures", async () => {
    const { privateKey } = await openpgp.generateKey({
      userIDs: [userIDs, { name: "of old" }, { name: "unsigned" }],
      subkeys: [{}, { sign: true }],
      format: "object",
    });
    const friend = await openpgp.generateKey({ userIDs, format: "object" });
    const [user, revoked, unsigned] = privateKey.users;
    assert.ok(user?.userID && revoked && unsigned);
    const signed = await user.certify([friend.privateKey], new Date(), openpgp.config);
    user.otherCertifications = Array.from({ length: 500 }, () => signed.otherCertifications).flat();
    await revoked.update(await revoked.revoke(privateKey.keyPacket as openpgp.SecretKeyPacket));
    unsigned.selfCertifications = [];
    const key = privateKey.toPublic();
    const packets = key.toPacketList();
    const photo = new openpgp.UserAttributePacket();
    photo.read(Uint8Array.of(2, 1, 0));
    packets.push(photo as never);
    const armored = publicBlock(packets.write());
    assert.ok(armored.length > 100_000);

    const recipient = await onlyRecipient(armored);
    assert.deepEqual(recipient.userIds, ["somebody"]);
    assert.ok(recipient.armored.length < 1500, `${recipient.armored.length} characters`);
    const trimmed = await openpgp.readKey({ armoredKey: recipient.armored });
    const tags = [...trimmed.toPacketList()].map(tagOf);
    assert.deepEqual(tags, ["publicKey", "userID", "signature", ...subkey, ...subkey]);
    const signing = await trimmed.getSigningKey();
    assert.ok(!signing.getKeyID().equals(trimmed.getKeyID()), "its signing subkey stays");
    const identity = await identityOf(privateKey.armor());
    const message = await sealTo([recipient.armored], plainOf(9), 1);
    assert.deepEqual(await identity.open("keys/1.pgp", message), plainOf(9));
    assert.deepEqual(await onlyRecipient(recipient.armored), recipient);
  });

  it("is left with its latest statement where there are several", async () => {
    const { privateKey } = await openpgp.generateKey({ userIDs, format: "object" });
    const { publicKey } = await openpgp.reformatKey({
      privateKey,
      userIDs,
      date: fromNow(1),
      keyExpirationTime: (10 * DAY) / 1000,
      format: "object",
    });
    const [user] = privateKey.users;
    const [later] = publicKey.users;
    assert.ok(user && later);
    user.selfCertifications = [...later.selfCertifications, ...user.selfCertifications];
    const both = privateKey.toPublic().armor();
    const { armored } = await onlyRecipient(both);
    const trimmed = await openpgp.readKey({ armoredKey: armored });
    assert.equal(trimmed.users[0]?.selfCertifications.length, 1);
    assert.notEqual(await trimmed.getExpirationTime(), Number.POSITIVE_INFINITY);
    await refuses(both, /expired on/, fromNow(11));
  });

  it("is refused as a private key, which would be published", async () => {
    const pair = await makeKeyPair("ada");
    await refuses(pair.privateKey, new RegExp(`${pair.fingerprint} \\(ada\\) is a private key`));
  });

  it("is refused where its encryption subkey was revoked", async () => {
    const { privateKey } = await openpgp.generateKey({ userIDs, format: "object" });
    const [encryption] = privateKey.subkeys;
    assert.ok(encryption);
    const primary = privateKey.keyPacket as openpgp.SecretKeyPacket;
    await encryption.update(await encryption.revoke(primary));
    await refuses(privateKey.toPublic().armor(), /has an encryption subkey that was revoked/);
  });

  it("is refused where it does not stand by any user id", async () => {
    await refuses(publicBlock(example("A.1")), /c959bdbafa32a2f8.* has no user id that it signed/);
    const { privateKey } = await openpgp.generateKey({ userIDs, format: "object" });
    const [user] = privateKey.users;
    assert.ok(user);
    await user.update(await user.revoke(privateKey.keyPacket as openpgp.SecretKeyPacket));
    await refuses(privateKey.toPublic().armor(), /\(somebody\) has no user id that it signed/);
  });

  it("is refused twice, and among more than a hundred", async () => {
    const { publicKey } = await makeKeyPair("ada");
    await refuses(`${publicKey}\n${publicKey}`, /\(ada\) is there twice/);
    await refuses(`${publicKey}\n`.repeat(101), /more than 100 keys/);
  });

  it("is not passed over where it cannot be read", async () => {
    const good = await keyWith({});
    // Version 3, and version 4 with an algorithm that nobody knows; each with a user id.
    for (const body of [Uint8Array.of(3, 0, 0, 0, 1, 0, 0, 1), Uint8Array.of(4, 0, 0, 0, 1, 99)]) {
      const unknown = Buffer.concat([packet(6, body), packet(13, Buffer.from("eve"))]);
      for (const bytes of [[unknown], [good.write(), unknown], [unknown, good.write()]]) {
        await refuses(publicBlock(Buffer.concat(bytes)), /the key of eve is damaged, or of a kind/);
      }
    }
    await refuses(publicBlock(packet(6, Uint8Array.of(3))), /the key without a user id/);
  });

  it("is refused as anything else", async () => {
    const { publicKey } = await makeKeyPair("ada");
    const cutOff = publicKey.slice(0, -200);
    const signature = publicBlock(example("A.2")).replaceAll("PUBLIC KEY BLOCK", "SIGNATURE");
    const noKey = publicBlock(example("A.2"));
    const torn = publicBlock(example("A.3").subarray(0, 300));
    for (const text of ["", "ssh-ed25519 AAAA somebody", cutOff, signature, noKey, torn]) {
      await refuses(text, /not an armored OpenPGP key/);
      await refuses(`${publicKey}\n-----BEGIN ${text}`, /not an armored OpenPGP key/);
    }
  });

  it("is refused in a long text, which is not even looked at", async () => {
    await refuses(
      "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n".repeat(2 ** 16),
      /longer than 1048576/,
    );
  });

  it("is refused soon, whatever the text is", async () => {
    const begin = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n";
    const lines = ["\n", "A", `${"A".repeat(64)}\n`, "-----BEGIN ", "=", "-", " "];
    for (const line of lines) {
      const text = begin + line.repeat(Math.floor((2 ** 20 - begin.length) / line.length));
      const start = performance.now();
      await refuses(text, /not an armored OpenPGP key/);
      assert.ok(performance.now() - start < 5000, JSON.stringify(line));
    }
  });
});

const subkey = ["publicSubkey", "signature"];

function tagOf(packet: object): string {
  const { tag } = packet.constructor as unknown as { tag: openpgp.enums.packet };
  return openpgp.enums.read(openpgp.enums.packet, tag);
}

function packet(type: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0xc0 | type, body.length), body]);
}
