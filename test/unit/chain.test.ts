import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, beforeEach, describe, it } from "node:test";
import { CorruptError } from "../../src/errors.ts";
import type { RunName } from "../../src/format/names.ts";
import { endName } from "../../src/format/names.ts";
import { objectHashOf } from "../../src/format/object-hash.ts";
import { encodeEnd } from "../../src/format/run.ts";
import { decodeSigned } from "../../src/format/signed.ts";
import type { Chain, Remembered, Stubs } from "../../src/repository/chain.ts";
import { followChain, followHeads } from "../../src/repository/chain.ts";
import { knownStubs, rememberStubs } from "../../src/repository/chain-memory.ts";
import { readHistory } from "../../src/repository/history.ts";
import type { SignaturePolicy } from "../../src/repository/repository.ts";
import { Repository } from "../../src/repository/repository.ts";
import { signLines } from "../../src/repository/signatures.ts";
import { findSnapshot } from "../../src/repository/snapshots.ts";
import type { Signer } from "../../src/seal/signature.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import type { Target } from "../../src/target/target.ts";
import { FaultyTarget } from "../support/faults.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { stranger } from "../support/settings.ts";
import type { Site } from "../support/site.ts";
import { backUp, cacheDirectory, HOST, makeSite, signer } from "../support/site.ts";
import { copyOf } from "../support/stored.ts";

const MANY = 2 ** 30;
const NOTHING: Remembered = { heads: [], missed: [] };

describe("the chain of a host", () => {
  const original = new MemoryTarget();
  const runs: RunName[] = [];
  let site: Site;
  let target: MemoryTarget;

  before(async () => {
    site = await makeSite(original);
    const source = scratchDirectory();
    const cache = cacheDirectory();
    for (const content of ["one", "two", "three"]) {
      writeFileSync(join(source, "file"), content);
      runs.push((await backUp(site, original, source, { cache })).summary.run);
    }
  });
  beforeEach(async () => {
    target = await copyOf(original);
  });

  const runAt = (at: number) => runs[at] as RunName;
  const endAt = (at: number) => endName(runAt(at));
  const headAt = async (at: number) => ({
    object: endAt(at),
    hash: objectHashOf(await original.read(endAt(at), MANY)),
  });

  async function follow(
    remembered: Remembered = NOTHING,
    policy: SignaturePolicy = "required",
  ): Promise<Chain> {
    const repository = new Repository(target, site.unlocked, site.means, policy);
    return await followChain(repository, await readHistory(target, HOST), remembered);
  }

  const told = ({ problems }: Chain) => problems.map(({ object }) => object);

  async function replace(name: string, bytes: Uint8Array): Promise<void> {
    await target.remove([name]);
    await target.create(name, bytes);
  }

  /** The body of an end, signed by somebody else. */
  async function signedAnew(at: number, by: readonly Signer[]): Promise<Uint8Array> {
    const { body } = decodeSigned("x", await target.read(endAt(at), MANY));
    return await signLines(body, by);
  }

  it("is whole, and ends in its last snapshot", async () => {
    const chain = await follow();
    assert.deepEqual(told(chain), []);
    assert.deepEqual([...chain.links.keys()], runs);
    assert.deepEqual(chain.heads, [await headAt(2)]);
    assert.deepEqual([...chain.keys.keys()], runs);
  });

  it("tells of a snapshot in the middle that is missing", async () => {
    await target.remove([endAt(1)]);
    const chain = await follow();
    assert.deepEqual(told(chain), [endAt(1)]);
    assert.match(chain.problems[0]?.message ?? "", new RegExp(`missing, and ${endAt(2)} names it`));
    // The one before it is named by nobody any more.
    assert.deepEqual(chain.heads, [await headAt(0), await headAt(2)]);
  });

  it("tells of a last one that this machine has seen, until the user knows of it", async () => {
    await target.remove([endAt(2)]);
    assert.deepEqual(told(await follow()), []);
    const heads = [await headAt(2)];
    const chain = await follow({ heads, missed: [] });
    assert.deepEqual(told(chain), [endAt(2)]);
    assert.match(chain.problems[0]?.message ?? "", /this machine has seen it/);
    // The next end names both, so that everybody can see what is missing.
    assert.deepEqual(chain.heads, [await headAt(1), ...heads]);
    assert.deepEqual(told(await follow({ heads, missed: [endAt(2)] })), []);
  });

  it("tells of a snapshot that was replaced by another one of the same host", async () => {
    await replace(endAt(1), await signedAnew(1, [signer, stranger]));
    const chain = await follow();
    assert.deepEqual(told(chain), [endAt(1)]);
    assert.match(chain.problems[0]?.message ?? "", /another one than was here/);
  });

  it("tells of a snapshot that is put in another's place", async () => {
    await replace(endAt(2), await target.read(endAt(0), MANY));
    const chain = await follow();
    assert.deepEqual(told(chain), [endAt(2)]);
    assert.match(chain.problems[0]?.message ?? "", /the end of another run/);
  });

  it("takes no snapshot that its host has not signed", async () => {
    for (const by of [[], [stranger], [{ ...signer, sign: async () => new Uint8Array(64) }]]) {
      await replace(endAt(2), await signedAnew(2, by));
      const chain = await follow();
      assert.deepEqual(told(chain), [endAt(2)]);
      assert.match(chain.problems[0]?.message ?? "", /signed|signature/);
      assert.ok(!chain.links.has(runAt(2)));
    }
  });

  it("takes it where the user has waived signatures", async () => {
    await replace(endAt(2), await signedAnew(2, []));
    const chain = await follow(NOTHING, "waived");
    assert.ok(chain.links.has(runAt(2)));
  });

  it("has no run given up by anybody but a keeper", async () => {
    const expired = encodeEnd({
      verdict: "expired",
      repository: site.unlocked.settings.repository,
      run: runAt(2),
    });
    await replace(endAt(2), await signLines(expired, [stranger]));
    assert.deepEqual(told(await follow()), [endAt(2)]);
    await replace(endAt(2), await signLines(expired, [signer]));
    const chain = await follow();
    assert.deepEqual(told(chain), []);
    assert.deepEqual(chain.expired, [runAt(2)]);
  });

  it("does not give out a latest snapshot while one may be missing; others by their ids", async () => {
    await target.remove([endAt(1)]);
    const repository = new Repository(target, site.unlocked, site.means);
    const memory = () => NOTHING;
    await assert.rejects(findSnapshot(repository, "latest", HOST, memory), (error: unknown) => {
      return error instanceof CorruptError && error.object === endAt(1);
    });
    const found = await findSnapshot(repository, runAt(0).slice(-16), HOST, memory);
    assert.equal(found.end.run, runAt(0));
    assert.equal(found.chain.problems.length, 1);
    const waived = new Repository(target, site.unlocked, site.means, "waived");
    assert.equal((await findSnapshot(waived, "latest", HOST, memory)).end.run, runAt(2));
  });

  it("is followed without reading again what was read, but for what is remembered", async () => {
    const repository = (store: Target) => new Repository(store, site.unlocked, site.means);
    const history = await readHistory(target, HOST);
    const stubs: Stubs = new Map();
    const heads = [await headAt(2)];
    const { links: _, keys: __, ...whole } = await follow();
    for (const [remembered, reads] of [
      [NOTHING, 3],
      [NOTHING, 0],
      [{ heads, missed: [] }, 1],
    ] as const) {
      const watched = new FaultyTarget(target);
      const state = await followHeads(repository(watched), history, remembered, stubs);
      assert.deepEqual(state, whole);
      assert.equal(watched.log.length, reads);
    }
    // What is there is listed anew each time, and a remembered head is looked at.
    await target.remove([endAt(1)]);
    await replace(endAt(2), await signedAnew(2, []));
    const later = await readHistory(target, HOST);
    const told = await followHeads(repository(target), later, { heads, missed: [] }, stubs);
    assert.deepEqual(told.problems.map(({ object }) => object).sort(), [endAt(2)]);
  });

  it("is read anew where a cache makes no sense", () => {
    const stub = { object: endAt(0), hash: "0".repeat(64), heads: [] };
    const kept = new Map<string, Uint8Array>();
    const cache = {
      getState: (name: string) => kept.get(name),
      putState: (name: string, bytes: Uint8Array) => void kept.set(name, bytes),
    };
    assert.equal(knownStubs(cache).size, 0);
    rememberStubs(cache, new Map([[stub.object, stub]]));
    assert.deepEqual([...knownStubs(cache).values()], [stub]);
    const [name, bytes] = [...kept][0] ?? ["", new Uint8Array(0)];
    for (const garbage of ["", "{", "{}", '{"ends":[{"object":"x","hash":"y"}]}']) {
      kept.set(name, Buffer.from(garbage));
      assert.equal(knownStubs(cache).size, 0);
    }
    kept.set(name, bytes.subarray(0, -5));
    assert.equal(knownStubs(cache).size, 0);
  });

  it("goes on though something is missing, and tells so with each snapshot", async () => {
    await target.remove([endAt(2)]);
    const source = scratchDirectory();
    writeFileSync(join(source, "file"), "four");
    const heads = [await headAt(2)];
    const made = await backUp(site, target, source, { remembered: { heads, missed: [] } });
    assert.deepEqual(made.problems, []);
    assert.deepEqual(
      made.lost.map(({ object }) => object),
      [endAt(2)],
    );
    // The one that is new names what is gone: others learn of it too.
    const chain = await follow();
    assert.deepEqual(told(chain), [endAt(2)]);
  });
});
