/** Things on disk that other helpers do not make: paths that are too long, holes, open descriptors. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readdirSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Directories one inside the other, `d` repeated to 200 bytes each, with a file at the bottom.
 *
 * @returns the path of the first, and how deep they are. More than 20 make a path that no call takes.
 */
export function deepTree(depth: number): { readonly root: string; readonly name: string } {
  // Of its own: Node cannot remove it, for every path that it takes is a whole one.
  const root = mkdtempSync(join(tmpdir(), "varve-test-"));
  process.once("exit", () => execFileSync("rm", ["-rf", root]));
  const name = "d".repeat(200);
  const script = `for at in $(seq ${depth}); do mkdir ${name} && cd -P ${name} || exit 1; done; echo deep > file`;
  execFileSync("bash", ["-c", script], { cwd: root });
  return { root, name };
}

/** Directories called `d`, one inside the other, with a file at the bottom. @returns the path of the first. */
export function wellOf(depth: number): string {
  const root = mkdtempSync(join(tmpdir(), "varve-test-"));
  process.once("exit", () => execFileSync("rm", ["-rf", root]));
  const steps: string[] = [];
  // As much as one call takes.
  for (let at = 0; at < depth; at += 2000) {
    const part = "d/".repeat(Math.min(2000, depth - at));
    steps.push(`mkdir -p ${part} && cd -P ${part} || exit 1`);
  }
  execFileSync("bash", ["-c", [...steps, "echo > file"].join("\n")], { cwd: root });
  return root;
}

/** Makes a file of this size that is a hole but for what is written at these offsets. */
export function sparseFile(
  path: string,
  size: number,
  data: Readonly<Record<number, Uint8Array | string>> = {},
): void {
  const descriptor = openSync(path, "w");
  ftruncateSync(descriptor, size);
  for (const [at, bytes] of Object.entries(data)) {
    writeSync(descriptor, Buffer.from(bytes as string), 0, undefined, Number(at));
  }
  closeSync(descriptor);
}

/** Does something, and asserts that it leaves no more open than it found. */
export function closesAll<T>(work: () => T): T {
  const before = readdirSync("/proc/self/fd").length;
  try {
    return work();
  } finally {
    assert.equal(readdirSync("/proc/self/fd").length, before, "something is left open");
  }
}
