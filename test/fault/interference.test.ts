/** What else may happen to a repository while a host works: gc, a full disk, an older copy. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Filter } from "../../src/disk/filter.ts";
import type { Found } from "../../src/disk/walk.ts";
import { UnavailableError, UsageError } from "../../src/errors.ts";
import { endName, runOfObject } from "../../src/format/names.ts";
import { encodeEnd } from "../../src/format/run.ts";
import { Repository } from "../../src/repository/repository.ts";
import { signLines } from "../../src/repository/signatures.ts";
import type { MemoryTarget } from "../../src/target/memory.ts";
import { audit } from "../support/audit.ts";
import type { Schedule } from "../support/faults.ts";
import { CrashError, crashAt, FaultyTarget, fullDisk } from "../support/faults.ts";
import { restoreAll } from "../support/harvest.ts";
import type { Scene } from "../support/scenes.ts";
import { copyScene, scenes } from "../support/scenes.ts";
import { namesOf, scratchDirectory } from "../support/scratch.ts";
import { backUp, cacheDirectory, HOST, session, signer } from "../support/site.ts";
import { copyOf } from "../support/stored.ts";
import { assertSameTree, directory, file, plant, survey } from "../support/tree.ts";

/** Audits all snapshots, and holds them against the trees that were backed up, in order. */
async function assertHolds({ site, store }: Scene, trees: Scene["trees"]): Promise<void> {
  const audited = await audit(site, store);
  assert.equal(audited.length, trees.length);
  for (const [at, { tree }] of audited.entries()) assertSameTree(tree, trees[at] ?? new Map());
}

/** Somebody gives each run up just before it would commit, so many times. */
function expiring({ store, site }: Scene, times: number): Schedule {
  let left = times;
  return ({ operation, name }) => {
    const run = runOfObject(name);
    if (operation !== "create" || run === undefined || name !== endName(run) || left === 0) return;
    left -= 1;
    const { repository } = site.unlocked.settings;
    const expired = encodeEnd({ verdict: "expired", repository, run });
    return {
      before: async () => void (await store.create(name, await signLines(expired, [signer]))),
    };
  };
}

describe("gc", () => {
  for (const [which, times] of [
    ["first", 1],
    ["second", 3],
  ] as const) {
    it(`may give the ${which} backup up ${times} times: another run adopts what it stored`, async () => {
      const scene = await copyScene(await scenes[which]);
      const { site, source, store, trees } = scene;
      const packs = async () => (await namesOf(store.list("packs/"))).length;
      const { summary } = await backUp(
        site,
        new FaultyTarget(store, expiring(scene, times)),
        source,
        scene,
      );
      const stored = await packs();
      await assertHolds(scene, trees);
      const last = (await audit(site, store)).at(-1);
      assert.equal(last?.run, summary.run);
      assert.notDeepEqual(last?.end.adopts, []);

      await backUp(site, store, source, scene);
      assert.equal(await packs(), stored, "nothing was new");
      await assertHolds(scene, [...trees, ...trees.slice(-1)]);
    });
  }

  it("is not understood by this version: it leaves such a repository alone", async () => {
    for (const name of ["gc/00000001/begin", "lost/00000001"]) {
      const scene = await copyScene(await scenes.second);
      await scene.store.create(name, new Uint8Array(1));
      const refused = (error: unknown) =>
        error instanceof UsageError && error.exitCode === 2 && error.message.includes(name);
      await assert.rejects(backUp(scene.site, scene.store, scene.source, scene), refused);
      await assertHolds(scene, scene.trees.slice(0, 1));
    }
  });
});

describe("a full target", () => {
  it("is reported as such, spoils nothing, and is gone on with once there is room", async () => {
    const capacities = { first: [100, 400_000, 1_100_000], second: [100, 400_000] };
    for (const which of ["first", "second"] as const) {
      for (const capacity of capacities[which]) {
        const scene = await copyScene(await scenes[which]);
        const { site, source, store, trees } = scene;
        const target = new FaultyTarget(store, fullDisk(capacity));
        const full = (error: unknown) => error instanceof UnavailableError && error.exitCode === 4;
        await assert.rejects(backUp(site, target, source, scene), full);
        await assertHolds(scene, trees.slice(0, -1));
        await backUp(site, store, source, scene);
        await assertHolds(scene, trees);
      }
    }
  });
});

describe("a cache that is ahead of its repository", () => {
  /** What was stored after `older` is gone, and the cache still knows it. */
  async function goBack(scene: Scene, older: MemoryTarget): Promise<void> {
    const { site, source, cache, trees } = scene;
    await backUp(site, older, source, { cache });
    await assertHolds({ ...scene, store: older }, trees);
  }

  it("is not believed when the repository is an older copy", async () => {
    for (const which of ["first", "second"] as const) {
      const scene = await copyScene(await scenes[which]);
      const older = await copyOf(scene.store);
      await backUp(scene.site, scene.store, scene.source, scene);
      await goBack(scene, older);
    }
  });

  it("is not believed even if what it knows was in no index object yet", async () => {
    for (const which of ["first", "second"] as const) {
      const scene = await copyScene(await scenes[which]);
      const older = await copyOf(scene.store);
      const dying: Schedule = (call) =>
        call.name.startsWith("index/") ? crashAt(0)(call) : undefined;
      const target = new FaultyTarget(scene.store, (call) =>
        call.operation === "create" ? dying(call) : undefined,
      );
      await assert.rejects(backUp(scene.site, target, scene.source, scene), CrashError);
      assert.notEqual(
        (await namesOf(scene.store.list("packs/"))).length,
        (await namesOf(older.list("packs/"))).length,
      );
      await goBack(scene, older);
    }
  });

  it("is not believed when an index object has disappeared", async () => {
    const scene = await copyScene(await scenes.second);
    const { site, source, store, cache, trees } = scene;
    const [places] = await namesOf(store.list("index/"));
    await store.remove([places ?? ""]);
    const { summary } = await backUp(site, store, source, { cache });
    const [tree] = await restoreAll(site, store, [summary.run]);
    assertSameTree(tree ?? new Map(), trees.at(-1) ?? new Map());
  });
});

describe("a backup beside another of the same host", () => {
  it("does not take the other's new index objects for a sign of an older repository", async () => {
    const scene = await copyScene(await scenes.first);
    const { site, source, store, trees } = scene;
    const cache = cacheDirectory();
    let isOther = false;
    // The other run commits while this one has just listed the index.
    const target = new FaultyTarget(store, ({ operation, name }) => {
      if (operation !== "list" || !name.startsWith("index/") || isOther) return;
      isOther = true;
      return { behind: async () => void (await backUp(site, store, source, { cache })) };
    });
    await backUp(site, target, source, { cache });
    await backUp(site, store, source, { cache });
    await assertHolds(scene, [...trees, ...trees, ...trees]);
  });
});

describe("a tree that changes while it is backed up", () => {
  /** Changes the tree once the walk has seen an entry, and before it is opened. */
  class Meddler extends Filter {
    readonly #changes: Readonly<Record<string, () => void>>;

    constructor(changes: Readonly<Record<string, () => void>>) {
      super([]);
      this.#changes = changes;
    }

    override reasonFor({ path }: Found): undefined {
      this.#changes[path]?.();
    }
  }

  for (const workers of [0, 2]) {
    it(`is stored but for what is gone, which is named, with ${workers} threads`, async () => {
      const scene = await copyScene(await scenes.first);
      const { site, store, cache } = scene;
      const source = scratchDirectory();
      const names = ["directory", "fifo", "gone", "grown", "kept", "link"];
      plant(source, directory(Object.fromEntries(names.map((name) => [name, file(name)]))));
      const at = (name: string) => join(source, name);
      const replace = (name: string, make: () => void) => () => {
        rmSync(at(name), { recursive: true });
        make();
      };
      const filter = new Meddler({
        directory: replace("directory", () => mkdirSync(at("directory"))),
        fifo: replace("fifo", () => void spawnSync("mkfifo", [at("fifo")])),
        gone: replace("gone", () => {}),
        grown: () => writeFileSync(at("grown"), "grown, and of another day"),
        link: replace("link", () => symlinkSync("kept", at("link"))),
      });
      const { summary, problems } = await backUp(site, store, source, { cache, filter, workers });
      const lost = ["directory", "fifo", "gone", "link"];
      assert.deepEqual(problems.map(({ path }) => path).sort(), lost);
      assert.equal(summary.totals.problems, lost.length);

      const [tree] = await restoreAll(site, store, [summary.run]);
      const now = survey(source);
      const kept = ["", "grown", "kept"].map((path) => [path, now.get(path)] as const);
      for (const [path, seen] of kept.slice(1)) assert.equal(tree?.get(path)?.looks, seen?.looks);
      assert.deepEqual(
        [...(tree?.keys() ?? [])],
        kept.map(([path]) => path),
      );

      rmSync(at("fifo"));
      const next = await backUp(site, store, source, { cache, workers });
      const [whole] = await restoreAll(site, store, [next.summary.run]);
      assertSameTree(whole ?? new Map(), survey(source));
    });
  }
});

describe("an index object that is damaged, or somebody else's", () => {
  it("is told of, and keeps no backup from going on", async () => {
    const scene = await copyScene(await scenes.second);
    const { site, source, store, cache } = scene;
    const [own] = await namesOf(store.list(`index/${HOST}/`));
    assert.ok(own);
    const bytes = await store.read(own, 2 ** 30);
    const planted = `index/${HOST}/0000000009-${"a".repeat(16)}/00000000`;
    await store.create(planted, bytes);
    const repository = new Repository(store, site.unlocked, site.means);
    const bomb = `index/${HOST}/0000000009-${"a".repeat(16)}/00000001`;
    await store.create(bomb, repository.seal(Buffer.alloc(2 ** 24, " ")));
    // What they list counts as absent where the cache does not know better.
    const { lost } = await backUp(site, store, source, { cache: cacheDirectory() });
    const found = new Map(lost.map(({ object, message }) => [object.split(",")[0], message]));
    assert.match(found.get(planted) ?? "", /another index object/);
    assert.deepEqual([...found.keys()].sort(), [planted, bomb]);
    await store.remove([planted, bomb]);
    assert.deepEqual((await backUp(site, store, source, { cache })).lost, []);
    const audited = await audit(site, store);
    assertSameTree(audited.at(-1)?.tree ?? new Map(), scene.trees.at(-1) ?? new Map());
    await store.remove([own]);
    await store.create(own, bytes.subarray(0, -1));
    const { lost: damaged } = await backUp(site, store, source, { cache: cacheDirectory() });
    assert.deepEqual(
      damaged.map(({ object }) => object),
      [own],
    );
  });
});

describe("a cache that another process begins anew", () => {
  it("costs the run that was under way, and no snapshot its index", async () => {
    const scene = await copyScene(await scenes.first);
    const { site, store, source, cache, trees } = scene;
    const packs: Schedule = ({ operation, name }) => {
      if (operation !== "create" || !name.startsWith("packs/")) return;
      return { before: () => session(site, store, cache, async (other) => other.cache.clear()) };
    };
    await assert.rejects(
      backUp(site, new FaultyTarget(store, packs), source, { cache }),
      UnavailableError,
    );
    await backUp(site, store, source, { cache });
    await assertHolds(scene, trees);
  });
});
