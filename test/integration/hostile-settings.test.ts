/** Settings that somebody planted, put back or exchanged: nobody stores a byte by them. */
import assert from "node:assert/strict";
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { settingsName } from "../../src/format/names.ts";
import type { Settings } from "../../src/format/settings.ts";
import { encodeSettings } from "../../src/format/settings.ts";
import { readOutline } from "../../src/repository/settings.ts";
import { signLines } from "../../src/repository/signatures.ts";
import { makeKeyPair, readIdentity } from "../../src/seal/identity.ts";
import type { Signer } from "../../src/seal/signature.ts";
import { DirectoryTarget } from "../../src/target/directory.ts";
import { makeStranger, plantSettings, put, remove, take } from "../support/attacker.ts";
import { Machine } from "../support/command.ts";
import type { Refusal } from "../support/verdicts.ts";
import { assertRefused, succeeded } from "../support/verdicts.ts";
import type { World } from "../support/world.ts";
import { backUpAnew, copyWorld, keyOf, makeWorld, signerOf, treeOf } from "../support/world.ts";

const original: Promise<World> = makeWorld();

/** Who may not sign settings, however he calls himself. */
interface Liars {
  readonly stranger: Signer & { readonly publicKey: string };
  readonly mallory: Signer;
  /** A keeper's name under mallory's signature. */
  readonly impostor: Signer;
}

async function liarsOf({ owner, mallory }: World): Promise<Liars> {
  const signer = await signerOf(mallory);
  const { fingerprint } = await signerOf(owner);
  return { stranger: await makeStranger(), mallory: signer, impostor: { ...signer, fingerprint } };
}

async function settingsOf({ target }: World): Promise<Settings> {
  return (await readOutline(await DirectoryTarget.open(target))).settings;
}

const unsigned: Refusal = { status: 5, words: /settings\/00000003 is not signed by anybody/ };
const inItsPlace: Refusal = { status: 5, words: /somebody has put another in its place/ };
const backup = (machine: Machine) => ["backup", treeOf(machine)];

describe("settings that are planted", { concurrency: 2 }, () => {
  type Lie = readonly [
    what: string,
    change: (settings: Settings, liars: Liars) => Partial<Settings>,
    signers: (liars: Liars) => Signer[],
    refusal?: Refusal,
  ];
  const addReader = ({ recipients }: Settings, { stranger }: Liars): Partial<Settings> => ({
    recipients: [...recipients, { fingerprint: stranger.fingerprint, key: stranger.publicKey }],
  });
  const lies: readonly Lie[] = [
    ["add a recipient, and are not signed", addReader, () => []],
    ["add a recipient, signed by a stranger", addReader, ({ stranger }) => [stranger]],
    ["add a recipient, signed by a mere host", addReader, ({ mallory }) => [mallory]],
    ["add a recipient, signed by a host as a keeper", addReader, ({ impostor }) => [impostor]],
    [
      "make the host that signs them a keeper",
      ({ hosts }) => ({
        hosts: hosts.map((host) => (host.name === "mallory" ? { ...host, keeper: true } : host)),
      }),
      ({ mallory }) => [mallory],
    ],
    [
      "add the host that signs them",
      ({ hosts }, { stranger: { fingerprint, publicKey } }) => ({
        hosts: [...hosts, { name: "web-1", fingerprint, key: publicKey, keeper: false }],
      }),
      ({ stranger }) => [stranger],
    ],
    ["change packets", () => ({ packets: 1 }), ({ mallory }) => [mallory]],
    [
      "change the size of packs",
      ({ sizes }) => ({ sizes: { ...sizes, pack: 2 ** 30 } }),
      ({ mallory }) => [mallory],
    ],
    [
      "change the size of chunks",
      ({ sizes }) => ({ sizes: { ...sizes, chunk: 2 ** 24 } }),
      ({ mallory }) => [mallory],
      { status: 7, words: /settings\/00000003 is damaged: it changes the size/ },
    ],
    [
      "leave out one number",
      () => ({ n: 4 }),
      ({ mallory }) => [mallory],
      { status: 7, words: /settings\/00000004 is damaged: it does not continue/ },
    ],
  ];
  for (const [what, change, signers, refusal = unsigned] of lies) {
    it(what, async () => {
      const world = copyWorld(await original);
      const liars = await liarsOf(world);
      const changed = change(await settingsOf(world), liars);
      await plantSettings(world.target, changed, signers(liars));
      await assertRefused(world.web, backup(world.web), refusal);
    });
  }

  it("are another repository's, under the next name", async () => {
    const world = copyWorld(await original);
    const other = join(world.mallory.home, "other");
    succeeded(await world.mallory.varve("init", "--no-passphrase", other));
    put(world.target, settingsName(3), take(other, settingsName(0)));
    const words = /settings\/00000003 is damaged: it does not continue the chain/;
    await assertRefused(world.web, backup(world.web), { status: 7, words });
  });

  it("are refused by everybody else too, whatever is asked for", async () => {
    const world = copyWorld(await original);
    await backUpAnew(world, 1);
    const liars = await liarsOf(world);
    await plantSettings(world.target, addReader(await settingsOf(world), liars), [liars.impostor]);
    const fresh = new Machine({ VARVE_TARGET: world.target, VARVE_IDENTITY: keyOf(world.owner) });
    const restore = ["restore", "--to", "out", "--allow-unsigned"];
    for (const [machine, args] of [
      [world.web, ["key", "accept"]],
      [world.web, ["snapshots"]],
      [world.web, ["check"]],
      [world.web, ["key", "list"]],
      [world.web, ["key", "export", "--public"]],
      [world.owner, ["key", "remove-recipient", liars.stranger.fingerprint]],
      [fresh, restore],
    ] as const) {
      await assertRefused(machine, args, unsigned);
    }
    assert.ok(!existsSync(join(fresh.home, "out")));
  });
});

describe("settings by a keeper", () => {
  it("are refused with another key under the fingerprint of a friend", async () => {
    const world = copyWorld(await original);
    const { recipients } = await settingsOf(world);
    const { publicKey: key } = await makeKeyPair("a stranger");
    const friend = { fingerprint: "f".repeat(64), key };
    await plantSettings(world.target, { recipients: [...recipients, friend] }, [
      await signerOf(world.owner),
    ]);
    const words = /settings\/00000003 gives the fingerprint f{64} to another key/;
    await assertRefused(world.web, backup(world.web), { status: 5, words });
    await assertRefused(world.web, ["key", "accept"], { status: 5, words });
    const fresh = new Machine({ VARVE_TARGET: world.target, VARVE_IDENTITY: keyOf(world.owner) });
    await assertRefused(fresh, backup(world.web), { status: 5, words });
    const add = ["key", "add-recipient", join(world.owner.home, "other.pub")];
    const other = join(world.owner.home, "other");
    succeeded(await world.owner.varve("key", "generate", "--no-passphrase", other));
    await assertRefused(world.owner, add, { status: 5, words });
    succeeded(await world.owner.varve("key", "remove-recipient", friend.fingerprint));
  });
});

describe("settings that nobody on this machine has agreed to", () => {
  it("are not agreed to by adding or removing somebody else", async () => {
    const world = copyWorld(await original);
    const { recipients } = await settingsOf(world);
    const { publicKey: key, fingerprint } = await makeKeyPair("a stranger");
    await plantSettings(world.target, { recipients: [...recipients, { fingerprint, key }] }, [
      await signerOf(world.owner),
    ]);
    const other = join(world.web.home, "other");
    succeeded(await world.web.varve("key", "generate", "--no-passphrase", other));
    const variables = { VARVE_IDENTITY: keyOf(world.owner) };
    const add = await world.web.run(["key", "add-recipient", `${other}.pub`], { variables });
    assert.equal(add.status, 5, add.err);
    assert.match(add.err, /varve key accept/);
    const [first] = recipients;
    const remove = ["key", "remove-recipient", String(first?.fingerprint)];
    succeeded(await world.web.run(remove, { variables }));
    const words = new RegExp(`${fingerprint} can read what is stored`);
    await assertRefused(world.web, backup(world.web), { status: 5, words });
  });
});

describe("settings that were there before", { concurrency: 2 }, () => {
  it("are refused of an old state, once a machine saw a newer one", async () => {
    const world = copyWorld(await original);
    remove(world.target, settingsName(2));
    const words = /settings\/00000001 is the last.*settings\/00000002.*an old state/;
    await assertRefused(world.web, backup(world.web), { status: 5, words });
    await assertRefused(world.web, ["key", "accept"], { status: 5, words });
  });

  it("are refused of another history, though the owner signed it", async () => {
    const world = copyWorld(await original);
    const identity = await readIdentity(String(take("/", keyOf(world.owner))));
    assert.ok(!identity.locked);
    remove(world.target, settingsName(2));
    await plantSettings(world.target, {}, [identity]);
    const words = /settings\/00000002 is not the one that was here/;
    await assertRefused(world.web, backup(world.web), { status: 5, words });
  });

  it("are refused with another number 0 in front", async () => {
    const world = copyWorld(await original);
    const { stranger } = await liarsOf(world);
    const { settings, chain } = await readOutline(await DirectoryTarget.open(world.target));
    const { fingerprint, publicKey: key } = stranger;
    const first = { ...chain[0]?.settings, recipients: [{ fingerprint, key }] } as Settings;
    put(world.target, settingsName(0), await signLines(encodeSettings(first), [stranger]));
    const gap = /settings\/00000001 is damaged: it does not continue/;
    await assertRefused(world.web, backup(world.web), { status: 7, words: gap });
    // The whole chain anew, under the repository's own id.
    for (const n of [1, 2]) remove(world.target, settingsName(n));
    await plantSettings(world.target, { hosts: settings.hosts }, [stranger]);
    await plantSettings(world.target, {}, [stranger]);
    const words = /fingerprint is .* and was .*: somebody has put another repository in its place/;
    await assertRefused(world.web, backup(world.web), { status: 5, words });
  });
});

describe("another repository at the same address", { concurrency: 2 }, () => {
  function exchange({ target }: World, other: string): void {
    rmSync(target, { recursive: true });
    renameSync(other, target);
  }

  it("is refused, though the owner could read what is stored there", async () => {
    const world = copyWorld(await original);
    const [recipient] = (await settingsOf(world)).recipients;
    writeFileSync(join(world.mallory.home, "owner.pub"), recipient?.key ?? "");
    const other = join(world.mallory.home, "other");
    succeeded(await world.mallory.varve("init", "--recipient", "owner.pub", other));
    exchange(world, other);
    await assertRefused(world.web, backup(world.web), inItsPlace);
    const variables = { VARVE_IDENTITY: keyOf(world.owner) };
    await assertRefused(world.owner, ["restore", "--to", "out"], inItsPlace, variables);
  });

  it("is refused though it is another of the owner's own, until he accepts it", async () => {
    const world = copyWorld(await original);
    const other = join(world.owner.home, "other");
    succeeded(await world.owner.varve("init", "--no-passphrase", other));
    exchange(world, other);
    await assertRefused(world.web, backup(world.web), inItsPlace);
    await assertRefused(world.owner, ["snapshots"], inItsPlace);
    succeeded(await world.owner.varve("key", "accept"));
    succeeded(await world.owner.varve("snapshots"));
  });
});
