import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as openpgp from "openpgp";
import { AccessError, CorruptError, UsageError } from "../../src/errors.ts";
import type { Identity, KeyPair, LockedIdentity } from "../../src/seal/identity.ts";
import { makeKeyPair, readIdentity } from "../../src/seal/identity.ts";
import { sealTo } from "../../src/seal/recipients.ts";
import { verifySignature } from "../../src/seal/signature.ts";
import { example, failure, identityOf, privateBlock, publicBlock } from "../support/keys.ts";
import { flipped, plainOf } from "../support/packets.ts";

const passphrase = "correct horse battery staple";

describe("a locked identity", () => {
  let pair: KeyPair;
  let locked: LockedIdentity;
  before(async () => {
    pair = await makeKeyPair("varve test", passphrase);
    const read = await readIdentity(pair.privateKey);
    assert.ok(read.locked);
    locked = read;
  });

  it("has the fingerprint of its public half", () => {
    assert.equal(locked.fingerprint, pair.fingerprint);
    assert.match(pair.fingerprint, /^[0-9a-f]{64}$/);
  });

  it("opens what was sealed to it once it is unlocked", async () => {
    const identity = await locked.unlock(passphrase);
    assert.equal(identity.fingerprint, pair.fingerprint);
    const message = await sealTo([pair.publicKey], plainOf(100), 2);
    assert.deepEqual(await identity.open("keys/1.pgp", message), plainOf(100));
  });

  it("signs once it is unlocked", async () => {
    const identity = await locked.unlock(passphrase);
    const signature = await identity.sign(plainOf(100));
    assert.ok(await verifySignature(pair.publicKey, plainOf(100), signature));
    assert.ok(!(await verifySignature(pair.publicKey, plainOf(99), signature)));
  });

  it("gives its public half, by which its signatures are good", async () => {
    const identity = await locked.unlock(passphrase);
    const signature = await identity.sign(plainOf(9));
    assert.ok(await verifySignature(identity.publicKey, plainOf(9), signature));
    assert.ok(!identity.publicKey.includes("PRIVATE"));
  });

  it("refuses a wrong passphrase and does not repeat it", async () => {
    const wrong = "incorrect horse";
    assert.ok((await failure(locked.unlock(wrong), wrong)) instanceof AccessError);
  });

  it("is stretched by Argon2id over 64 MiB", async () => {
    assert.equal(argon2At(await bytesOf(pair.privateKey)).length, 2);
  });

  it("is not taken for a wrong passphrase where the memory is missing", async () => {
    const greedy = await bytesOf(pair.privateKey);
    for (const at of argon2At(greedy)) greedy[at + 2] = 31;
    const identity = await readIdentity(openpgp.armor(openpgp.enums.armor.privateKey, greedy));
    assert.ok(identity.locked);
    await assert.rejects(identity.unlock(passphrase), UsageError);
  });
});

const bytesOf = async (armored: string) =>
  (await openpgp.readPrivateKey({ armoredKey: armored })).write();

/** Where passes, lanes and memory (3, 4, 2^16 KiB) of the two secret keys stand in `key`. */
function argon2At(key: Uint8Array): number[] {
  // S2K usage AEAD, length, AES-256, GCM, length of the S2K, Argon2; then 16 bytes of salt.
  const start = [253, 35, 9, 3, 20, 4];
  const found: number[] = [];
  for (let at = 0; at < key.length; at++) {
    const parameters = key.subarray(at + 22, at + 25);
    if (start.every((byte, index) => key[at + index] === byte)) {
      assert.deepEqual([...parameters], [3, 4, 16]);
      found.push(at + 22);
    }
  }
  return found;
}

describe("an identity", () => {
  let pair: KeyPair;
  let identity: Identity;
  let message: Uint8Array;
  before(async () => {
    pair = await makeKeyPair("varve test");
    identity = await identityOf(pair.privateKey);
    message = await sealTo([pair.publicKey], plainOf(100), 2);
  });

  it("does not open what is sealed to others", async () => {
    const other = await identityOf((await makeKeyPair("other")).privateKey);
    const error = await failure(other.open("keys/1.pgp", message), pair.fingerprint);
    assert.ok(error instanceof AccessError);
    assert.match(error.message, /keys\/1\.pgp is not sealed to the key/);
  });

  it("opens a message with one bit changed to what was sealed, or not at all", async () => {
    const sealedPart = message.length - (2 + 4 + 32 + 8 + 100 + 2 * 16);
    for (let at = 0; at < message.length; at++) {
      const open = identity.open("keys/1.pgp", flipped(message, at * 8 + (at & 7)));
      if (at >= sealedPart) {
        await assert.rejects(open, CorruptError, `byte ${at}`);
      } else {
        // The address in front is not authenticated: damaged, it may name
        // another key, or still be good enough.
        const outcome = await open.catch((error: unknown) => error);
        if (outcome instanceof CorruptError || outcome instanceof AccessError) continue;
        assert.deepEqual(outcome, plainOf(100), `byte ${at}`);
      }
    }
  });

  it("takes damage to the payload for what it is", async () => {
    const error = await failure(
      identity.open("keys/1.pgp", flipped(message, message.length * 8 - 400)),
      "PRIVATE KEY",
    );
    assert.ok(error instanceof CorruptError);
    assert.equal(error.object, "keys/1.pgp");
  });

  it("opens nothing that is cut off", async () => {
    for (let length = 0; length < message.length; length += 7) {
      const open = identity.open("keys/1.pgp", message.subarray(0, length));
      await assert.rejects(open, CorruptError, `${length} bytes`);
    }
  });

  it("opens nothing that is not sealed, or to no key", async () => {
    const bare = await openpgp.createMessage({ binary: plainOf(9) });
    await assert.rejects(identity.open("keys/1.pgp", bare.write() as Uint8Array), CorruptError);
    const byPassword = await openpgp.encrypt({
      message: bare,
      passwords: "x",
      format: "binary",
    });
    await assert.rejects(identity.open("keys/1.pgp", byPassword), CorruptError);
  });

  it("opens nothing that unfolds to more than 64 MiB", async () => {
    const bomb = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: new Uint8Array(65 * 1024 * 1024) }),
      encryptionKeys: await openpgp.readKey({ armoredKey: pair.publicKey }),
      config: { preferredCompressionAlgorithm: openpgp.enums.compression.zlib },
      format: "binary",
    });
    assert.ok(bomb.length < 1024 * 1024);
    const error = await failure(identity.open("keys/1.pgp", bomb), "PRIVATE KEY");
    assert.ok(error instanceof CorruptError);
    assert.match(String(error.cause), /Maximum decompressed message size/);
  });
});

describe("a key pair", () => {
  it("is not made with an empty passphrase, which would leave it unlocked", async () => {
    await assert.rejects(makeKeyPair("varve", ""), UsageError);
  });

  it("is not made for a user id that is empty, long, or more than a line", async () => {
    for (const userId of ["", "x".repeat(201), "two\nlines", "\u001b[2J"]) {
      await assert.rejects(makeKeyPair(userId), UsageError);
    }
  });

  it("is not read from its public half, or from anything else", async () => {
    const { publicKey, privateKey } = await makeKeyPair("varve test");
    await assert.rejects(readIdentity(publicKey), UsageError);
    for (const text of ["my secret", `${privateKey.slice(0, 100)}my secret`]) {
      assert.ok((await failure(readIdentity(text), "my secret")) instanceof UsageError);
    }
    const long = `my secret${"\n".repeat(2 ** 20)}${privateKey}`;
    assert.match(String(await failure(readIdentity(long), "my secret")), /longer than/);
  });

  it("is not read from a text with several, which are named", async () => {
    const pairs = [await makeKeyPair("one"), await makeKeyPair("two")];
    const text = pairs.map(({ privateKey }) => privateKey).join("\n");
    const error = await failure(readIdentity(text), "PRIVATE KEY");
    assert.ok(error instanceof UsageError);
    for (const { fingerprint } of pairs) assert.ok(error.message.includes(fingerprint));
  });
});

it("the example key of RFC 9580 opens the example message, and signs", async () => {
  const identity = await identityOf(privateBlock(example("A.4")));
  const opened = await identity.open("keys/1.pgp", example("A.8"));
  assert.equal(Buffer.from(opened).toString(), "Hello, world!");
  const signature = await identity.sign(plainOf(9));
  assert.ok(await verifySignature(publicBlock(example("A.3")), plainOf(9), signature));
});
