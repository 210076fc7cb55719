/**
 * File systems that fail on demand: node:fs/promises with one method spoiled.
 * Every helper lasts until the end of the test it is given.
 */
import type { OpenMode, PathLike } from "node:fs";
import { promises as fs } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { TestContext } from "node:test";

/** An error as a failed system call throws it. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: on purpose`), { code, errno: -1, syscall: "test" });
}

/** `fs[method]` fails with `code`, for paths that `isBroken` picks. */
export function breakCall(
  t: TestContext,
  method: "link" | "lstat" | "mkdir" | "opendir" | "readdir" | "rm" | "stat" | "unlink",
  code: string,
  isBroken: (path: string) => boolean = () => true,
): void {
  const original = fs[method] as (...args: unknown[]) => Promise<unknown>;
  t.mock.method(fs, method, async (...args: unknown[]) => {
    if (isBroken(String(args.at(0)))) throw systemError(code);
    return original(...args);
  });
}

/** Lets `spoil` change every file as it is opened. */
export function spoilFiles(t: TestContext, spoil: (file: FileHandle, path: string) => void): void {
  const original = fs.open;
  t.mock.method(fs, "open", async (path: PathLike, flags: OpenMode, mode: number) => {
    const file = await original(path, flags, mode);
    spoil(file, String(path));
    return file;
  });
}

/**
 * Runs `work` as a user whom permissions bind, as they do not bind root.
 *
 * @returns false if this system has no such user to become.
 */
export async function unprivileged(work: () => Promise<void>): Promise<boolean> {
  if (process.getuid?.() !== 0) {
    await work();
    return process.getuid !== undefined;
  }
  process.seteuid?.(65534);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
  return true;
}
