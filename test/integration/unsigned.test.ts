/**
 * What nobody has signed who may, as every command that reads a snapshot meets
 * it: none shows a byte of it, unless told to with --allow-unsigned.
 */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { endName, indexName, settingsName } from "../../src/format/names.ts";
import { decodeSigned } from "../../src/format/signed.ts";
import { snapshotId } from "../../src/repository/snapshots.ts";
import { plantSettings, put, take } from "../support/attacker.ts";
import type { Ended } from "../support/command.ts";
import { stripIndex } from "../support/forgery.ts";
import { assertRefused, assertTells, succeeded } from "../support/verdicts.ts";
import type { Layer, World } from "../support/world.ts";
import { backUpAnew, copyWorld, makeWorld, treeOf } from "../support/world.ts";

let original: World;
let layer: Layer;
before(async () => {
  original = await makeWorld();
  layer = await backUpAnew(original, 1);
});

/** Every command that reads a snapshot, as the owner gives it. */
const COMMANDS = ["ls", "manifest", "cat", "verify", "restore"] as const;
type Command = (typeof COMMANDS)[number];

function argumentsOf({ web }: World, command: Command): string[] {
  const more: Partial<Record<Command, string[]>> = {
    cat: ["file-1"],
    verify: [treeOf(web)],
    restore: ["--to", "out"],
  };
  return [command, ...(more[command] ?? []), "--snapshot", snapshotId(layer.run)];
}

/** What a command says that has to refuse; it prints nothing of what is stored. */
async function refusal(world: World, command: Command): Promise<Ended> {
  const ended = await world.owner.varve(...argumentsOf(world, command));
  assert.equal(ended.out, "", command);
  return ended;
}

describe("an end without its signature", () => {
  let world: World;
  before(() => {
    world = copyWorld(original);
    const name = endName(layer.run);
    put(world.target, name, decodeSigned(name, take(world.target, name)).body);
  });

  it("is refused", async () => {
    for (const command of COMMANDS) {
      const words = `${endName(layer.run)} is damaged: it is not signed: it should be by host web-1`;
      assertTells(await refusal(world, command), words);
    }
  });

  it("is taken with --allow-unsigned, which says what that means", async () => {
    for (const command of ["ls", "cat", "restore"] as const) {
      const args = [...argumentsOf(world, command), "--allow-unsigned"];
      const { err } = succeeded(await world.owner.varve(...args));
      assert.match(err, /nobody vouches for what is restored/, command);
    }
  });
});

describe("an index object without its signature", () => {
  it("is told, and nothing is read by it", async () => {
    const world = copyWorld(original);
    const name = indexName(layer.run, 0);
    await stripIndex(world, name);
    for (const command of ["ls", "cat"] as const) {
      const words = `${name} is damaged: it is not signed: it should be by host web-1`;
      assertTells(await refusal(world, command), words);
    }
    const args = [...argumentsOf(world, "cat"), "--allow-unsigned"];
    assert.ok(succeeded(await world.owner.varve(...args)).out.length > 0);
  });
});

describe("settings without a signature", () => {
  it("are refused, also with --allow-unsigned", async () => {
    const world = copyWorld(original);
    const name = await plantSettings(world.target, {}, []);
    assert.equal(name, settingsName(3));
    const words = new RegExp(`${name} is not signed by anybody`);
    const args = argumentsOf(world, "cat");
    await assertRefused(world.owner, args, { status: 5, words });
    await assertRefused(world.owner, [...args, "--allow-unsigned"], { status: 5, words });
  });
});
