/** Directories and directory targets for tests, gone when the test's process ends. */
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DirectoryTarget } from "../../src/target/directory.ts";
import type { ObjectInfo } from "../../src/target/target.ts";

/** What {@link scratchTarget} fills its objects with. */
export const BYTES: Uint8Array = new Uint8Array(1000).fill(7);

const made: string[] = [];

process.once("exit", () => {
  // Node's own cannot take away what lies deeper than a path may be long.
  if (made.length > 0) spawnSync("rm", ["-rf", "--", ...made]);
});

/** Makes an empty directory, `0700`. */
export function scratchDirectory(parent: string = tmpdir()): string {
  const path = mkdtempSync(join(parent, "varve-test-"));
  made.push(path);
  return path;
}

/** Makes a directory target that holds these objects. */
export async function scratchTarget(
  ...names: string[]
): Promise<{ root: string; target: DirectoryTarget }> {
  const root = join(scratchDirectory(), "target");
  const target = await DirectoryTarget.create(root);
  await Promise.all(names.map((name) => target.create(name, BYTES)));
  return { root, target };
}

/** The names in a listing. */
export async function namesOf(list: AsyncIterable<ObjectInfo>): Promise<string[]> {
  const names: string[] = [];
  for await (const info of list) names.push(info.name);
  return names;
}
