import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as openpgp from "openpgp";
import { NotFoundError, UsageError } from "../../src/errors.ts";
import { exportKeys, secretKeys } from "../../src/seal/gpg.ts";
import { readRecipients } from "../../src/seal/recipients.ts";
import { Gpg, NO_GPG, startedGpgs, withoutGpg, withVariables } from "../support/gpg.ts";
import { rejects } from "../support/keys.ts";
import { scratchDirectory } from "../support/scratch.ts";

describe("keys in gpg's keyring", { skip: NO_GPG }, () => {
  const gpg = new Gpg();
  let ada: string;
  let bob: string;
  before(() => {
    gpg.use();
    ada = gpg.makeKey({ userId: "Ada Müller <ada@example.org>" });
    bob = gpg.makeKey({ userId: "Bob <bob@example.org>" });
  });
  after(() => gpg.end());

  async function exported(selector: string): Promise<string[]> {
    const recipients = await readRecipients(await exportKeys(selector), new Date());
    return recipients.map(({ fingerprint }) => fingerprint);
  }

  it("are exported by fingerprint, key id, address or a part of the user id", async () => {
    const ids = [ada, ada.toUpperCase(), ada.slice(-16), ada.slice(-8)];
    const subkey = (await openpgp.readKey({ armoredKey: gpg.publicKey(ada) })).subkeys[0];
    const names = [
      "ada@example.org",
      "<ada@example.org>",
      "=Ada Müller <ada@example.org>",
      "Müller",
    ];
    const selectors = [...ids, ...ids.map((id) => `0x${id}`), ...names];
    for (const selector of [...selectors, subkey?.getKeyID().toHex() ?? ""]) {
      assert.deepEqual(await exported(selector), [ada], selector);
    }
  });

  it("are found by any letters in any locale", async () => {
    const found = await withVariables({ LC_ALL: "C" }, () => exported("Müller"));
    assert.deepEqual(found, [ada]);
  });

  it("are exported without what others signed", async () => {
    const small = (await exportKeys(ada)).length;
    for (let round = 0; round < 3; round++) {
      const friend = gpg.makeKey({ userId: `friend ${round}` });
      const command = ["--default-key", friend, "--quick-sign-key", ada];
      assert.equal(gpg.run(["--yes", ...command]).code, 0);
    }
    assert.ok(gpg.publicKey(ada).length > small + 400);
    assert.equal((await exportKeys(ada)).length, small);
  });

  it("are not found where there is none", async () => {
    for (const selector of ["eve@example.org", "0123456789ABCDEF", "00".repeat(20), "0x"]) {
      await rejects(exportKeys(selector), NotFoundError, /gpg has no public key/);
    }
  });

  it("are not found by an option", async () => {
    for (const selector of ["--version", "-h", "--export-secret-keys", `-${ada}`, "--", "-"]) {
      const started = await startedGpgs(() =>
        rejects(exportKeys(selector), NotFoundError, /gpg has no public key -/),
      );
      assert.equal(started.length, 1);
      assert.ok(started[0]?.endsWith(` --list-keys -- ${selector}`), started[0]);
    }
  });

  it("are refused where it is not clear which", async () => {
    await rejects(exportKeys("example.org"), UsageError, new RegExp(`${ada}, ${bob}`));
    for (const selector of ["", "a\0b", "two\nlines", "x".repeat(501)]) {
      await rejects(exportKeys(selector), UsageError, /names no key/);
    }
  });

  it("cannot be had without gpg", async () => {
    await withoutGpg(() => rejects(exportKeys(ada), UsageError, /there is no gpg/));
  });

  it("are told that gpg can decrypt with", async () => {
    const signing = gpg.makeKey({ userId: "signing", subkeys: ["ed25519 sign"] });
    const late = gpg.makeKey({ userId: "late", at: "20200101T000000", expire: "1d" });
    const card = gpg.makeKey({ userId: "card" });
    gpg.moveToCard(card, 0);
    const elsewhere = new Gpg();
    const stranger = elsewhere.makeKey({ userId: "stranger" });
    const half = elsewhere.makeKey({ userId: "half", subkeys: ["cv25519", "ed25519 sign"] });
    gpg.import(elsewhere.publicKey(stranger));
    gpg.import(await withoutEncryptionSecret(elsewhere.secretKey(half)));
    elsewhere.end();
    const unknown = ["00".repeat(20), "00".repeat(32), "0"];
    const asked = [...unknown, stranger, half, signing, card, ada, late];
    assert.deepEqual(await secretKeys(asked), [card, ada, late]);
    assert.deepEqual(await secretKeys([stranger]), []);
  });

  it("are not asked for where none could be there", async () => {
    for (const none of [[], ["00".repeat(32)]]) {
      const started = await startedGpgs(async () => assert.deepEqual(await secretKeys(none), []));
      assert.deepEqual(started, []);
    }
    assert.deepEqual(await withoutGpg(() => secretKeys([ada])), []);
    const home = scratchDirectory("/tmp");
    const missing = join(home, "missing");
    for (const variables of [{ GNUPGHOME: missing }, { GNUPGHOME: undefined, HOME: home }]) {
      assert.deepEqual(await withVariables(variables, () => secretKeys([ada])), []);
    }
    assert.deepEqual(readdirSync(home), []);
  });
});

/** As gpg exports a key whose encryption subkey it has only the public half of. */
async function withoutEncryptionSecret(armoredKey: string): Promise<string> {
  const key = await openpgp.readPrivateKey({ armoredKey });
  const [encryption] = key.subkeys;
  assert.ok(encryption);
  (encryption.keyPacket as openpgp.SecretSubkeyPacket).makeDummy();
  return key.armor();
}
