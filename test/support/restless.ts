/** Backups of trees that move: something is done while a run is at a certain point. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { backup } from "../../src/backup/backup.ts";
import { preview } from "../../src/backup/preview.ts";
import { Filter } from "../../src/disk/filter.ts";
import type { Found } from "../../src/disk/walk.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import { scratchDirectory } from "./scratch.ts";
import type { Site } from "./site.ts";
import { cacheDirectory, makeSite, session, taskOf } from "./site.ts";
import type { Stored } from "./stored-tree.ts";
import { storedTree } from "./stored-tree.ts";

/** What is done meanwhile. */
export interface Meanwhile {
  /** Once the walk has looked at an entry, by its path; all of that is before files are read. */
  readonly seen?: (path: string) => void;
  /** Each time that so many files are done. */
  readonly done?: (files: number) => void;
}

export interface Moved {
  readonly tree: ReadonlyMap<string, Stored>;
  /** `path: message`. */
  readonly problems: readonly string[];
  readonly newBytes: number;
}

class Lookout extends Filter {
  readonly #seen: (path: string) => void;

  constructor(seen: (path: string) => void) {
    super();
    this.#seen = seen;
  }

  override reasonFor(entry: Found): string | undefined {
    this.#seen(entry.path);
    return super.reasonFor(entry);
  }
}

/** A source with a repository and a cache, for run after run. */
export class Restless {
  readonly source: string = join(scratchDirectory(), "source");
  readonly #target: MemoryTarget;
  readonly #cache = cacheDirectory();
  readonly #site: Site;

  static async make(): Promise<Restless> {
    const target = new MemoryTarget();
    return new Restless(target, await makeSite(target));
  }

  private constructor(target: MemoryTarget, site: Site) {
    this.#target = target;
    this.#site = site;
  }

  path(name: string): string {
    return join(this.source, name);
  }

  async backUp({ seen = () => {}, done = () => {} }: Meanwhile = {}): Promise<Moved> {
    const problems: string[] = [];
    const task = taskOf(this.source, { filter: new Lookout(seen) });
    const { summary } = await session(this.#site, this.#target, this.#cache, (tools) =>
      backup(task, tools, {
        problem: ({ path, message }) => problems.push(`${path}: ${message}`),
        progress: ({ files }) => done(files),
      }),
    );
    const tree = await storedTree(this.#site, this.#target, summary.run);
    assert.equal(summary.totals.problems, problems.length);
    return { tree, problems, newBytes: summary.totals.newBytes };
  }

  /** The files that the next run would read. */
  async wouldRead(): Promise<string[]> {
    const changed: string[] = [];
    await session(this.#site, this.#target, this.#cache, (tools) =>
      preview(taskOf(this.source), tools, {
        problem: ({ path, message }) => assert.fail(`${path}: ${message}`),
        changed: ({ path }) => changed.push(path),
      }),
    );
    return changed;
  }

  /** One more run, in peace: it stores all that is there, as it is, and knows it from then on. */
  async settles(): Promise<void> {
    const { tree, problems } = await this.backUp();
    assert.deepEqual(problems, []);
    assertStored(tree, this.source);
    assert.deepEqual(await this.wouldRead(), []);
  }
}

/** Asserts that a snapshot has what is on disk. */
export function assertStored(tree: ReadonlyMap<string, Stored>, source: string): void {
  const names = readdirSync(source, { recursive: true, encoding: "latin1" }) as string[];
  assert.deepEqual([...tree.keys()].filter((path) => path !== "").sort(), names.sort());
  for (const name of names) assertSame(tree.get(name), join(source, name));
}

export function assertSame(stored: Stored | undefined, path: string): void {
  const stats = lstatSync(path, { bigint: true });
  assert.equal(stored?.entry.mtime, stats.mtimeNs, path);
  assert.equal(stored?.entry.mode, Number(stats.mode & 0o7777n), path);
  if (stats.isFile()) assert.equal(stored?.sha1, sha1Of(readFileSync(path)), path);
}

export function sha1Of(bytes: Uint8Array | string): string {
  return createHash("sha1").update(bytes).digest("hex");
}
