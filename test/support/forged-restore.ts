/** Restores of trees that an attacker has laid, and proof that nothing outside was touched. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DirectoryEntry, Entry } from "../../src/format/tree.ts";
import { Policy } from "../../src/restore/policy.ts";
import type { Restored } from "../../src/restore/restore.ts";
import { restore } from "../../src/restore/restore.ts";
import { inlineWriters } from "../../src/restore/writers.ts";
import { linesOf, listTree } from "./lister.ts";
import type { RestoreOptions } from "./restore-task.ts";
import { restoreTask } from "./restore-task.ts";
import { scratchDirectory } from "./scratch.ts";
import { Shelf } from "./shelf.ts";

const isRoot = process.getuid?.() === 0;
/** As much as a restore ever puts back. */
const everything = () => new Policy(isRoot ? "by number" : "ours", "restored");

export async function restoreForged(
  to: string,
  shelf: Shelf,
  root: Entry,
  options: RestoreOptions = {},
): Promise<Restored & { readonly problems: readonly string[] }> {
  const means = await shelf.means();
  const task = await restoreTask(root, to, means, { policy: everything(), ...options });
  const problems: string[] = [];
  const restored = await restore(task, means, inlineWriters(means), {
    problem: ({ path, message }) => problems.push(`${path}: ${message}`),
    progress() {},
    kept() {},
  });
  return { ...restored, problems };
}

/** A tree laid by hand: entries as they come. */
export function laid(plan: (shelf: Shelf) => readonly Entry[]): {
  shelf: Shelf;
  root: DirectoryEntry;
} {
  const shelf = new Shelf();
  const root = shelf.directory("", ...plan(shelf));
  return { shelf: shelf.close(), root };
}

/** A directory to restore to, and beside it things that nobody may touch. */
export interface Ground {
  readonly to: string;
  readonly outside: string;
  readonly assertUntouched: () => void;
}

export function ground(): Ground {
  const around = scratchDirectory();
  const [to, outside] = [join(around, "to"), join(around, "outside")];
  mkdirSync(to);
  mkdirSync(outside);
  writeFileSync(join(outside, "file"), "theirs");
  const look = () => linesOf(listTree(outside, "changes"));
  const before = look();
  return {
    to,
    outside,
    assertUntouched: () => {
      assert.deepEqual(look(), before);
      assert.deepEqual(readdirSync(around).sort(), ["outside", "to"]);
    },
  };
}
