/** A machine that has never seen a repository: what makes it believe in one, and what does not. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { DEFAULT_SIZES } from "../../src/format/settings.ts";
import { createRepository, newRepositoryId, newSecret } from "../../src/repository/repository.ts";
import { readOutline } from "../../src/repository/settings.ts";
import { makeKeyPair, readIdentity } from "../../src/seal/identity.ts";
import { readRecipients } from "../../src/seal/recipients.ts";
import { DirectoryTarget } from "../../src/target/directory.ts";
import { put, take } from "../support/attacker.ts";
import type { Variables } from "../support/command.ts";
import { Machine } from "../support/command.ts";
import type { Primary } from "../support/grafts.ts";
import { graft } from "../support/grafts.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { fingerprintOf, noise } from "../support/trees.ts";
import type { Refusal } from "../support/verdicts.ts";
import { assertRefused, succeeded } from "../support/verdicts.ts";
import { environmentOf, keyOf } from "../support/world.ts";

const PASSPHRASE = "correct horse";
const KEPT = "keys/00000000.asc";
const tree = scratchDirectory();
writeFileSync(join(tree, "file"), noise(50_000));
const restore = ["restore", "--to", "out"];
const unknown = { status: 5, words: /does not know the repository in .*--fingerprint/ } as const;

async function fingerprintIn(target: string): Promise<string> {
  return (await readOutline(await DirectoryTarget.open(target))).fingerprint;
}

/** A machine that comes to a target for the first time. */
class Newcomer extends Machine {
  async brings(...args: string[]): Promise<void> {
    succeeded(await this.varve(...restore, ...args));
    assert.equal(fingerprintOf(join(this.home, "out")), fingerprintOf(tree));
  }

  async refuses(args: string[], refusal: Refusal): Promise<void> {
    await assertRefused(this, args, refusal);
    assert.ok(!existsSync(join(this.home, "out")));
  }
}

/** A copy of a repository, and somebody who comes to it. */
function arrive(target: string, variables: Variables): { store: string; newcomer: Newcomer } {
  const store = join(scratchDirectory(), "target");
  cpSync(target, store, { recursive: true });
  return { store, newcomer: new Newcomer({ VARVE_TARGET: store, ...variables }) };
}

describe("a repository that the private key signed", () => {
  const target = join(scratchDirectory(), "target");
  const owner = new Machine({ VARVE_TARGET: target });
  before(async () => {
    succeeded(await owner.varve("init", "--no-passphrase"));
    succeeded(await owner.varve("backup", tree));
  });

  it("is known by that key", () =>
    arrive(target, { VARVE_IDENTITY: keyOf(owner) }).newcomer.brings());

  it("is not another one that the user was told of", async () => {
    const { newcomer } = arrive(target, { VARVE_IDENTITY: keyOf(owner) });
    const words = /fingerprint is [0-9a-f]{64}, not 0{64}: it is another repository/;
    const refusal = { status: 5, words } as const;
    await newcomer.refuses([...restore, "--fingerprint", "0".repeat(64)], refusal);
  });
});

describe("a repository that was made for a public key", () => {
  const target = join(scratchDirectory(), "target");
  const victim = new Machine();
  const key = join(victim.home, "key");
  // He may be the administrator of a host, or anybody who found the public key.
  const maker = new Machine({ VARVE_TARGET: target });
  before(async () => {
    succeeded(await victim.varve("key", "generate", "--no-passphrase", key));
    succeeded(await maker.varve("init", "--recipient", `${key}.pub`));
    succeeded(await maker.varve("backup", tree));
  });

  it("is not believed by the private key: anybody could have made it", async () => {
    const { newcomer } = arrive(target, { VARVE_IDENTITY: key });
    await newcomer.refuses(restore, unknown);
    await newcomer.refuses(["backup", tree], unknown);
    const accept = ["key", "accept"];
    await newcomer.refuses(accept, unknown);
    await newcomer.refuses(restore, unknown);
  });

  it("is known by its fingerprint, and from then on without", async () => {
    const { newcomer } = arrive(target, { VARVE_IDENTITY: key });
    await newcomer.brings("--fingerprint", await fingerprintIn(target));
    succeeded(await newcomer.varve("snapshots"));
  });
});

describe("a private key that lies in a repository", () => {
  const target = join(scratchDirectory(), "target");
  const victim = new Machine({ VARVE_TARGET: target, VARVE_PASSPHRASE: PASSPHRASE });
  const mallory = new Machine();
  before(async () => {
    succeeded(await victim.varve("init"));
    succeeded(await victim.varve("backup", tree));
  });

  /** A repository of mallory's that this key is to make the victim believe in. */
  async function planted(armored: string, signing = armored): Promise<Newcomer> {
    const { means } = await environmentOf(mallory);
    const store = join(scratchDirectory(), "target");
    const identity = await readIdentity(signing);
    assert.ok(!identity.locked);
    const recipients = await readRecipients(identity.publicKey, new Date());
    await createRepository(
      await DirectoryTarget.create(store),
      {
        repository: newRepositoryId(means.random),
        secret: newSecret(means.random),
        packets: 2,
        recipients: recipients.map(({ fingerprint, armored: key }) => ({ fingerprint, key })),
        hosts: [],
        identity: armored,
        signers: [identity],
      },
      DEFAULT_SIZES,
      means,
    );
    return new Newcomer({ VARVE_TARGET: store, VARVE_PASSPHRASE: PASSPHRASE });
  }

  const notLocked = {
    status: 5,
    words: /private key in .* is not locked: somebody else put it/,
  } as const;

  it("makes a newcomer with its passphrase believe", () =>
    arrive(target, { VARVE_PASSPHRASE: PASSPHRASE }).newcomer.brings());

  it("makes nobody believe if it is bare", async () => {
    const newcomer = await planted((await makeKeyPair("varve")).privateKey);
    await newcomer.refuses(restore, notLocked);
    await newcomer.refuses(["backup", tree], notLocked);
  });

  for (const primary of ["bare", "missing"] satisfies Primary[]) {
    it(`makes nobody believe with the victim's own subkey under a ${primary} primary key`, async () => {
      const found = String(take(target, KEPT));
      const made = await graft(found, primary);
      const newcomer = await planted(made.planted, made.kept);
      await newcomer.refuses(restore, notLocked);
      await newcomer.refuses(["backup", tree], notLocked);
    });
  }

  it("opens nothing if another passphrase locks it", async () => {
    const { store, newcomer } = arrive(target, { VARVE_PASSPHRASE: PASSPHRASE });
    const { privateKey } = await makeKeyPair("varve", "mallory's");
    put(store, KEPT, Buffer.from(privateKey));
    await newcomer.refuses(restore, { status: 5, words: /passphrase does not unlock the key/ });
  });

  it("is found behind others that somebody put in front of it", async () => {
    const { store, newcomer } = arrive(target, { VARVE_PASSPHRASE: PASSPHRASE });
    const { privateKey } = await makeKeyPair("varve", "mallory's");
    // Each of these comes before it in a list.
    put(store, "keys/0.asc", Buffer.from(privateKey));
    put(store, "keys/00.asc", Buffer.from((await makeKeyPair("varve")).privateKey));
    put(store, "keys/000.asc", Buffer.from("no key at all"));
    await newcomer.brings();
  });

  it("is passed over where the user has his own", async () => {
    const key = join(victim.home, "kept");
    writeFileSync(key, readFileSync(join(target, KEPT)));
    const { store, newcomer } = arrive(target, {
      VARVE_PASSPHRASE: PASSPHRASE,
      VARVE_IDENTITY: key,
    });
    put(store, KEPT, Buffer.from((await makeKeyPair("varve")).privateKey));
    await newcomer.brings();
  });
});
