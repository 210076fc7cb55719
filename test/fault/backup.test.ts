/**
 * A small simulation of the writer's side: whatever happens at whichever call
 * to the target, what was committed restores, and the next run goes on.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { runOfObject } from "../../src/format/names.ts";
import { listIndex, readIndex } from "../../src/repository/index-objects.ts";
import { Repository } from "../../src/repository/repository.ts";
import { SettledTarget } from "../../src/target/retry.ts";
import { audit } from "../support/audit.ts";
import type { Call, Schedule } from "../support/faults.ts";
import {
  CrashError,
  crashAt,
  crashBehind,
  FaultyTarget,
  lostReply,
  notDone,
} from "../support/faults.ts";
import type { Scene } from "../support/scenes.ts";
import { copyScene, scenes } from "../support/scenes.ts";
import { namesOf } from "../support/scratch.ts";
import { backUp, cacheDirectory, HOST } from "../support/site.ts";
import { chunksStored } from "../support/stored.ts";
import { assertSameTree } from "../support/tree.ts";

const RUNS = process.env["SLOW"] ? 100 : 5;

/** The calls that a backup makes if nothing happens. */
async function callsOf(scene: Scene): Promise<readonly Call[]> {
  const { site, source, store, cache } = await copyScene(scene);
  const target = new FaultyTarget(store);
  await backUp(site, target, source, { cache });
  return target.log;
}

/** Begins a run that dies. @returns the packs whose reply it lived to hear. */
async function cutOff(scene: Scene, schedule: Schedule): Promise<string[]> {
  const target = new FaultyTarget(scene.store, schedule);
  await assert.rejects(backUp(scene.site, target, scene.source, scene), CrashError);
  const dead = target.log.length;
  return target.log
    .filter(({ name, number }) => name.startsWith("packs/") && number < dead)
    .map(({ name }) => name);
}

/** Loses the cache: what is known after that is what index objects list. */
async function loseCache(scene: Scene): Promise<{ scene: Scene; known: string[] }> {
  const repository = new Repository(scene.store, scene.site.unlocked, scene.site.means);
  const known: string[] = [];
  for (const name of await listIndex(scene.store, HOST)) {
    const index = await readIndex(repository, name);
    if (index.holds === "places") known.push(...[...index.tables].map(({ pack }) => pack));
  }
  return { scene: { ...scene, cache: cacheDirectory() }, known };
}

/**
 * Runs once more, to the end, and audits what comes out.
 *
 * @param known - packs whose chunks must not be stored again.
 */
async function goOn(scene: Scene, known: readonly string[] = []): Promise<void> {
  const { site, source, store, cache, trees } = scene;
  const before = new Set(await namesOf(store.list("packs/")));
  const { summary } = await backUp(site, store, source, { cache });
  const packs = (await namesOf(store.list("packs/"))).filter((name) => !before.has(name));
  const stored = new Set(await chunksStored(site, store, known));
  const again = (await chunksStored(site, store, packs)).filter((id) => stored.has(id));
  assert.deepEqual(again, [], "chunks were stored again");

  const audited = await audit(site, store);
  assert.equal(audited.at(-1)?.run, summary.run);
  for (const [at, { tree }] of audited.entries()) {
    assertSameTree(tree, trees[Math.min(at, trees.length - 1)] ?? new Map());
  }
  const committed = new Set<string>(audited.map(({ run }) => run));
  const adopted = new Set<string>(audited.at(-1)?.end.adopts.map(({ run }) => run));
  for (const run of known.map(runOfObject)) {
    assert.ok(run && (committed.has(run) || adopted.has(run)), `${run} is neither`);
  }
}

for (const [which, made] of Object.entries(scenes)) {
  describe(`the ${which} backup`, () => {
    it("goes on where it was cut off, whichever create the process died behind", async () => {
      const scene = await made;
      for (const { number, operation } of await callsOf(scene)) {
        if (operation !== "create") continue;
        const copy = await copyScene(scene);
        await goOn(copy, await cutOff(copy, crashBehind(number)));
      }
    });

    it("goes on where it was cut off, with what was indexed, if the cache is lost as well", async () => {
      const scene = await made;
      for (const { number, operation } of await callsOf(scene)) {
        if (operation !== "create") continue;
        const copy = await copyScene(scene);
        await cutOff(copy, crashAt(number));
        const lost = await loseCache(copy);
        await goOn(lost.scene, lost.known);
      }
    });
  });
}

describe("a backup", () => {
  it("goes on where the first one was cut off, whichever call the process died at", async () => {
    const scene = await scenes.first;
    for (const { number } of await callsOf(scene)) {
      const copy = await copyScene(scene);
      await goOn(copy, await cutOff(copy, crashAt(number)));
    }
  });

  for (const [name, fault] of Object.entries({
    "is not done": notDone,
    "is done unheard": lostReply,
  })) {
    it(`does not notice that each call ${name} the first time`, async () => {
      const scene = await copyScene(await scenes.second);
      const met = new Set<string>();
      const once: Schedule = ({ operation, name }) => {
        const key = `${operation} ${name}`;
        if (met.has(key)) return undefined;
        met.add(key);
        return fault;
      };
      const target = new SettledTarget(new FaultyTarget(scene.store, once), [0, 0]);
      const { summary } = await backUp(scene.site, target, scene.source, scene);
      await goOn(scene, await namesOf(scene.store.list(`packs/${summary.run}/`)));
    });
  }

  it("survives replies that get lost and calls that are not done, in any pattern", async () => {
    const faults = fc.constantFrom(undefined, undefined, notDone, lostReply);
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(faults), async (stream) => {
        const scene = await copyScene(await scenes.first);
        const faulty = new FaultyTarget(scene.store, () => stream.next().value);
        const target = new SettledTarget(faulty, new Array<number>(50).fill(0));
        const { summary } = await backUp(scene.site, target, scene.source, scene);
        await goOn(scene, await namesOf(scene.store.list(`packs/${summary.run}/`)));
      }),
      { numRuns: RUNS },
    );
  });

  it("goes on however often it was cut off, with its cache or without", async () => {
    const cuts = fc.array(fc.record({ at: fc.integer({ min: 4, max: 16 }), lost: fc.boolean() }), {
      minLength: 2,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(cuts, async (deaths) => {
        let scene = await copyScene(await scenes.first);
        for (const { at, lost } of deaths) {
          const target = new FaultyTarget(scene.store, crashAt(at));
          await backUp(scene.site, target, scene.source, scene).catch(mustBeCrash);
          if (lost) scene = (await loseCache(scene)).scene;
        }
        await goOn(scene);
      }),
      {
        numRuns: RUNS,
        // The index of the first run's packs is the second's, and the third needs nothing else of it.
        examples: [
          [
            [
              { at: 10, lost: false },
              { at: 12, lost: false },
            ],
          ],
        ],
      },
    );
  });
});

function mustBeCrash(error: unknown): void {
  assert.ok(error instanceof CrashError);
}
