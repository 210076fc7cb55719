import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as openpgp from "openpgp";
import { AccessError, CorruptError, UsageError } from "../../src/errors.ts";
import { exportKeys, gpgIdentity, secretKeys } from "../../src/seal/gpg.ts";
import type { Recipient } from "../../src/seal/recipients.ts";
import { readRecipients, sealTo } from "../../src/seal/recipients.ts";
import { verifySignature } from "../../src/seal/signature.ts";
import {
  Gpg,
  NO_GPG,
  startedGpgs,
  withoutGpg,
  withPrograms,
  withVariables,
} from "../support/gpg.ts";
import * as keys from "../support/keys.ts";
import { flipped, plainOf } from "../support/packets.ts";
import { NO_TERMINAL, scriptOnTerminal } from "../support/terminal.ts";

const passphrase = "correct horse battery staple";
const payload = plainOf(100);
const name = "keys/1.pgp";

/** Of this class, saying this, and never the passphrase. */
const rejects: typeof keys.rejects = (promise, kind, problem) =>
  keys.rejects(promise, kind, problem, passphrase);

async function recipientOf(gpg: Gpg, fingerprint: string, now?: string): Promise<Recipient> {
  const time = now === undefined ? new Date() : new Date(now);
  const [recipient] = await readRecipients(gpg.publicKey(fingerprint), time);
  assert.ok(recipient);
  return recipient;
}

describe("an identity that gpg has", { skip: NO_GPG }, () => {
  const gpg = new Gpg();
  let ada: Recipient;
  let message: Uint8Array;
  before(async () => {
    gpg.use();
    ada = await recipientOf(gpg, gpg.makeKey({ userId: "ada" }));
    message = await sealTo([ada.armored], payload, 1);
  });
  after(() => gpg.end());

  for (const algorithm of ["rsa2048", "cv25519"]) {
    it(`opens and signs with ${algorithm}, by one gpg each, with no secret for all to see`, async () => {
      const primary = algorithm === "rsa2048" ? algorithm : "ed25519";
      const userId = `one of ${algorithm}`;
      const key = { userId, algorithm: primary, subkeys: [algorithm], passphrase };
      const recipient = await recipientOf(gpg, gpg.makeKey(key));
      const identity = gpgIdentity(recipient, passphrase);
      assert.equal(identity.fingerprint, recipient.fingerprint);
      const sealed = await sealTo([recipient.armored, ada.armored], payload, 1);
      const started = await startedGpgs(async () => {
        assert.deepEqual(await identity.open(name, sealed), payload);
        const signature = await identity.sign(payload);
        assert.ok(await verifySignature(recipient.armored, payload, signature));
      });
      const common =
        "--batch --no-tty --utf8-strings --no-auto-key-retrieve --no-auto-key-locate " +
        "--disable-dirmngr --no-auto-check-trustdb --status-fd 3 " +
        "--pinentry-mode loopback --passphrase-fd 4";
      assert.deepEqual(started, [
        `${common} --decrypt`,
        `${common} --local-user ${recipient.fingerprint} ` +
          "--no-armor --no-textmode --digest-algo SHA512 --detach-sign",
      ]);
    });
  }

  it("opens large messages, and signs large bytes", async () => {
    const large = plainOf(3_000_000);
    const sealed = await sealTo([ada.armored], large, 1);
    assert.deepEqual(await gpgIdentity(ada).open(name, sealed), large);
    assert.ok(await verifySignature(ada.armored, large, await gpgIdentity(ada).sign(large)));
    const empty = await sealTo([ada.armored], new Uint8Array(), 1);
    assert.deepEqual(await gpgIdentity(ada).open(name, empty), new Uint8Array());
  });

  it("starts the agent where there is none, and does not wait until it ends", async () => {
    gpg.stopAgent();
    assert.deepEqual(await gpgIdentity(ada).open(name, message), payload);
    gpg.stopAgent();
    assert.ok(await verifySignature(ada.armored, payload, await gpgIdentity(ada).sign(payload)));
  });

  it("has the agent ask for its passphrase, and only once", async () => {
    const locked = await recipientOf(gpg, gpg.makeKey({ userId: "asking", passphrase }));
    const sealed = await sealTo([locked.armored], payload, 1);
    const asked = gpg.pinentry(passphrase);
    const identity = gpgIdentity(locked);
    assert.deepEqual(await identity.open(name, sealed), payload);
    assert.deepEqual(await identity.open(name, sealed), payload);
    assert.equal(asked(), 1);
    assert.ok(await verifySignature(locked.armored, payload, await identity.sign(payload)));
  });

  it("tells why a locked key could not be used", async () => {
    const locked = await recipientOf(gpg, gpg.makeKey({ userId: "refusing", passphrase }));
    const sealed = await sealTo([locked.armored], payload, 1);
    const expect = async (problem: RegExp, given?: string) => {
      const identity = gpgIdentity(locked, given);
      await rejects(identity.open(name, sealed), AccessError, problem);
      await rejects(identity.sign(payload), AccessError, problem);
    };
    const asked = gpg.pinentry("wrong");
    await expect(/the passphrase is wrong/);
    assert.ok(asked() > 0);
    gpg.pinentry();
    await expect(/no passphrase was given/);
    gpg.agent("pinentry-program /nonexistent");
    await expect(/no pinentry/);
    gpg.pinentry(passphrase);
    await expect(/the passphrase is wrong/, "wrong");
    await expect(/no passphrase was given/, "");
    assert.throws(() => gpgIdentity(locked, `${passphrase}\n`), UsageError);
    assert.deepEqual(await gpgIdentity(locked, passphrase).open(name, sealed), payload);
  });

  it("has its passphrase asked for on the terminal", { skip: NO_TERMINAL }, async () => {
    const locked = await recipientOf(gpg, gpg.makeKey({ userId: "typing", passphrase }));
    const file = join(gpg.home, "typing.pgp");
    writeFileSync(file, await sealTo([locked.armored], payload, 1));
    gpg.agent("");
    const script = new URL("../support/gpg-child.js", import.meta.url).pathname;
    const { out } = await scriptOnTerminal(
      [script, locked.fingerprint, file],
      { PATH: process.env["PATH"] ?? "", GNUPGHOME: gpg.home, HOME: gpg.home },
      [["<Cancel>", `${passphrase}\r`]],
    );
    assert.match(out, /opened 100 bytes/);
  });

  it("does not open what is sealed to others, or to a card that is not there", async () => {
    const elsewhere = new Gpg();
    const eve = await recipientOf(elsewhere, elsewhere.makeKey({ userId: "eve" }));
    elsewhere.end();
    const others = await sealTo([eve.armored], payload, 1);
    await rejects(gpgIdentity(ada).open(name, others), AccessError, /sealed to other keys/);

    const card = await recipientOf(gpg, gpg.makeKey({ userId: "card" }));
    gpg.moveToCard(card.fingerprint, 0);
    const sealed = await sealTo([card.armored], payload, 1);
    await rejects(gpgIdentity(card).open(name, sealed), AccessError, /gpg cannot open keys\/1.pgp/);
  });

  it("opens a message with bits changed to what was sealed, or not at all", async () => {
    const sealedPart = message.length - (2 + 1 + 18 + 2 + 6 + 100 + 22);
    for (let at = 0; at < message.length; at += 5) {
      const open = gpgIdentity(ada).open(name, flipped(message, at * 8 + (at & 7)));
      const outcome = await open.catch((error: unknown) => error);
      if (at >= sealedPart) assert.ok(outcome instanceof CorruptError, `byte ${at}`);
      // The address in front is not authenticated.
      if (outcome instanceof CorruptError || outcome instanceof AccessError) continue;
      assert.deepEqual(outcome, payload, `byte ${at}`);
    }
  });

  it("tells damage from a key that is not there", async () => {
    const damaged = flipped(message, message.length * 8 - 400);
    await rejects(
      gpgIdentity(ada).open(name, damaged),
      CorruptError,
      /changed since it was sealed/,
    );
    // In the session key.
    const misdirected = flipped(message, 70 * 8);
    await rejects(gpgIdentity(ada).open(name, misdirected), CorruptError, /changed since/);
  });

  it("opens nothing that is cut off, or no message, and asks no gpg about it", async () => {
    for (let length = 0; length < message.length; length += 17) {
      const open = gpgIdentity(ada).open(name, message.subarray(0, length));
      await rejects(open, CorruptError, /keys\/1.pgp is damaged/);
    }
    const bare = await openpgp.createMessage({ binary: payload });
    const byPassword = await openpgp.encrypt({ message: bare, passwords: "x", format: "binary" });
    const both = await openpgp.encrypt({
      message: bare,
      passwords: "x",
      encryptionKeys: await openpgp.readKey({ armoredKey: ada.armored }),
      format: "binary",
    });
    const started = await startedGpgs(async () => {
      for (const bytes of [bare.write() as Uint8Array, byPassword, both, plainOf(300)]) {
        await rejects(gpgIdentity(ada).open(name, bytes), CorruptError, /keys\/1.pgp is damaged/);
      }
    });
    assert.deepEqual(started, []);
  });

  it("opens nothing that unfolds to more than 64 MiB", async () => {
    const command = ["--trust-model", "always", "--compress-algo", "zlib", "-r", ada.fingerprint];
    const bomb = gpg.run([...command, "--encrypt"], new Uint8Array(65 * 1024 * 1024)).out;
    assert.ok(bomb.length < 1024 * 1024 && bomb.length > 0);
    await rejects(gpgIdentity(ada).open(name, bomb), CorruptError, /unfolds to more than 64 MiB/);
  });

  it("says so where a message is of a kind that gpg does not know", async () => {
    const { privateKey, publicKey } = await openpgp.generateKey({
      type: "ecc",
      userIDs: { name: "modern" },
      format: "armored",
      config: { aeadProtect: true },
    });
    gpg.import(privateKey);
    const [modern] = await readRecipients(publicKey, new Date());
    assert.equal(modern?.packets, 2);
    const sealed = await sealTo([modern.armored], payload, 2);
    await rejects(gpgIdentity(modern).open(name, sealed), AccessError, /it knows no SEIPDv2/);
    const plain = await sealTo([modern.armored], payload, 1);
    assert.deepEqual(await gpgIdentity(modern).open(name, plain), payload);
  });

  it("does not sign with a key that has expired, or is for another use", async () => {
    const late = gpg.makeKey({ userId: "late", at: "20200101T000000", expire: "1d" });
    const then = "2020-01-01T12:00:00Z";
    const expired = await recipientOf(gpg, late, then);
    const opened = await sealTo([expired.armored], payload, 1);
    assert.deepEqual(await gpgIdentity(expired).open(name, opened), payload);
    const mute = await recipientOf(gpg, gpg.makeKey({ userId: "mute", algorithm: "ed25519 cert" }));
    for (const recipient of [expired, mute]) {
      await rejects(gpgIdentity(recipient).sign(payload), AccessError, /it has expired, or is not/);
    }
  });

  it("does not sign with a subkey that the repository does not know", async () => {
    const key = gpg.makeKey({ userId: "renewed" });
    const before = await recipientOf(gpg, key);
    gpg.addSubkey(key, { algorithm: "ed25519 sign" });
    await rejects(gpgIdentity(before).sign(payload), AccessError, /does not know/);
    const renewed = await recipientOf(gpg, key);
    const signature = await gpgIdentity(renewed).sign(payload);
    assert.ok(await verifySignature(renewed.armored, payload, signature));
  });

  it("does the same whatever gpg.conf says", async () => {
    const configuration = join(gpg.home, "gpg.conf");
    const lines = ["armor", "textmode", "digest-algo SHA1", "verbose", "default-key nobody"];
    lines.push("auto-key-retrieve", "keyserver hkps://keys.example.org");
    writeFileSync(configuration, lines.join("\n"));
    try {
      assert.deepEqual(await gpgIdentity(ada).open(name, message), payload);
      const signature = await gpgIdentity(ada).sign(payload);
      assert.ok(await verifySignature(ada.armored, payload, signature));
      assert.deepEqual(await secretKeys([ada.fingerprint]), [ada.fingerprint]);
      assert.match(await exportKeys(ada.fingerprint), /^-----BEGIN PGP PUBLIC KEY BLOCK-----/);
    } finally {
      rmSync(configuration);
    }
  });

  it("cannot be used without gpg", async () => {
    const identity = gpgIdentity(ada);
    await withoutGpg(async () => {
      await rejects(identity.open(name, message), UsageError, /there is no gpg/);
      await rejects(identity.sign(payload), UsageError, /there is no gpg/);
    });
  });

  it("does not trust a gpg that ends badly, or says too little or too much", async () => {
    const says = (status: string, output = "printf fake", code = 0) =>
      `#!/bin/sh\ncat > "$(dirname "$0")/in"\n${output}\n` +
      `printf '${status.replaceAll(/^/gm, "[GNUPG:] ")}\\n' >&3\nexit ${code}\n`;
    const good = "DECRYPTION_INFO 2 9 0\nPLAINTEXT 62 0 \nDECRYPTION_OKAY\nGOODMDC";
    const open = (gpgScript: string) =>
      withPrograms({ gpg: gpgScript }, () => gpgIdentity(ada).open(name, message));
    assert.equal(Buffer.from(await open(says(good))).toString(), "fake");
    const bad = [
      says(good, "printf fake", 2),
      says(good.replace("GOODMDC", "")),
      says(`${good}\nPLAINTEXT 62 0 `),
      "#!/bin/sh\nkill -9 $$\n",
      // Status without end, and nobody who reads the message.
      "#!/bin/sh\nwhile :; do echo '[GNUPG:] ENC_TO 00 1 0' >&3; done\n",
    ];
    for (const script of bad) await rejects(open(script), CorruptError, /changed since/);
    const endless = "#!/bin/sh\nexec cat /dev/zero\n";
    await rejects(open(endless), CorruptError, /unfolds to more than 64 MiB/);
    const sign = withPrograms({ gpg: says("SIG_CREATED D 22 10 00 0 00") }, () =>
      gpgIdentity(ada).sign(payload),
    );
    await rejects(sign, AccessError, /does not know/);
  });

  it("keeps varve's own secrets from the agent that it starts", async () => {
    const script = `#!/bin/sh\nenv > "$(dirname "$0")/env"\nexit 2\n`;
    await withPrograms({ gpg: script }, async (directory) => {
      const secrets = { VARVE_PASSPHRASE: passphrase, AWS_SECRET_ACCESS_KEY: passphrase };
      const open = withVariables({ ...secrets, GPG_TTY: "/dev/mine" }, () =>
        gpgIdentity(ada).open(name, message),
      );
      await rejects(open, CorruptError, /changed since/);
      const variables = readFileSync(join(directory, "env"), "utf8");
      assert.ok(!variables.includes(passphrase));
      assert.match(variables, /^GPG_TTY=\/dev\/mine$/m);
      assert.match(variables, /^GNUPGHOME=/m);
    });
  });
});
