/** Snapshots that somebody took away, forged or exchanged: everybody hears of it, and backups go on. */
import assert from "node:assert/strict";
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { RunName } from "../../src/format/names.ts";
import { endName } from "../../src/format/names.ts";
import type { SnapshotEnd } from "../../src/format/run.ts";
import { decodeEnd, encodeEnd } from "../../src/format/run.ts";
import { decodeSigned } from "../../src/format/signed.ts";
import { signLines } from "../../src/repository/signatures.ts";
import { snapshotId } from "../../src/repository/snapshots.ts";
import type { Signer } from "../../src/seal/signature.ts";
import { makeStranger, put, remove, swap, take } from "../support/attacker.ts";
import { objectsOf } from "../support/command.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { fingerprintOf } from "../support/trees.ts";
import { assertTells, idsOf, succeeded } from "../support/verdicts.ts";
import type { Layer, World } from "../support/world.ts";
import { backUpAnew, copyWorld, keyOf, makeWorld, signerOf, treeOf } from "../support/world.ts";

let original: World;
let layers: Layer[];
/** The store as it was before the last snapshot. */
const before3 = join(scratchDirectory(), "target");

before(async () => {
  original = await makeWorld();
  layers = [await backUpAnew(original, 1), await backUpAnew(original, 2)];
  cpSync(original.target, before3, { recursive: true });
  layers.push(await backUpAnew(original, 3));
});

const runAt = (at: number): RunName => layers[at]?.run as RunName;
const idAt = (at: number) => snapshotId(runAt(at));
const endAt = (at: number) => endName(runAt(at));

function endOf({ target }: World, at: number): SnapshotEnd {
  const end = decodeEnd("x", decodeSigned("x", take(target, endAt(at))).body);
  assert.ok(end.verdict === "snapshot");
  return end;
}

async function putEnd(
  { target }: World,
  at: number,
  end: SnapshotEnd,
  signers: readonly Signer[],
): Promise<void> {
  put(target, endAt(at), await signLines(encodeEnd(end), signers));
}

describe("an end that is not as its host left it", { concurrency: 2 }, () => {
  type Deed = readonly [what: string, deed: (world: World) => Promise<void>, ...spoilt: number[]];
  const deeds: readonly Deed[] = [
    ["is not signed", (world) => putEnd(world, 2, endOf(world, 2), []), 2],
    [
      "is signed by a stranger",
      async (world) => putEnd(world, 2, endOf(world, 2), [await makeStranger()]),
      2,
    ],
    [
      "is signed by another host",
      async (world) => putEnd(world, 2, endOf(world, 2), [await signerOf(world.mallory)]),
      2,
    ],
    [
      "is signed by another host under its name",
      async (world) => {
        const { fingerprint } = await signerOf(world.web);
        const mallory = await signerOf(world.mallory);
        await putEnd(world, 2, endOf(world, 2), [{ ...mallory, fingerprint }]);
      },
      2,
    ],
    [
      "is of another repository that the host signs for",
      async (world) => {
        const other = { ...endOf(world, 2), repository: "0".repeat(32) };
        await putEnd(world, 2, other, [await signerOf(world.web)]);
      },
      2,
    ],
    [
      "says that it has expired, in a host's word",
      async ({ target, web }) => {
        const { repository } = endOf({ target } as World, 1);
        const expired = encodeEnd({ verdict: "expired", repository, run: runAt(1) });
        put(target, endAt(1), await signLines(expired, [await signerOf(web)]));
      },
      1,
    ],
    ["is in another's place", async ({ target }) => swap(target, endAt(0), endAt(1)), 0, 1],
    ["is missing in the middle", async ({ target }) => remove(target, endAt(1)), 1],
  ];
  for (const [what, deed, ...spoilt] of deeds) {
    it(`is told, and is no snapshot, where it ${what}`, async () => {
      const world = copyWorld(original);
      await deed(world);
      const listed = await world.web.varve("snapshots", "--json");
      assertTells(listed, ...spoilt.map(endAt));
      const left = [0, 1, 2].filter((at) => !spoilt.includes(at));
      assert.deepEqual(idsOf(listed), left.map(idAt));
    });
  }
});

describe("a last snapshot that was taken away", () => {
  let world: World;
  before(() => {
    world = copyWorld(original);
    remove(world.target, endAt(2));
  });

  it("is told by whoever saw it", async () => {
    assertTells(await world.web.varve("snapshots"), endAt(2));
    assertTells(await world.web.varve("check"), endAt(2));
  });

  it("keeps the one before from being taken for the latest", async () => {
    const variables = { VARVE_IDENTITY: keyOf(world.owner) };
    assertTells(await world.web.run(["restore", "--to", "latest"], { variables }), endAt(2));
    assert.ok(!existsSync(join(world.web.home, "latest")));
  });

  it("is told with others that are restored by their ids", async () => {
    const variables = { VARVE_IDENTITY: keyOf(world.owner) };
    const args = ["restore", "--to", "second", "--snapshot", idAt(1)];
    assertTells(await world.web.run(args, { variables }), endAt(2));
    assert.equal(fingerprintOf(join(world.web.home, "second")), layers[1]?.fingerprint);
  });

  it("is told by backups, which are made", async () => {
    const made = await world.web.varve("backup", "--json", treeOf(world.web));
    assertTells(made, endAt(2));
    assert.match(made.err, /the backup is there, but not 1 earlier object/);
    const listed = await world.web.varve("snapshots", "--json");
    assertTells(listed, endAt(2));
    const [id] = idsOf(made);
    assert.deepEqual(idsOf(listed), [idAt(0), idAt(1), id]);
  });

  it("is from then on told to those who never saw it", async () => {
    assertTells(await world.owner.varve("snapshots"), endAt(2));
  });

  it("is told no more to who has accepted that", async () => {
    assert.ok(succeeded(await world.web.varve("key", "accept")).out.includes(endAt(2)));
    succeeded(await world.web.varve("snapshots"));
    succeeded(await world.web.varve("backup", treeOf(world.web)));
    const variables = { VARVE_IDENTITY: keyOf(world.owner) };
    succeeded(await world.web.run(["restore", "--to", "latest"], { variables }));
    assert.equal(fingerprintOf(join(world.web.home, "latest")), layers[2]?.fingerprint);
  });
});

describe("an old state of the whole store", () => {
  it("is told, and a backup stores again what is gone", async () => {
    const world = copyWorld(original);
    rmSync(world.target, { recursive: true });
    cpSync(before3, world.target, { recursive: true });
    assertTells(await world.web.varve("snapshots"), endAt(2));
    const made = await world.web.varve("backup", "--json", treeOf(world.web));
    assertTells(made, endAt(2));
    const stored = objectsOf(made).find(({ event }) => event === "snapshot");
    assert.ok(Number(stored?.["newBytes"]) >= 100_000, made.out);
    succeeded(await world.web.varve("key", "accept"));
    const variables = { VARVE_IDENTITY: keyOf(world.owner) };
    succeeded(await world.web.run(["restore", "--to", "out"], { variables }));
    assert.equal(fingerprintOf(join(world.web.home, "out")), layers[2]?.fingerprint);
  });
});
