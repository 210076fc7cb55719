/**
 * A host holds a public key only: whoever takes it over, with every file and
 * every variable that it has, opens nothing of what it backed up before.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as openpgp from "openpgp";
import type { RunName } from "../../src/format/names.ts";
import { runKeyName } from "../../src/format/names.ts";
import type { PacketVersion } from "../../src/format/secret.ts";
import { take } from "../support/attacker.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { opens } from "../support/locks.ts";
import { derivedFrom, keysIn, occurrences, plunder } from "../support/plunder.ts";
import { filesBelow } from "../support/trees.ts";
import { succeeded } from "../support/verdicts.ts";
import type { Writer } from "../support/writer.ts";
import {
  backUpMarked,
  enrolmentOf,
  legible,
  locksOf,
  makeWriter,
  sessionKeyOf,
} from "../support/writer.ts";

const marker = `marker ${randomBytes(16).toString("hex")}`;

/** A key as varve makes it, and one as gpg does. */
const owners: Readonly<
  Record<string, { readonly packets: PacketVersion; make(): Promise<string> }>
> = {
  "of version 6": {
    packets: 2,
    make: async () => {
      const machine = new Machine();
      succeeded(await machine.varve("key", "generate", "--no-passphrase", "key"));
      return readFileSync(join(machine.home, "key"), "utf8");
    },
  },
  "of version 4, as gpg's": {
    packets: 1,
    make: async () => {
      const { privateKey } = await openpgp.generateKey({
        type: "ecc",
        curve: "curve25519Legacy",
        userIDs: { name: "somebody" },
        format: "armored",
        config: { v6Keys: false, aeadProtect: false },
      });
      return privateKey;
    },
  },
};

/** What keys might have been derived for, or from. */
const PURPOSES = [
  ...["", "varve", "session key", "varve session", "varve session key"],
  ...["varve chunk id", "varve gear", "varve index 1", "varve index 2"],
];

/** All that the host keeps, and what lies in other directories. */
const found = ({ machine, temporaries }: Writer, ...others: string[]) =>
  plunder([machine.home, temporaries, ...others], machine.variables);

/** The numbers that a private key consists of, in both orders of their bytes. */
async function secretsOf(armoredKey: string): Promise<Uint8Array[]> {
  const key = await openpgp.readPrivateKey({ armoredKey });
  const packets = key.getKeys().map(({ keyPacket }) => keyPacket as openpgp.SecretKeyPacket);
  const numbers = packets.flatMap(({ privateParams }) => Object.values(privateParams ?? {}));
  assert.equal(numbers.length, 2);
  return numbers.flatMap((number: Uint8Array) => [number, Uint8Array.from(number).reverse()]);
}

for (const [kind, { packets, make }] of Object.entries(owners)) {
  describe(`a host of a repository for a key ${kind}`, () => {
    let host: Writer;
    let privateKey: string;
    const runs: RunName[] = [];

    before(async () => {
      privateKey = await make();
      host = await makeWriter(privateKey);
      for (const day of [1, 2]) runs.push(await backUpMarked(host, marker, day));
    });

    it("keeps nothing that opens content, trees or manifests of its earlier runs", async () => {
      const locks = (await Promise.all(runs.map((run) => locksOf(host, run)))).flat();
      assert.equal(locks.length, 6);
      assert.ok(locks.every((lock) => lock.packets === packets));
      const { secret, repository } = await enrolmentOf(host);
      const texts = [...PURPOSES, ...runs, repository];
      const finds = [...found(host), ...(await legible(host))];
      const keys = [...keysIn(finds), ...derivedFrom(secret, texts)];
      assert.ok(keys.length > 5000, `${keys.length} keys`);
      for (const lock of locks) {
        const key = keys.find((candidate) => opens(lock, candidate));
        assert.equal(key, undefined, `${lock.name} is open`);
      }
      // The same attack, had the host kept the keys: each opens its own run, and no other.
      for (const run of runs) {
        const key = Buffer.from(await sessionKeyOf(host, run, privateKey));
        const kept = Buffer.from(JSON.stringify({ key: key.toString("base64") }));
        const candidates = [...keysIn([{ where: "a file", bytes: kept }])];
        const opened = locks.filter((lock) =>
          candidates.some((candidate) => opens(lock, candidate)),
        );
        assert.deepEqual(
          opened.map(({ name }) => name),
          ["content", "tree", "manifest"].map((what) => `${what} of ${run}`),
        );
      }
    });

    it("keeps no session key in any spelling, nor the store does", async () => {
      const finds = found(host, host.store);
      for (const run of runs) {
        const key = await sessionKeyOf(host, run, privateKey);
        assert.deepEqual(occurrences(key, finds), []);
        for (const spelling of ["hex", "base64"] as const) {
          const text = Buffer.from(` ${Buffer.concat([Buffer.alloc(4), key]).toString(spelling)}`);
          assert.deepEqual(occurrences(key, [{ where: "here", bytes: text }]), ["here"]);
        }
      }
      const { secret } = await enrolmentOf(host);
      assert.equal(occurrences(secret, finds).length, 1, "the search finds what is kept");
    });

    it("keeps no private key but one that only signs", async () => {
      const holders = found(host, host.store).filter(({ bytes }) =>
        bytes.includes("PRIVATE KEY BLOCK"),
      );
      assert.equal(holders.length, 1);
      const { signingKey } = await enrolmentOf(host);
      assert.ok(holders[0]?.bytes.includes(JSON.stringify(signingKey).slice(1, -1)));
      const key = await openpgp.readPrivateKey({ armoredKey: signingKey });
      assert.equal(key.getKeys().length, 1);
      assert.equal(key.keyPacket.algorithm, openpgp.enums.publicKey.eddsaLegacy);
      await assert.rejects(key.getEncryptionKey());
      for (const secret of await secretsOf(privateKey)) {
        assert.deepEqual(occurrences(secret, found(host, host.store)), []);
      }
      for (const run of runs) {
        const binaryMessage = take(host.store, runKeyName(run));
        const message = await openpgp.readMessage({ binaryMessage });
        await assert.rejects(openpgp.decryptSessionKeys({ message, decryptionKeys: key }));
      }
    });

    it("lets no other user see what it keeps", () => {
      for (const directory of [".local/share/varve", ".cache/varve"]) {
        const path = join(host.machine.home, directory);
        for (const kept of [path, ...filesBelow(path)]) {
          assert.equal(statSync(kept).mode & 0o077, 0, kept);
        }
      }
    });

    it("leaves nothing of the content anywhere in the clear", () => {
      assert.ok(readFileSync(join(host.tree, "text-1"), "utf8").includes(marker));
      const finds = found(host, host.store);
      assert.deepEqual(occurrences(Buffer.from(marker), finds), []);
    });

    it("does its work without the private key, also once its cache is gone", async () => {
      for (const args of [["snapshots"], ["check"], ["backup", host.tree], ["key", "list"]]) {
        succeeded(await host.machine.varve(...args));
      }
      rmSync(join(host.machine.home, ".cache"), { recursive: true });
      const made = objectsOf(succeeded(await host.machine.varve("backup", "--json", host.tree)));
      assert.equal(made.find(({ event }) => event === "snapshot")?.["newBytes"], 0);
    });

    it("reads nothing back without it", async () => {
      for (const args of [
        ["restore", "--to", "out"],
        ["verify", "."],
        ["manifest"],
        ["restore", "--to", "out", "--allow-unsigned"],
      ]) {
        const { status, err, out } = await host.machine.varve(...args);
        assert.equal(status, 5, err);
        assert.match(err, /takes its private key/);
        assert.equal(out, "");
      }
      assert.ok(!existsSync(join(host.machine.home, "out")));
    });
  });
}
