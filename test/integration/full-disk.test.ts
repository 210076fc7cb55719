/** Disks that are full, or cannot be written: of the target, of the cache, of temporary files. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { Mounts, NO_MOUNTS } from "../support/mounts.ts";
import { fingerprintOf, noise } from "../support/trees.ts";
import { succeeded } from "../support/verdicts.ts";

const SIZES = ["--chunk-size", "64k", "--segment-size", "4k", "--pack-size", "1m"];
const FILE_BYTES = 400_000;
const FILES = 9;
/** So many that their names fill a small cache. */
const SMALL_FILES = 600;

describe("a disk without room", { skip: NO_MOUNTS }, () => {
  const machine = new Machine();
  const at = (name: string) => join(machine.home, name);
  const [target, cache, temporary, tree, out] = ["t", "c", "tmp", "tree", "out"].map(at) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const variables = { VARVE_TARGET: target, VARVE_CACHE_DIR: cache, TMPDIR: temporary };
  let mounts: Mounts;

  const varve = (...args: string[]): Promise<Ended> =>
    machine.run(args, { variables, under: mounts.under });

  async function fails(status: number, words: RegExp, ...args: string[]): Promise<void> {
    const ended = await varve(...args);
    assert.equal(ended.status, status, ended.err);
    assert.match(ended.err, words);
    assert.doesNotMatch(ended.err, /fault of varve/);
  }

  before(async () => {
    for (const path of [target, cache, temporary, tree]) mkdirSync(path);
    mkdirSync(join(tree, "small"));
    for (let n = 0; n < FILES; n += 1) writeFileSync(join(tree, `${n}`), noise(FILE_BYTES, n));
    for (let n = 0; n < SMALL_FILES; n += 1) writeFileSync(join(tree, "small", `${n}`), `${n}`);
    mounts = await Mounts.open();
    mounts.mount(target, "2m");
    succeeded(await varve("init", "--no-passphrase", target, ...SIZES));
  });
  after(() => mounts.close());

  it("of the target: the backup says so, all that is there is whole, and the next one goes on", async () => {
    await fails(4, /no space is left .*Make room/, "backup", tree);
    succeeded(await varve("check"));
    mounts.mount(target, "64m", "again");
    const [made] = objectsOf(succeeded(await varve("backup", "--json", tree)));
    assert.ok(Number(made?.["newBytes"]) <= FILES * FILE_BYTES - 900_000, JSON.stringify(made));
    succeeded(await varve("check"));
    succeeded(await varve("restore", "--to", out));
    assert.equal(fingerprintOf(out), fingerprintOf(tree));
  });

  it("of the cache, from the beginning: a backup does without, and says so", async () => {
    for (const size of ["4k", "64k"]) {
      mounts.mount(cache, size);
      const { err } = succeeded(await varve("backup", tree));
      assert.match(err, new RegExp(`${cache}.*No space left.*temporary cache`, "i"), size);
    }
  });

  it("of the cache, later on: the backup says so, and the next one goes on", async () => {
    mounts.mount(cache, "200k");
    await fails(4, new RegExp(`${cache}.*VARVE_CACHE_DIR`), "backup", "--force", tree);
    mounts.mount(cache, "64m", "again");
    const [made] = objectsOf(succeeded(await varve("backup", "--json", tree)));
    assert.equal(made?.["newBytes"], 0);
    succeeded(await varve("check"));
  });

  it("that is read-only, of the cache: all is done without, unless temporary files find none either", async () => {
    mounts.shut(cache);
    rmSync(out, { recursive: true, force: true });
    for (const args of [
      ["backup", tree],
      ["restore", "--to", out],
    ]) {
      const { err } = succeeded(await varve(...args));
      assert.match(err, new RegExp(`${cache}.*read-only.*temporary cache`));
    }
    assert.equal(fingerprintOf(out), fingerprintOf(tree));
    mounts.mount(temporary, "4k");
    await fails(4, new RegExp(`${temporary}.*no space left`, "i"), "ls");
  });
});
