/**
 * What a host of the repository can do to others, who has its secret, and may write and delete
 * whatever he likes: nobody believes him but what he says of himself.
 */
import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { RunName } from "../../src/format/names.ts";
import { endName, indexName } from "../../src/format/names.ts";
import { snapshotId } from "../../src/repository/snapshots.ts";
import { put, take } from "../support/attacker.ts";
import { amendSummary, forgeSnapshot, removeRun } from "../support/forgery.ts";
import {
  assertRestores,
  assertRestoresDespite,
  assertRestoresNothingWrong,
} from "../support/newcomer.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { fingerprintOf, noise } from "../support/trees.ts";
import { assertTells, idsOf, succeeded } from "../support/verdicts.ts";
import type { Layer, World } from "../support/world.ts";
import { backUpAnew, change, copyWorld, keyOf, makeWorld, treeOf } from "../support/world.ts";

let original: World;
let first: Layer;
let last: Layer;
/** What mallory backs up: the content that the next tree brings, before it does. */
const ahead = scratchDirectory();

before(async () => {
  original = await makeWorld();
  first = await backUpAnew(original, 1);
  last = await backUpAnew(original, 2);
  writeFileSync(join(ahead, "file"), noise(100_000, 3));
});

/** Whatever was said of its content before: the next snapshot is whole. */
async function assertStoresAll(world: World): Promise<void> {
  await assertRestores(world, await backUpAnew(world, 3));
}

describe("an index object", { concurrency: 2 }, () => {
  it("by another host in this one's name is not believed, by the cache or without it", async () => {
    const world = copyWorld(original);
    const forged = await forgeSnapshot(world, "web-1", ahead);
    for (const kind of ["runs", "packs"]) {
      rmSync(join(world.target, kind, forged), { recursive: true });
    }
    // It says that all of the next tree is there already. What is stored tells whether a host believes it.
    const known = await backUpAnew(world, 3, indexName(forged, 0));
    await assertRestoresDespite(world, known, indexName(forged, 0));
    rmSync(join(world.web.home, ".cache"), { recursive: true });
    const unknown = await backUpAnew(world, 4, indexName(forged, 0));
    await assertRestoresDespite(world, last, indexName(forged, 0));
    assertTells(await world.web.varve("check"), indexName(forged, 0));
    removeRun(world, forged);
    await assertRestores(world, known);
    await assertRestores(world, unknown);
  });

  it("by another host in its own name is none of this one's business", async () => {
    const world = copyWorld(original);
    const own = await forgeSnapshot(world, "mallory", ahead);
    rmSync(join(world.target, "packs", own), { recursive: true });
    await assertStoresAll(world);
  });

  it("of another run, or of another number, is not taken for it", async () => {
    for (const other of [indexName(first.run, 0), indexName(last.run, 1)]) {
      const world = copyWorld(original);
      put(world.target, indexName(last.run, 0), take(world.target, other));
      rmSync(join(world.web.home, ".cache"), { recursive: true });
      await assertRestoresNothingWrong(world, last, indexName(last.run, 0));
      const next = await backUpAnew(world, 3, indexName(last.run, 0));
      await assertRestoresDespite(world, next, indexName(last.run, 0));
      assertTells(await world.web.varve("check"), indexName(last.run, 0));
    }
  });

  it("of another repository is not taken for it", async () => {
    const world = copyWorld(original);
    const other = await makeWorld();
    const { run } = await backUpAnew(other, 1);
    put(world.target, indexName(last.run, 0), take(other.target, indexName(run, 0)));
    await assertRestoresNothingWrong(world, last, indexName(last.run, 0));
  });
});

describe("a snapshot that another host made in a host's name", () => {
  let world: World;
  let forged: RunName;
  before(async () => {
    world = copyWorld(original);
    forged = await forgeSnapshot(world, "web-1", ahead);
  });
  const restore = async (to: string, ...flags: string[]) => {
    const args = ["restore", "--to", to, "--snapshot", snapshotId(forged), ...flags];
    const variables = { VARVE_IDENTITY: keyOf(world.owner) };
    return await world.web.run(args, { variables });
  };

  it("is none", async () => {
    const listed = await world.web.varve("snapshots", "--json");
    assertTells(listed, endName(forged));
    assert.deepEqual(
      idsOf(listed),
      [first, last].map(({ run }) => snapshotId(run)),
    );
    assertTells(await restore("none"), endName(forged));
    assert.ok(!existsSync(join(world.web.home, "none")));
  });

  it("is restored with --allow-unsigned, which says what that means, also with -q", async () => {
    const taken = succeeded(await restore("taken", "--allow-unsigned", "-q"));
    assert.match(taken.err, /nobody vouches for what is restored/);
    assert.equal(fingerprintOf(join(world.web.home, "taken")), fingerprintOf(ahead));
  });

  it("has left nothing behind that is missed or believed later", async () => {
    for (const kind of ["runs", "packs"]) {
      rmSync(join(world.target, kind, forged), { recursive: true });
    }
    succeeded(await world.web.varve("snapshots"));
    // Had the cache kept what was taken unsigned, it would be believed now.
    change(world, 3);
    const made = await world.web.varve("backup", treeOf(world.web));
    assertTells(made, `${indexName(forged, 0)} is damaged`);
    removeRun(world, forged);
    await assertStoresAll(world);
  });
});

describe("a snapshot that a host of the repository made", () => {
  let world: World;
  let own: RunName;
  before(async () => {
    world = copyWorld(original);
    own = await forgeSnapshot(world, "mallory", ahead);
  });

  it("does not speak to the terminal", async () => {
    await amendSummary(world, own, { tags: ["\u001b[2Jred\u202e"] });
    const listed = succeeded(await world.web.varve("snapshots"));
    assert.match(listed.out, /mallory .*\[\\u\{1b\}\[2Jred\\u\{202e\}\]/);
  });

  for (const [what, lie, problem] of [
    ["passes for no other host's", { host: "web-1" }, /damaged: it says that it is of host web-1/],
    ["has a time that there is", { begun: 9e15 }, /"begun" should be/],
  ] as const) {
    it(`${what}, nor hides the others`, async () => {
      await amendSummary(world, own, lie);
      const listed = await world.web.varve("snapshots", "--json");
      assertTells(listed, endName(own));
      assert.match(listed.err, problem);
      assert.deepEqual(
        idsOf(listed),
        [first, last].map(({ run }) => snapshotId(run)),
      );
    });
  }
});

describe("a host that somebody made up", () => {
  it("is looked at like others, whatever its name means to JavaScript", async () => {
    const world = copyWorld(original);
    put(world.target, "runs/constructor/0000000001-0123456789abcdef/begin", Buffer.from("?"));
    for (const command of ["snapshots", "check"]) succeeded(await world.web.varve(command));
  });
});
