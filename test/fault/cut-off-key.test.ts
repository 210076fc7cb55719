/**
 * What a run that was cut off has stored is only worth its key: whoever can
 * write to the store may change that before the next run takes the rest over.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CorruptError } from "../../src/errors.ts";
import type { RunName } from "../../src/format/names.ts";
import { beginName, endName, runKeyName, runOfObject } from "../../src/format/names.ts";
import { followChain } from "../../src/repository/chain.ts";
import { readHistory } from "../../src/repository/history.ts";
import { Repository } from "../../src/repository/repository.ts";
import { SessionKeys } from "../../src/repository/session-keys.ts";
import { audit } from "../support/audit.ts";
import { CrashError, crashAt, FaultyTarget } from "../support/faults.ts";
import type { Scene } from "../support/scenes.ts";
import { copyScene, scenes } from "../support/scenes.ts";
import { namesOf } from "../support/scratch.ts";
import { backUp, cacheDirectory, HOST } from "../support/site.ts";
import { assertSameTree } from "../support/tree.ts";

const MANY = 2 ** 30;

/** A first backup that dies just before it commits. */
async function cutOff(): Promise<{ scene: Scene; run: RunName }> {
  const scene = await copyScene(await scenes.first);
  const rehearsal = await copyScene(scene);
  const counted = new FaultyTarget(rehearsal.store);
  await backUp(rehearsal.site, counted, rehearsal.source, rehearsal);
  const { site, source, store } = scene;
  const dying = new FaultyTarget(store, crashAt(counted.log.length));
  await assert.rejects(backUp(site, dying, source, scene), CrashError);
  const [begin] = await namesOf(store.list("runs/"));
  const run = runOfObject(begin ?? "");
  assert.ok(run);
  return { scene, run };
}

const packsOf = async ({ store }: Scene) => (await namesOf(store.list("packs/"))).length;

/** How the store spoils what the run was begun with, and whether that is told. */
const vices: Record<
  string,
  { spoil(scene: Scene, run: RunName): Promise<void>; told: (run: RunName) => string[] }
> = {
  "another key in its place": {
    async spoil({ store }, run) {
      const key = await store.read(runKeyName(run), MANY);
      await store.remove([runKeyName(run)]);
      await store.create(runKeyName(run), Buffer.concat([key, Buffer.from("\n")]));
    },
    told: (run) => [runKeyName(run)],
  },
  "no key any more": {
    spoil: ({ store }, run) => store.remove([runKeyName(run)]),
    told: () => [],
  },
  "a begin that nobody signed": {
    async spoil({ store }, run) {
      const bytes = Buffer.from(await store.read(beginName(run), MANY));
      await store.remove([beginName(run)]);
      await store.create(beginName(run), bytes.subarray(0, bytes.indexOf("\n") + 1));
    },
    told: (run) => [beginName(run)],
  },
  "no begin any more": {
    spoil: ({ store }, run) => store.remove([beginName(run)]),
    told: (run) => [beginName(run)],
  },
};

describe("a run that was cut off", () => {
  it("is taken over whole, and told of nowhere, if it is as it was", async () => {
    const { scene } = await cutOff();
    const before = await packsOf(scene);
    assert.ok(before > 1);
    const { lost } = await backUp(scene.site, scene.store, scene.source, scene);
    assert.deepEqual(lost, []);
    const [audited] = await audit(scene.site, scene.store);
    assert.equal(audited?.end.adopts.length, 1);
    assert.equal(await packsOf(scene), before);
  });

  for (const [vice, { spoil, told }] of Object.entries(vices)) {
    for (const memory of ["its cache", "no cache"]) {
      it(`is stored again with ${vice}, by a host with ${memory}`, async () => {
        const { scene, run } = await cutOff();
        const { site, store, source, trees } = scene;
        const before = await packsOf(scene);
        await spoil(scene, run);
        const cache = memory === "its cache" ? scene.cache : cacheDirectory();
        const { lost } = await backUp(site, store, source, { cache });
        assert.deepEqual(
          lost.map(({ object }) => object),
          told(run),
        );
        const audited = await audit(site, store);
        assert.equal(audited.length, 1);
        assert.deepEqual(audited[0]?.end.adopts, []);
        assertSameTree(audited[0]?.tree ?? new Map(), trees[0] ?? new Map());
        assert.ok((await packsOf(scene)) > before);
        // And from then on it is as well known as anything.
        const stored = await packsOf(scene);
        await backUp(site, store, source, { cache });
        assert.equal(await packsOf(scene), stored);
      });
    }
  }
});

describe("a run whose end is spoilt", () => {
  async function spoilt(): Promise<{ scene: Scene; run: RunName }> {
    const scene = await copyScene(await scenes.second);
    const { store } = scene;
    const [end] = (await namesOf(store.list("runs/"))).filter((name) => name.endsWith("/end"));
    const run = runOfObject(end ?? "");
    assert.ok(run);
    await store.remove([endName(run)]);
    await store.create(endName(run), Buffer.from("nonsense\n"));
    return { scene, run };
  }

  it("is taken over by the next, which needs what it stored", async () => {
    const { scene, run } = await spoilt();
    const { site, store, source } = scene;
    // A host that has read the end before does not read it again: others find out.
    const cache = cacheDirectory();
    const { lost, summary } = await backUp(site, store, source, { cache });
    assert.deepEqual(
      lost.map(({ object }) => object),
      [endName(run)],
    );
    const repository = new Repository(store, site.unlocked, site.means);
    const history = await readHistory(store, HOST);
    const chain = await followChain(repository, history, { heads: [], missed: [] });
    assert.deepEqual(
      chain.links.get(summary.run)?.end.adopts.map((adopted) => adopted.run),
      [run],
    );
    assert.ok(chain.keys.has(run));
  });

  it("has its key vouched for by its begin, and by nothing if that is gone", async () => {
    const { scene, run } = await spoilt();
    const { site, store } = scene;
    const repository = new Repository(store, site.unlocked, site.means);
    const key = () => new SessionKeys(repository, site.identity, new Map()).key(run);
    assert.equal((await key()).key.length, 32);
    const begin = await store.read(beginName(run), MANY);
    await store.remove([beginName(run)]);
    await assert.rejects(key(), CorruptError);
    await store.create(beginName(run), begin);
    await vices["another key in its place"]?.spoil(scene, run);
    await assert.rejects(key(), CorruptError);
  });
});

describe("a run that was cut off, and whose index is damaged", () => {
  it("keeps no backup from being committed", async () => {
    const { scene, run } = await cutOff();
    const { site, store, source, trees } = scene;
    const [index] = await namesOf(store.list(`index/${run}/`));
    assert.ok(index);
    await store.remove([index]);
    await store.create(index, Buffer.from("nonsense"));
    const { lost } = await backUp(site, store, source, { cache: cacheDirectory() });
    assert.deepEqual(
      lost.map(({ object }) => object),
      [index],
    );
    const audited = await audit(site, store);
    assertSameTree(audited.at(-1)?.tree ?? new Map(), trees[0] ?? new Map());
  });
});
