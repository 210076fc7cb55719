import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import * as openpgp from "openpgp";
import { makeSigningKey, readSigner, verifySignature } from "../../src/seal/signature.ts";
import { Gpg, NO_GPG } from "../support/gpg.ts";
import { plainOf } from "../support/packets.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { oddSignature } from "../support/signatures.ts";

const bytes = plainOf(1000);

describe("signatures and gpg", { skip: NO_GPG }, () => {
  const gpg = new Gpg();
  after(() => gpg.end());

  /** What `gpg --verify` says. */
  function verdict(signed: Uint8Array, signature: Uint8Array): string[] {
    const directory = scratchDirectory();
    const [data, file] = [join(directory, "data"), join(directory, "data.sig")];
    writeFileSync(data, signed);
    writeFileSync(file, signature);
    const { status } = gpg.run(["--verify", file, data]);
    return status.map((line) => line.split(" ")[0] ?? "");
  }

  it("gpg verifies what a host signs", async () => {
    const made = await makeSigningKey("web-1");
    gpg.import(made.publicKey);
    const signature = await (await readSigner(made.privateKey)).sign(bytes);
    const good = verdict(bytes, signature);
    assert.ok(good.includes("GOODSIG") && good.includes("VALIDSIG"), good.join());
    assert.ok(verdict(plainOf(999), signature).includes("BADSIG"));
  });

  const rsa = { userId: "rsa", algorithm: "rsa2048", subkeys: [] };
  const curve = { userId: "curve", subkeys: [] };
  const subkey = { userId: "subkey", algorithm: "ed25519 cert", subkeys: ["rsa2048 sign"] };
  for (const key of [rsa, curve, subkey]) {
    it(`what gpg signs is good: ${key.userId}`, async () => {
      const fingerprint = gpg.makeKey(key);
      const { out } = gpg.run(["--detach-sign", "--local-user", fingerprint], bytes);
      const armored = gpg.publicKey(fingerprint);
      assert.ok(await verifySignature(armored, bytes, out));
      assert.ok(!(await verifySignature(armored, plainOf(999), out)));
      const text = gpg.run(["--detach-sign", "--textmode", "--local-user", fingerprint], bytes);
      assert.ok(!(await verifySignature(armored, bytes, text.out)));
    });
  }

  it("what gpg signs is bad by weak keys", async () => {
    const short = { userId: "short", algorithm: "rsa1024", subkeys: [] };
    const old = { userId: "old", algorithm: "dsa1024", subkeys: [] };
    const mixed = { userId: "mixed", subkeys: ["rsa1024 sign"] };
    for (const key of [short, old, mixed]) {
      const fingerprint = gpg.makeKey(key);
      const command = ["--digest-algo", "SHA256", "--detach-sign", "--local-user", fingerprint];
      const { out, code } = gpg.run(command, bytes);
      assert.equal(code, 0);
      assert.ok(!(await verifySignature(gpg.publicKey(fingerprint), bytes, out)), key.userId);
    }
  });

  it("what a part signed that is for another use is bad", async () => {
    const subkeys = ["cv25519", "ed25519 auth"];
    const fingerprint = gpg.makeKey({ userId: "uses", algorithm: "ed25519 cert", subkeys });
    const armoredKey = gpg.secretKey(fingerprint);
    const privateKey = await openpgp.readPrivateKey({ armoredKey });
    const auth = privateKey.subkeys[1]?.getFingerprint() ?? "";
    for (const signer of [fingerprint, auth]) {
      const made = await oddSignature(privateKey, bytes, { subkey: signer });
      assert.ok(!(await verifySignature(gpg.publicKey(fingerprint), bytes, made)));
    }
  });
});
