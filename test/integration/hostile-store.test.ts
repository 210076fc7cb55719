/** Keys and packs that somebody planted, exchanged or cut: nothing wrong is restored, and what is lost is told. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { keysName, runKeyName } from "../../src/format/names.ts";
import { encodeRepositoryKeys, encodeSessionKey } from "../../src/format/secret.ts";
import { put, remove, swap, take } from "../support/attacker.ts";
import { sealToReaders } from "../support/forgery.ts";
import { assertRestores, assertRestoresNothingWrong } from "../support/newcomer.ts";
import { filesBelow } from "../support/trees.ts";
import { assertTells, succeeded } from "../support/verdicts.ts";
import type { Layer, World } from "../support/world.ts";
import { backUpAnew, copyWorld, makeWorld } from "../support/world.ts";

/** Mallory's, for whatever he wants to be opened with it. */
const KEY = new Uint8Array(32).fill(7);
/** Bytes of a sealed segment. */
const SEALED = 4096 + 86;

let original: World;
let first: Layer;
let last: Layer;

before(async () => {
  original = await makeWorld();
  first = await backUpAnew(original, 1);
  last = await backUpAnew(original, 2);
});

describe("a key message", { concurrency: 2 }, () => {
  const anotherSecret = (world: World) =>
    sealToReaders(world, ({ id }) =>
      encodeRepositoryKeys({ repository: id, secret: KEY, index: [], sessions: [] }),
    );

  it("is not believed unless the settings name it", async () => {
    const world = copyWorld(original);
    put(world.target, keysName(1), await anotherSecret(world));
    await assertRestores(world, last);
  });

  it("is not believed in another's place, nor missed in silence", async () => {
    const world = copyWorld(original);
    put(world.target, keysName(0), await anotherSecret(world));
    await assertRestoresNothingWrong(world, last, `${keysName(0)} is damaged: it is not the one`);
    assertTells(await world.web.varve("check"), keysName(0));
    remove(world.target, keysName(0));
    await assertRestoresNothingWrong(world, last, `${keysName(0)} is damaged: it is missing`);
  });

  it("of a run is not believed from anybody else", async () => {
    const world = copyWorld(original);
    const { run } = last;
    const key = { packets: 2, key: KEY } as const;
    const name = runKeyName(run);
    const sealed = await sealToReaders(world, ({ id }) => encodeSessionKey(id, { run, key }));
    put(world.target, name, sealed);
    await assertRestoresNothingWrong(world, last, `${name} is damaged: it is not the one that was`);
    assertTells(await world.web.varve("check"), name);
    remove(world.target, name);
    await assertRestoresNothingWrong(world, last, `${name} is damaged: it is missing`);
  });

  it("of a run is not another run's", async () => {
    const world = copyWorld(original);
    swap(world.target, runKeyName(first.run), runKeyName(last.run));
    await assertRestoresNothingWrong(world, last, runKeyName(last.run));
  });
});

describe("a pack", { concurrency: 2 }, () => {
  const packsOf = ({ target }: World, { run }: Layer): string[] =>
    filesBelow(join(target, "packs", run)).map((path) => path.slice(target.length + 1));

  /** The longest has the content. */
  function contentOf(world: World, layer: Layer): string {
    const bySize = (name: string) => take(world.target, name).length;
    const [pack] = packsOf(world, layer).sort((a, b) => bySize(b) - bySize(a));
    assert.ok(pack !== undefined && bySize(pack) > 20 * SEALED);
    return pack;
  }

  const segment = (bytes: Uint8Array, at: number) => bytes.subarray(at * SEALED, (at + 1) * SEALED);

  it("is not another one", async () => {
    const world = copyWorld(original);
    swap(world.target, contentOf(world, first), contentOf(world, last));
    await assertRestoresNothingWrong(world, last, contentOf(world, last));
  });

  it("has each segment in its place", async () => {
    const world = copyWorld(original);
    const pack = contentOf(world, last);
    const bytes = new Uint8Array(take(world.target, pack));
    const first = segment(bytes, 0).slice();
    segment(bytes, 0).set(segment(bytes, 1));
    segment(bytes, 1).set(first);
    put(world.target, pack, bytes);
    await assertRestoresNothingWrong(world, last, `${pack}, segment 0`);
  });

  it("has no segment of another pack", async () => {
    const world = copyWorld(original);
    const pack = contentOf(world, last);
    const bytes = new Uint8Array(take(world.target, pack));
    segment(bytes, 3).set(segment(take(world.target, contentOf(world, first)), 3));
    put(world.target, pack, bytes);
    await assertRestoresNothingWrong(world, last, `${pack}, segment 3`);
  });

  it("may have any table at its end: nobody reads by it", async () => {
    const world = copyWorld(original);
    const pack = contentOf(world, last);
    const bytes = take(world.target, pack);
    const other = take(world.target, contentOf(world, first));
    const length = (of: Uint8Array) =>
      new DataView(of.buffer, of.byteOffset).getUint32(of.length - 8, true) + 8;
    const body = bytes.subarray(0, bytes.length - length(bytes));
    put(world.target, pack, Buffer.concat([body, other.subarray(other.length - length(other))]));
    await assertRestores(world, last);
    succeeded(await world.web.varve("check"));
  });

  it("is found by check where it is cut or missing, and a restore names it", async () => {
    const world = copyWorld(original);
    const pack = contentOf(world, last);
    put(world.target, pack, take(world.target, pack).subarray(0, 2 * SEALED));
    assertTells(await world.web.varve("check"), `${pack} is damaged: it has ${2 * SEALED} bytes`);
    await assertRestoresNothingWrong(world, last, pack);
    remove(world.target, pack);
    assertTells(await world.web.varve("check"), `${pack} is damaged: it is missing`);
    await assertRestoresNothingWrong(world, last, pack);
  });
});
