/** gpg on both ends: keys that gpg made, snapshots that gpg opens and verifies, and what it takes without varve. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeSigned } from "../../src/format/signed.ts";
import type { Variables } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { Gpg, NO_GPG } from "../support/gpg.ts";
import { randomBytes } from "../support/random.ts";
import { sparseFile } from "../support/rough.ts";
import { scratchDirectory } from "../support/scratch.ts";

const RECOVER = fileURLToPath(new URL("../../../src/format/recover.py", import.meta.url));
const PASSPHRASE = "correct horse";
const NO_TOOLS =
  NO_GPG ||
  (["zstd", "python3"].every((tool) => spawnSync(tool, ["--version"]).status === 0)
    ? false
    : "zstd or python3 is not there");

describe("keys that gpg made", { skip: NO_GPG }, () => {
  const gpg = NO_GPG ? undefined : new Gpg();
  const ring = gpg as Gpg;
  /** It backs up, and has public keys only. */
  const host = new Machine();
  const source = scratchDirectory();
  const target = join(scratchDirectory(), "target");
  const big = randomBytes(7, 3_000_000);
  let rsa: string;
  let cv: string;

  /** Whoever has gpg's private keys. */
  const owner = new Machine({ GNUPGHOME: ring?.home ?? "", VARVE_TARGET: target });
  const restored = (to: string) => readFileSync(join(owner.home, to, "deep/file"), "utf8");

  before(async () => {
    rsa = ring.makeKey({
      ...{ userId: "Ada <ada@example.org>", passphrase: PASSPHRASE },
      ...{ algorithm: "rsa2048", subkeys: ["rsa2048"] },
    });
    cv = ring.makeKey({ userId: "Bob <bob@example.org>" });
    const file = join(host.home, "both.asc");
    writeFileSync(file, ring.publicKey(rsa, cv));
    mkdirSync(join(source, "deep"));
    writeFileSync(join(source, "deep/big"), big);
    const middle = big.subarray(0, 5000);
    sparseFile(join(source, "deep/sparse"), 5_000_001, { 0: middle, 2500000: middle });
    sparseFile(join(source, "deep/hole"), 3_000_000);
    const made = await host.varve("init", target, "--recipient", file);
    assert.equal(made.status, 0, made.err);
    for (const content of ["one\n", "two\n", "three\n"]) {
      writeFileSync(join(source, "deep/file"), content);
      const stored = await host.varve("backup", "--to", target, source);
      assert.equal(stored.status, 0, stored.err);
    }
  });
  after(() => gpg?.end());

  const fingerprint = () => settings().fingerprint;
  function settings(): { fingerprint: string; hosts: { key: string }[] } {
    const bytes = readFileSync(join(target, "settings/00000000"));
    const { body } = decodeSigned("settings", bytes);
    const listed = spawnSync("sha256sum", [join(target, "settings/00000000")]);
    const { hosts } = JSON.parse(Buffer.from(body).toString()) as { hosts: { key: string }[] };
    return { fingerprint: listed.stdout.toString().slice(0, 64), hosts };
  }

  /** Puts a gpg in front that tells how it was called. */
  function watched(): { variables: Variables; calls: () => string[] } {
    const directory = scratchDirectory();
    const log = join(directory, "log");
    const real = spawnSync("sh", ["-c", "command -v gpg"]).stdout.toString().trim();
    writeFileSync(join(directory, "gpg"), `#!/bin/sh\necho "$*" >> ${log}\nexec ${real} "$@"\n`);
    chmodSync(join(directory, "gpg"), 0o755);
    writeFileSync(log, "");
    return {
      variables: { PATH: `${directory}:${process.env["PATH"]}` },
      calls: () => readFileSync(log, "utf8").split("\n").slice(0, -1),
    };
  }

  it("are known by --fingerprint on a machine that never saw the repository", async () => {
    const stranger = await owner.varve("restore", "--to", "no");
    assert.equal(stranger.status, 5, stranger.err);
    assert.match(stranger.err, new RegExp(fingerprint()));
    const wrong = await owner.varve("restore", "--to", "no", "--fingerprint", "0".repeat(64));
    assert.equal(wrong.status, 5, wrong.err);
  });

  it("open it through a live agent: it asks once, and gpg runs once for each run", async () => {
    ring.run(["--delete-secret-keys", "--yes", cv.toUpperCase()]);
    const asked = ring.pinentry(PASSPHRASE);
    const { variables, calls } = watched();
    const args = ["restore", "--to", "out", "--fingerprint", fingerprint()];
    const { status, err, out } = await owner.run(args, { variables });
    assert.equal(status, 0, err);
    assert.equal(restored("out"), "three\n");
    assert.deepEqual(
      new Uint8Array(readFileSync(join(owner.home, "out/deep/big"))),
      new Uint8Array(big),
    );
    assert.equal(asked(), 1);
    // The secret, and the two runs that the last snapshot needs something of.
    assert.equal(
      calls().filter((call) => call.includes("--decrypt")).length,
      3,
      calls().join("\n"),
    );
    assert.ok(!(calls().join() + err + out).includes(PASSPHRASE));
  });

  it("open it by one gpg, once the keys of all runs are in one message", async () => {
    ring.pinentry(PASSPHRASE);
    const resealed = await owner.varve("key", "add-recipient", rsa, "--past");
    assert.equal(resealed.status, 0, resealed.err);
    const { variables, calls } = watched();
    const { status, err } = await owner.run(["restore", "--to", "once"], { variables });
    assert.equal(status, 0, err);
    assert.equal(restored("once"), "three\n");
    assert.equal(calls().filter((call) => call.includes("--decrypt")).length, 1);
  });

  it("take the passphrase from the environment, without a pinentry", async () => {
    const asked = ring.pinentry();
    const variables = { VARVE_PASSPHRASE: PASSPHRASE };
    const { status, err } = await owner.run(["restore", "--to", "given"], { variables });
    assert.equal(status, 0, err);
    assert.equal(asked(), 0);
  });

  it("stay shut where the passphrase is wrong, or nobody gives one", async () => {
    ring.pinentry();
    for (const variables of [{}, { VARVE_PASSPHRASE: "wrong one" }]) {
      const { status, err } = await owner.run(["restore", "--to", "no", "-v"], { variables });
      assert.equal(status, 5, err);
      assert.match(err, /gpg cannot open keys.* (no passphrase was given|the passphrase is wrong)/);
      assert.ok(!err.includes("wrong one"));
    }
  });

  it("open it from a file, without gpg", async () => {
    const variables = { VARVE_IDENTITY: "key.asc", VARVE_PASSPHRASE: PASSPHRASE, PATH: "/nowhere" };
    writeFileSync(join(owner.home, "key.asc"), ring.secretKey(rsa, PASSPHRASE));
    const { status, err } = await owner.run(["restore", "--to", "byfile"], { variables });
    assert.equal(status, 0, err);
    assert.equal(restored("byfile"), "three\n");
  });

  it("are not needed to list and to check", async () => {
    const variables = { PATH: "/nowhere" };
    const listed = await host.run(["snapshots", target, "--json"], { variables });
    assert.equal(objectsOf(listed).length, 3);
    assert.equal((await host.run(["check", target], { variables })).status, 0);
    assert.equal((await host.run(["restore", "--from", target, "--to", "no"])).status, 5);
  });

  it("verify each commit, with gpg alone", () => {
    const verifier = new Gpg();
    try {
      for (const { key } of settings().hosts) verifier.import(key);
      const runs = join(target, "runs");
      const ends = readdirSync(runs, { recursive: true, encoding: "utf8" }).filter((name) =>
        name.endsWith("/end"),
      );
      assert.equal(ends.length, 3);
      for (const name of ends) {
        const { body, signatures } = decodeSigned(name, readFileSync(join(runs, name)));
        const [first] = signatures;
        assert.ok(first);
        const signature = join(verifier.home, "signature");
        writeFileSync(signature, first.signature);
        const good = verifier.run(["--verify", signature, "-"], body);
        assert.equal(good.code, 0);
        const valid = good.status.find((line) => line.startsWith("VALIDSIG "));
        assert.equal(valid?.split(" ")[1]?.toLowerCase(), first.by);
        const changed = Buffer.concat([body.subarray(0, -1), Buffer.from(" \n")]);
        assert.notEqual(verifier.run(["--verify", signature, "-"], changed).code, 0);
      }
    } finally {
      verifier.end();
    }
  });

  describe("and no varve", { skip: NO_TOOLS }, () => {
    function recover(home: string, path: string): ReturnType<typeof spawnSync> {
      const env = { ...process.env, GNUPGHOME: home };
      return spawnSync("python3", [RECOVER, target, path], { env, maxBuffer: 2 ** 26 });
    }

    it("give a file's bytes by its path, by the script of the format, with RSA and cv25519", () => {
      ring.pinentry(PASSPHRASE);
      for (const [path, content] of [
        ["deep/file", Buffer.from("three\n")],
        ["/deep/big", big],
        ["/deep/sparse", readFileSync(join(source, "deep/sparse"))],
        ["/deep/hole", new Uint8Array(3_000_000)],
      ] as const) {
        const { status, stdout, stderr } = recover(ring.home, path);
        assert.equal(status, 0, String(stderr));
        assert.ok(Buffer.from(stdout as Buffer).equals(content));
        assert.ok(!String(stderr).includes("seskey"));
      }
    });

    it("miss a file that was never there, and notice one that was changed", () => {
      assert.notEqual(recover(ring.home, "deep/nothing").status, 0);
      const packs = join(target, "packs");
      const damaged = readdirSync(packs, { recursive: true, encoding: "utf8" })
        .filter((name) => /\/\d{8}$/.test(name))
        .map((name) => join(packs, name));
      const before = damaged.map((path) => readFileSync(path));
      for (const [at, path] of damaged.entries()) {
        const bytes = Buffer.from(before[at] ?? []);
        bytes[200] = (bytes[200] ?? 0) ^ 1;
        rmSync(path);
        writeFileSync(path, bytes);
      }
      assert.notEqual(recover(ring.home, "deep/big").status, 0);
      for (const [at, path] of damaged.entries()) writeFileSync(path, before[at] ?? "");
    });
  });
});

describe("a key in gpg's keyring", { skip: NO_GPG }, () => {
  const gpg = NO_GPG ? undefined : new Gpg();
  const ring = gpg as Gpg;
  const machine = new Machine({ GNUPGHOME: ring?.home ?? "" });
  const source = scratchDirectory();
  writeFileSync(join(source, "file"), "content\n");
  let bob: string;
  before(() => {
    bob = ring.makeKey({ userId: "Bob <bob@example.org>" });
  });
  after(() => gpg?.end());

  const init = (target: string, ...recipients: string[]) =>
    machine.varve("init", target, ...recipients.flatMap((name) => ["--recipient", name]));

  it("is found by key id, fingerprint and address, and signs the settings itself", async () => {
    for (const [at, name] of [
      bob.slice(-8),
      `0x${bob.slice(-16)}`,
      bob,
      "bob@example.org",
    ].entries()) {
      const { status, err } = await init(`t${at}`, name);
      assert.equal(status, 0, err);
    }
    const listed = objectsOf(await machine.varve("key", "list", "t0", "--json"));
    assert.deepEqual(listed[0]?.["signedBy"], [bob]);
    assert.equal(listed[0]?.["packets"], 1);
    // So that another machine with this key knows the repository at first sight.
    assert.equal((await machine.varve("backup", "--to", "t0", source)).status, 0);
    const other = new Machine({ GNUPGHOME: ring.home });
    const from = join(machine.home, "t0");
    const { status, err } = await other.varve("restore", "--from", from, "--to", "out");
    assert.equal(status, 0, err);
  });

  it("is refused with the reason, and nothing is made", async () => {
    const old = ring.makeKey({ userId: "old@example.org", at: "20200101T000000", expire: "1d" });
    const signing = ring.makeKey({ userId: "signing@example.org", subkeys: [] });
    const revoked = ring.makeKey({ userId: "revoked@example.org" });
    ring.revoke(revoked);
    for (const [name, problem] of [
      [old, /expired on 2020-01-02/],
      [signing, /can only sign/],
      [revoked, /revoked/],
    ] as const) {
      const { status, err } = await init("none", name);
      assert.equal(status, 2, err);
      assert.match(err, problem);
      assert.match(err, new RegExp(name));
    }
    const missing = await init("none", "nobody@example.org");
    assert.equal(missing.status, 6, missing.err);
    assert.ok(!readdirSync(machine.home).includes("none"));
  });

  it("makes one packet format for all: what one cannot read, none gets", async () => {
    assert.equal((await machine.varve("key", "generate", "--no-passphrase", "own")).status, 0);
    assert.equal((await init("mixed", "own.pub", "bob@example.org")).status, 0);
    assert.equal((await init("alone", "own.pub")).status, 0);
    const packetsOf = async (target: string) =>
      objectsOf(await machine.varve("key", "list", target, "--json"))[0]?.["packets"];
    assert.equal(await packetsOf("mixed"), 1);
    assert.equal(await packetsOf("alone"), 2);
  });
});
