/** What git itself says of `.gitignore` files: the oracle. */
import { spawnSync } from "node:child_process";
import { scratchDirectory } from "./scratch.ts";
import type { Plant } from "./tree.ts";
import { plant } from "./tree.ts";

/** Nothing of the user's, or of the machine's, is to speak with. */
const ENVIRONMENT = {
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

export const hasGit: boolean = spawnSync("git", ["--version"]).status === 0;

/** Plants a tree in a repository of its own. @returns its path. */
export function plantRepository(tree: Plant): string {
  const root = scratchDirectory();
  run(root, ["init", "-q", "."]);
  plant(root, tree);
  return root;
}

/** Which of these paths git ignores; paths are bytes, as latin1. */
export function ignoredByGit(repository: string, paths: readonly string[]): Set<string> {
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(""), "latin1");
  const flags = ["check-ignore", "--no-index", "-z", "--stdin"];
  const listed = run(repository, flags, input).toString("latin1").split("\0");
  return new Set(listed.slice(0, -1));
}

function run(cwd: string, args: readonly string[], input: Buffer = Buffer.alloc(0)): Buffer {
  const { status, stdout, stderr } = spawnSync("git", args, { cwd, input, env: ENVIRONMENT });
  // 1: none of them.
  if (status !== 0 && status !== 1) throw new Error(`git ${args.join(" ")}: ${stderr}`);
  return stdout;
}
