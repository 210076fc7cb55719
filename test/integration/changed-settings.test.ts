/** Settings that somebody changed who may: who stores agrees to that first, who reads is told. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { settingsName } from "../../src/format/names.ts";
import { readOutline } from "../../src/repository/settings.ts";
import { DirectoryTarget } from "../../src/target/directory.ts";
import { put, remove, take } from "../support/attacker.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { fingerprintOf } from "../support/trees.ts";
import type { Refusal } from "../support/verdicts.ts";
import { assertRefused, succeeded } from "../support/verdicts.ts";
import type { World } from "../support/world.ts";
import { enrol, keyOf, makeWorld, treeOf } from "../support/world.ts";

const backup = (machine: Machine) => ["backup", treeOf(machine)];

describe("a change by those who may", () => {
  let world: World;
  let bob: string;
  let told: RegExp;
  before(async () => {
    world = await makeWorld();
    bob = join(world.owner.home, "bob");
    const made = await world.owner.varve("key", "generate", "--no-passphrase", "--json", bob);
    const [{ fingerprint } = {}] = objectsOf(made);
    told = new RegExp(`${fingerprint} can read what is stored from now on`);
  });

  const refusal = (): Refusal => ({
    status: 5,
    words: new RegExp(`${told.source}.*varve key accept; nothing was stored`),
  });

  it("is nothing to refuse where a host has joined", async () => {
    await enrol(new Machine({ VARVE_TARGET: world.target }), "db-1", keyOf(world.owner));
    const { settings } = await readOutline(await DirectoryTarget.open(world.target));
    assert.deepEqual([settings.n, settings.hosts.at(-1)?.name], [3, "db-1"]);
    succeeded(await world.web.varve(...backup(world.web)));
  });

  it("is refused by who stores, who is told what it is", async () => {
    succeeded(await world.owner.varve("key", "add-recipient", "--past", `${bob}.pub`));
    await assertRefused(world.web, backup(world.web), refusal());
  });

  it("is told to who reads, which is no consent of who stores", async () => {
    for (const command of ["snapshots", "check"]) {
      assert.match(succeeded(await world.web.varve(command)).err, told);
    }
    await assertRefused(world.web, backup(world.web), refusal());
  });

  it("is not taken back behind the back of who has seen it", async () => {
    const last = take(world.target, settingsName(4));
    remove(world.target, settingsName(4));
    const words = /settings\/00000003 is the last.*settings\/00000004.*an old state/;
    await assertRefused(world.web, backup(world.web), { status: 5, words });
    put(world.target, settingsName(4), last);
  });

  it("is shown by key accept, also where the fingerprint is in the environment", async () => {
    const { fingerprint } = await readOutline(await DirectoryTarget.open(world.target));
    const variables = { VARVE_FINGERPRINT: fingerprint };
    const accepted = succeeded(await world.web.run(["key", "accept"], { variables }));
    assert.match(accepted.out, told);
    succeeded(await world.web.varve(...backup(world.web)));
  });

  it("lets the new recipient read", async () => {
    const { fingerprint } = await readOutline(await DirectoryTarget.open(world.target));
    const listed = objectsOf(await world.web.varve("snapshots", "--json"));
    const reader = new Machine({ VARVE_TARGET: world.target, VARVE_IDENTITY: bob });
    const id = String(listed.at(-1)?.["id"]);
    const args = ["restore", "--to", "out", "--snapshot", id, "--fingerprint", fingerprint];
    succeeded(await reader.varve(...args));
    assert.equal(fingerprintOf(join(reader.home, "out")), fingerprintOf(treeOf(world.web)));
  });

  it("is one by a keeper without the private key as well", async () => {
    rmSync(keyOf(world.owner));
    const { settings } = await readOutline(await DirectoryTarget.open(world.target));
    const [{ fingerprint = "" } = {}] = settings.recipients;
    succeeded(await world.owner.varve("key", "remove-recipient", fingerprint));
    const words = /can no longer read what is stored from now on.*varve key accept/;
    await assertRefused(world.web, backup(world.web), { status: 5, words });
  });
});
