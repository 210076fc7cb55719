/** Where a scenario of the simulation begins: a source, and a repository before the backup of it. */
import { appendFileSync, cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MemoryTarget } from "../../src/target/memory.ts";
import { randomBytes } from "./random.ts";
import { scratchDirectory } from "./scratch.ts";
import type { Site } from "./site.ts";
import { backUp, cacheDirectory, makeSite } from "./site.ts";
import { copyOf } from "./stored.ts";
import type { Survey } from "./tree.ts";
import { directory, file, plant, survey } from "./tree.ts";

const MIB = 2 ** 20;

/** Content that fills more than one pack of 1 MiB, and little besides. */
const early = directory({
  a: file(randomBytes(1, 0.6 * MIB)),
  b: file(randomBytes(2, 0.6 * MIB)),
  empty: file(""),
  inner: directory({ copy: file(randomBytes(1, 0.6 * MIB)), small: file("small") }),
});

/** A source, and a repository as it stands before the backup that is looked at. */
export interface Scene {
  readonly site: Site;
  readonly source: string;
  readonly store: MemoryTarget;
  readonly cache: string;
  /** The snapshots that there are, and the one that is to come. */
  readonly trees: readonly Survey[];
}

/** Nothing has been backed up yet. */
async function firstScene(): Promise<Scene> {
  const source = scratchDirectory();
  plant(source, early);
  const store = new MemoryTarget();
  return {
    site: await makeSite(store),
    source,
    store,
    cache: cacheDirectory(),
    trees: [survey(source)],
  };
}

/** There is a snapshot; since then the tree has changed. */
async function secondScene(): Promise<Scene> {
  const scene = await firstScene();
  const { site, source, store, cache } = scene;
  await backUp(site, store, source, { cache });
  appendFileSync(join(source, "a"), randomBytes(3, MIB / 2));
  rmSync(join(source, "inner/small"));
  return { ...scene, trees: [...scene.trees, survey(source)] };
}

/** Made once; every scenario spoils a copy. */
export const scenes: { readonly first: Promise<Scene>; readonly second: Promise<Scene> } = {
  first: firstScene(),
  second: secondScene(),
};

/** A copy that a scenario may spoil. */
export async function copyScene({ store, cache, ...scene }: Scene): Promise<Scene> {
  const copy = cacheDirectory();
  cpSync(cache, copy, { recursive: true });
  return { ...scene, store: await copyOf(store), cache: copy };
}
