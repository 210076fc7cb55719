/**
 * A small repository whose objects are damaged one by one: a bit of each byte
 * turned over, cut, exchanged, put back, from elsewhere. Everything that is read
 * then is as it was backed up, or somebody is told which object, or which file.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { RunName } from "../../src/format/names.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import { randomBytes } from "../support/random.ts";
import type { Findings } from "../support/reader.ts";
import { readEverything } from "../support/reader.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { extend } from "../support/settings.ts";
import type { Site } from "../support/site.ts";
import { backUp, cacheDirectory, makeSite } from "../support/site.ts";
import { copyOf } from "../support/stored.ts";
import { logText } from "../support/text.ts";

/** Bytes between two that are tried; a prime, so that fields of records are all met. */
const STRIDE = process.env["SLOW"] ? 1 : 307;
const MANY = 2 ** 30;

// The many caches that a check makes have no disk to wait for.
process.env["TMPDIR"] = cacheDirectory();

interface Original {
  readonly site: Site;
  readonly target: MemoryTarget;
  readonly runs: readonly RunName[];
  readonly objects: ReadonlyMap<string, Uint8Array>;
}

async function makeOriginal(seed: number): Promise<Original> {
  const target = new MemoryTarget();
  const site = await makeSite(target, undefined, seed);
  const source = join(scratchDirectory(), "source");
  mkdirSync(join(source, "sub"), { recursive: true });
  writeFileSync(join(source, "a"), logText(seed, 1000));
  writeFileSync(join(source, "sub", "b"), randomBytes(seed, 500));
  writeFileSync(join(source, "empty"), "");
  const cache = cacheDirectory();
  const first = await backUp(site, target, source, { cache });
  const { settings } = await extend(target, {});
  assert.equal(settings.n, 1);
  writeFileSync(join(source, "a"), logText(seed + 1, 1000));
  const second = await backUp(site, target, source, { cache });
  const objects = new Map<string, Uint8Array>();
  for await (const { name } of target.list("")) objects.set(name, await target.read(name, MANY));
  return { site, target, runs: [first.summary.run, second.summary.run], objects };
}

let original: Original;
let elsewhere: Original;
let whole: Findings;

before(async () => {
  original = await makeOriginal(1000);
  elsewhere = await makeOriginal(2000);
  whole = await readEverything(original.site, original.target, original.runs);
  assert.deepEqual([whole.complaints, whole.checked, whole.files.size], [[], [], 6]);
});

/** Puts something in an object's place; what comes of it is right, or told. */
async function assertTold(name: string, bytes: Uint8Array, what: string): Promise<void> {
  const target = await copyOf(original.target);
  await target.remove([name]);
  await target.create(name, bytes);
  const { files, complaints, checked } = await readEverything(original.site, target, original.runs);
  for (const [file, hash] of whole.files) {
    if (files.has(file)) assert.equal(files.get(file), hash, `${what}: ${file} is wrong`);
    else assert.ok(isTold(complaints, name, file), `${what}: ${file} is missed in silence`);
  }
  assert.ok(files.size === whole.files.size || complaints.length > 0);
  // Packs it does not read, and the begin of a run that has an end is nobody's business.
  if (/^packs\/|\/begin$/.test(name)) return;
  assert.ok(isTold([...complaints, ...checked], name, name), `${what}: check is silent`);
}

/** The object is named, or the file: the one that is missed. */
function isTold(complaints: readonly string[], object: string, file: string): boolean {
  return complaints.some((text) => text.includes(object) || text.startsWith(`${file}: `));
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
  return copy;
}

/** `runs/*\/end`: what there are several of. */
function kindOf(name: string): string {
  return name.replace(/host\/[^/]*/, "*").replace(/\d{8}/, "n");
}

/** The object's name with its run exchanged for the one of the same number elsewhere. */
function counterpart(name: string): string {
  return original.runs.reduce(
    (text, run, at) => text.replace(run, elsewhere.runs[at] ?? run),
    name,
  );
}

describe("an object", () => {
  it("of each kind is there", () => {
    const kinds = new Set([...original.objects.keys()].map(kindOf));
    assert.deepEqual([...kinds].sort(), [
      ...["index/*/n", "keys/n.pgp", "packs/*/n"],
      ...["runs/*/begin", "runs/*/end", "runs/*/key.pgp", "settings/n"],
    ]);
  });

  it("with a bit turned over is told, or does no harm", async () => {
    let from = 0;
    for (const [name, bytes] of original.objects) {
      let at = from;
      for (; at < bytes.length; at += STRIDE) {
        await assertTold(name, flipped(bytes, at), `byte ${at} of ${name}`);
      }
      // It goes on in the next object, so that short ones are not always met in front.
      from = at - bytes.length;
    }
  });

  it("that is cut or longer is told, or does no harm", async () => {
    for (const [name, bytes] of original.objects) {
      for (const length of [0, 1, bytes.length >> 1, bytes.length - 1]) {
        await assertTold(name, bytes.subarray(0, length), `${length} bytes of ${name}`);
      }
      const longer = Buffer.concat([bytes, bytes.subarray(-1)]);
      await assertTold(name, longer, `a byte more of ${name}`);
    }
  });

  it("is not another of its kind, nor an older one", async () => {
    for (const [name] of original.objects) {
      for (const [other, bytes] of original.objects) {
        if (other === name || kindOf(other) !== kindOf(name)) continue;
        await assertTold(name, bytes, `${other} for ${name}`);
      }
    }
  });

  it("is not one of the same name of another repository", async () => {
    for (const [name] of original.objects) {
      const bytes = elsewhere.objects.get(counterpart(name));
      assert.ok(bytes !== undefined, name);
      await assertTold(name, bytes, `${name} from elsewhere`);
    }
  });
});
