/**
 * A cache that fails at any of its writes, or whose process dies there: also
 * between a pack that is stored and the record of it. The repository is whole,
 * and the next run goes on.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { Environment } from "../../src/cache/environment.ts";
import { UnavailableError } from "../../src/errors.ts";
import { audit } from "../support/audit.ts";
import type { Scene } from "../support/scenes.ts";
import { copyScene, scenes } from "../support/scenes.ts";
import { backUp } from "../support/site.ts";
import { tablesOf } from "../support/stored.ts";
import { assertSameTree } from "../support/tree.ts";

/** Write number -> whether it is done, fails, or is done and fails. */
type Plan = (number: number) => "done" | "fails" | "is done, unheard";

/** Has the cache of this process write by a plan. @returns how many writes it came to. */
async function writingBy(t: TestContext, plan: Plan, work: () => Promise<void>): Promise<number> {
  const write = Environment.prototype.write;
  let number = 0;
  const mock = t.mock.method(Environment.prototype, "write", function <
    T,
  >(this: Environment, action: () => T): T {
    number += 1;
    const fate = plan(number);
    if (fate === "fails") throw new UnavailableError("the cache's disk is full");
    const result = write.call(this, action) as T;
    if (fate === "is done, unheard") throw new UnavailableError("the cache's disk is full");
    return result;
  });
  try {
    await work();
  } finally {
    mock.mock.restore();
  }
  return number;
}

async function run({ site, store, source, cache }: Scene): Promise<void> {
  await backUp(site, store, source, { cache });
}

/** Packs of which something was stored again in a later one. */
async function packsSentAgain({ site, store }: Scene): Promise<Set<string>> {
  const first = new Map<string, string>();
  const again = new Set<string>();
  for (const { pack, parts } of await tablesOf(site, store)) {
    for (const { id } of parts.flatMap(({ frames }) => frames.flatMap(({ chunks }) => chunks))) {
      const before = first.get(id);
      if (before === undefined) first.set(id, pack);
      else again.add(before);
    }
  }
  return again;
}

const NOT_SLOW = process.env["SLOW"] ? false : "only with SLOW=1";

for (const [which, made] of Object.entries(scenes)) {
  for (const fate of ["fails", "is done, unheard"] as const) {
    const skip = which === "first" && fate === "fails" ? false : NOT_SLOW;
    describe(`the ${which} backup`, { skip }, () => {
      it(`is told of the cache, whichever write ${fate}, and goes on the next time`, async (t) => {
        const writes = await writingBy(
          t,
          () => "done",
          async () => run(await copyScene(await made)),
        );
        assert.ok(writes > 8, `${writes} writes`);
        for (let at = 1; at <= writes; at += 1) {
          const scene = await copyScene(await made);
          const plan: Plan = (number) => (number < at ? "done" : number === at ? fate : "fails");
          let failure: unknown;
          const came = await writingBy(t, plan, async () => {
            failure = await run(scene).catch((error: unknown) => error);
          });
          // How many there are depends on what is waiting when something is written.
          if (came >= at) {
            assert.ok(failure instanceof UnavailableError, `write ${at}: ${failure}`);
            assert.match(failure.message, /disk is full/);
          }
          await run(scene);
          const again = await packsSentAgain(scene);
          // One was stored, and it was not said so.
          assert.ok(again.size <= 1, `write ${at}: ${[...again].join(" ")}`);
          const audited = await audit(scene.site, scene.store);
          assertSameTree(audited.at(-1)?.tree ?? new Map(), scene.trees.at(-1) ?? new Map());
        }
      });
    });
  }
}
