import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { AccessError, CorruptError } from "../../src/errors.ts";
import { settingsName } from "../../src/format/names.ts";
import type { Outline } from "../../src/repository/settings.ts";
import { readOutline } from "../../src/repository/settings.ts";
import type { Pinned } from "../../src/repository/trust.ts";
import { checkPin, isKnown, pinned } from "../../src/repository/trust.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import { extend, plant, stranger } from "../support/settings.ts";
import type { Site } from "../support/site.ts";
import { HOST, makeSite, signer } from "../support/site.ts";
import { copyOf } from "../support/stored.ts";

const reader = { fingerprint: "2".repeat(40), key: "a reader" };
const other = { name: "other", fingerprint: "3".repeat(40), key: "other", keeper: false };

describe("settings", () => {
  let target: MemoryTarget;
  let site: Site;
  let pin: Pinned;
  beforeEach(async () => {
    target = new MemoryTarget();
    site = await makeSite(target);
    pin = pinned(await readOutline(target));
  });

  const { verify } = {
    verify: (...args: Parameters<Site["means"]["sealing"]["verify"]>) =>
      site.means.sealing.verify(...args),
  };
  const check = async (outline: Outline) =>
    (await checkPin(outline, pin, verify)).map(({ concerns, text }) => `${concerns}: ${text}`);
  const refusedAs = (problem: RegExp) => (error: unknown) =>
    error instanceof AccessError && problem.test(error.message);

  it("are what they were where nothing has changed", async () => {
    assert.deepEqual(await check(await readOutline(target)), []);
  });

  it("that a keeper has signed are told, by whom they concern", async () => {
    const { recipients, hosts } = site.unlocked.settings;
    await extend(target, { hosts: [...hosts, other] });
    const outline = await extend(target, { recipients: [...recipients, reader], packets: 1 });
    assert.deepEqual(await check(outline), [
      `every host: ${reader.fingerprint} can read what is stored from now on`,
      `one host: host other (${other.fingerprint}) has joined`,
      "every host: packets are of version 1 from now on, and were of 2",
    ]);
  });

  it("concern everybody where a keeper is made, or a name gets another key", async () => {
    const { hosts } = site.unlocked.settings;
    const second = { ...other, name: HOST };
    const told = await check(
      await extend(target, { hosts: [...hosts, { ...other, keeper: true }, second] }),
    );
    assert.equal(told.length, 2);
    assert.match(told[0] ?? "", /^every host: host other .* is a keeper now/);
    assert.match(told[1] ?? "", /^every host: host host has one more key/);
  });

  it("that nobody signed who may are refused", async () => {
    const { settings } = site.unlocked;
    const next = { ...settings, n: 1, previous: pin.settings.hash, recipients: [reader] };
    for (const signers of [[], [stranger], [{ ...signer, sign: async () => new Uint8Array(32) }]]) {
      const store = await copyOf(target);
      await plant(store, next, signers);
      await assert.rejects(
        check(await readOutline(store)),
        refusedAs(/settings\/00000001 is not signed/),
      );
    }
  });

  it("are not signed by those whom only they name", async () => {
    const { settings } = site.unlocked;
    const me = { ...stranger, name: "me", key: HOST, keeper: true };
    const { name, fingerprint, key, keeper } = me;
    const hosts = [...settings.hosts, { name, fingerprint, key, keeper }];
    await plant(target, { ...settings, n: 1, previous: pin.settings.hash, hosts }, [me]);
    await assert.rejects(check(await readOutline(target)), refusedAs(/not signed by anybody/));
  });

  it("are not signed by a host that is no keeper", async () => {
    const { hosts } = site.unlocked.settings;
    const mere = { ...other, key: HOST };
    const host = { ...signer, fingerprint: mere.fingerprint };
    const { settings, chain } = await extend(target, { hosts: [...hosts, mere] });
    // Nor does varve store what nobody could go on from.
    await assert.rejects(
      extend(target, { recipients: [reader] }, [host]),
      refusedAs(/may not sign/),
    );
    const previous = String(chain.at(-1)?.hash);
    await plant(target, { ...settings, n: 2, previous, recipients: [reader] }, [host]);
    await assert.rejects(check(await readOutline(target)), refusedAs(/settings\/00000002 is not/));
  });

  it("are refused of an old state, another history, or another repository", async () => {
    const old = await copyOf(target);
    const fork = await copyOf(target);
    const { hosts } = site.unlocked.settings;
    pin = pinned(await extend(target, { hosts: [...hosts, other] }));
    await extend(fork, { packets: 1 });
    await assert.rejects(
      check(await readOutline(old)),
      refusedAs(/settings\/00000001: .*old state/),
    );
    await assert.rejects(
      check(await readOutline(fork)),
      refusedAs(/settings\/00000001 is not the one/),
    );
    const planted = new MemoryTarget();
    await makeSite(planted);
    pin = { ...pin, fingerprint: "0".repeat(64) };
    await assert.rejects(check(await readOutline(planted)), refusedAs(/another repository/));
  });

  it("are refused where the chain has a gap, or changes what cannot change", async () => {
    const { settings } = site.unlocked;
    const good = { ...settings, n: 1, previous: pin.settings.hash };
    for (const bad of [
      { ...good, previous: "0".repeat(64) },
      { ...good, repository: "f".repeat(32) },
      { ...good, sizes: { ...good.sizes, chunk: 2 ** 15 } },
      { ...good, n: 2 },
    ]) {
      const store = await copyOf(target);
      await plant(store, bad, [signer]);
      await assert.rejects(readOutline(store), (error: unknown) => {
        return error instanceof CorruptError && error.object === settingsName(bad.n);
      });
    }
  });

  describe("at first sight", () => {
    const nothing = { fingerprint: undefined, identity: undefined };

    it("are known by the fingerprint, and by no other", async () => {
      const outline = await readOutline(target);
      assert.ok(await isKnown(outline, { ...nothing, fingerprint: outline.fingerprint }, verify));
      const wrong = { ...nothing, fingerprint: "0".repeat(64) };
      await assert.rejects(isKnown(outline, wrong, verify), refusedAs(/another repository/));
    });

    it("are known by the identity that signed some of them, with the key that it has itself", async () => {
      const { recipients } = site.unlocked.settings;
      await extend(target, { recipients: [...recipients, { ...reader, key: HOST }] });
      const identity = { fingerprint: reader.fingerprint, key: HOST };
      assert.ok(!(await isKnown(await readOutline(target), { ...nothing, identity }, verify)));
      const outline = await extend(target, {}, [{ ...signer, fingerprint: reader.fingerprint }]);
      assert.ok(await isKnown(outline, { ...nothing, identity }, verify));
      // Somebody may have put his own key there under its fingerprint.
      const own = { ...identity, key: "its own" };
      assert.ok(!(await isKnown(outline, { ...nothing, identity: own }, verify)));
    });

    it("are not known otherwise, and not at all if they are not signed", async () => {
      assert.ok(!(await isKnown(await readOutline(target), nothing, verify)));
      const { settings } = site.unlocked;
      const bare = new MemoryTarget();
      await plant(bare, settings, []);
      const outline = await readOutline(bare);
      const given = { ...nothing, fingerprint: outline.fingerprint };
      await assert.rejects(
        isKnown(outline, given, verify),
        refusedAs(/settings\/00000000 is not signed/),
      );
    });
  });
});
