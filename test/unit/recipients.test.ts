import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as openpgp from "openpgp";
import { UsageError } from "../../src/errors.ts";
import type { KeyPair } from "../../src/seal/identity.ts";
import { makeKeyPair } from "../../src/seal/identity.ts";
import { packetOpener } from "../../src/seal/packet.ts";
import { knownRecipient, readRecipients, sealTo } from "../../src/seal/recipients.ts";
import {
  example,
  identityOf,
  keyWith,
  onlyRecipient,
  outline,
  publicBlock,
  refuses,
} from "../support/keys.ts";
import { plainOf } from "../support/packets.ts";

const own = { v6Keys: true, aeadProtect: true };
const userIDs = { name: "somebody" };
const DAY = 24 * 60 * 60 * 1000;
const NOW = new Date();
const fromNow = (days: number) => new Date(NOW.getTime() + days * DAY);

describe("recipients", () => {
  let ada: KeyPair;
  let bob: KeyPair;
  before(async () => {
    [ada, bob] = await Promise.all([makeKeyPair("ada"), makeKeyPair("bob")]);
  });

  it("are told by fingerprint, user ids and the packets they ask for", async () => {
    assert.deepEqual(await readRecipients(ada.publicKey, NOW), [
      {
        fingerprint: ada.fingerprint,
        userIds: ["ada"],
        armored: ada.publicKey,
        packets: 2,
      },
    ]);
  });

  it("are read from several blocks in a row, and from several keys in one", async () => {
    const both = [ada.fingerprint, bob.fingerprint];
    const blocks = `two keys\r\n${ada.publicKey.replaceAll("\n", "\r\n")}\nand\n${bob.publicKey}`;
    const keys = await Promise.all(
      [ada, bob].map(({ publicKey }) => openpgp.readKey({ armoredKey: publicKey })),
    );
    const block = publicBlock(Buffer.concat(keys.map((key) => key.write())));
    for (const text of [blocks, block]) {
      const recipients = await readRecipients(text, NOW);
      assert.deepEqual(
        recipients.map(({ fingerprint }) => fingerprint),
        both,
      );
    }
  });

  it("each open what is sealed to all of them", async () => {
    for (const packets of [1, 2] as const) {
      const message = await sealTo([ada.publicKey, bob.publicKey], plainOf(1000), packets);
      for (const { privateKey } of [ada, bob]) {
        const identity = await identityOf(privateKey);
        assert.deepEqual(await identity.open("keys/1.pgp", message), plainOf(1000));
      }
    }
  });

  it("are known as the settings have them, though they have expired since", async () => {
    const key = await keyWith({ date: fromNow(-9), keyExpirationTime: 24 * 60 * 60, config: own });
    await refuses(key.armor(), /expired/);
    const known = await knownRecipient(key.armor());
    assert.deepEqual([known.fingerprint, known.packets], [key.getFingerprint(), 2]);
    await assert.rejects(knownRecipient("nonsense"), UsageError);
  });

  it("get a packet like all others, under the session key in front of it", async () => {
    const bytes = await sealTo([ada.publicKey], plainOf(100), 2);
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
    for (const packets of [1, 2] as const) {
      const first = await sealTo([ada.publicKey], plainOf(100), packets);
      const second = await sealTo([ada.publicKey], plainOf(100), packets);
      assert.notDeepEqual(first, second);
      assert.ok(first.length < 300, `${first.length} bytes`);
    }
  });

  it("are sealed to whatever the clock says", async () => {
    for (const date of [fromNow(-9), fromNow(9)]) {
      const key = await keyWith({ date, keyExpirationTime: 60, config: own });
      const { armored } = await onlyRecipient(key.armor(), date);
      assert.ok((await sealTo([armored], plainOf(1), 2)).length > 0);
    }
  });

  it("may be of the future, as to a clock that is behind", async () => {
    const key = await keyWith({ date: fromNow(9), config: own });
    assert.equal((await onlyRecipient(key.armor())).fingerprint, key.getFingerprint());
  });

  it("may have keys of version 4, and ask for either packets", async () => {
    const asking = await keyWith({ config: { ...own, v6Keys: false } });
    assert.equal((await onlyRecipient(asking.armor())).packets, 2);
    const plain = await keyWith({ config: { v6Keys: false } });
    assert.equal((await onlyRecipient(plain.armor())).packets, 1);
    for (const packets of [1, 2] as const) {
      const message = await sealTo([asking.armor()], plainOf(1), packets);
      const { keys, sealed } = await outline(message);
      assert.equal(sealed, packets);
      assert.match(keys.join(), packets === 1 ? /^3 / : /^6 /);
    }
  });

  it("ask for packets of version 1 where only another AEAD is known", async () => {
    // OCB alone; and gpg's own mark of AEAD, which is another.
    const sample = await onlyRecipient(publicBlock(example("A.3")));
    assert.equal(sample.packets, 1);
    assert.equal(sample.armored, publicBlock(example("A.3")));
    assert.deepEqual(sample.userIds, []);
    assert.equal((await onlyRecipient(await withFeatures(0x01 | 0x02))).packets, 1);
    assert.equal((await onlyRecipient(await withFeatures(0x01 | 0x08))).packets, 2);
  });

  it("are refused packets of version 2 where one of them does not ask for them", async () => {
    const plain = (await keyWith({ config: { v6Keys: false } })).armor();
    assert.ok((await sealTo([ada.publicKey, plain], plainOf(1), 1)).length > 0);
    await assert.rejects(sealTo([ada.publicKey, plain], plainOf(1), 2), UsageError);
  });

  it("are not sealed to as anything that cannot be", async () => {
    const signing = (await keyWith({ subkeys: [{ sign: true }], config: own })).armor();
    for (const bad of [signing, ada.privateKey, `${ada.publicKey}${bob.publicKey}`, "?"]) {
      await assert.rejects(sealTo([ada.publicKey, bad], plainOf(1), 1), UsageError);
    }
    await assert.rejects(sealTo([], plainOf(1), 1), UsageError);
  });
});

/** A key of version 4 that says this of itself. */
async function withFeatures(features: number): Promise<string> {
  const { privateKey } = await openpgp.generateKey({
    userIDs,
    format: "object",
    config: { aeadProtect: true },
  });
  const [user] = privateKey.users;
  const [statement] = user?.selfCertifications ?? [];
  assert.ok(user?.userID && statement);
  statement.features = Uint8Array.of(features);
  statement.rawNotations = [];
  const sign = statement.sign as unknown as (...args: unknown[]) => Promise<void>;
  const data = { userID: user.userID, key: privateKey.keyPacket };
  const { config } = openpgp;
  await sign.call(statement, privateKey.keyPacket, data, new Date(), false, config);
  return privateKey.toPublic().armor();
}
