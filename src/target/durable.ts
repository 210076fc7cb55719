/**
 * The steps of a create in a file system, each durable or atomic by itself.
 * directory.ts puts them in order; raw system errors pass through.
 */
import { promises as fs } from "node:fs";
import { UsageError } from "../errors.ts";
import { systemCode } from "./file-failure.ts";
import type { Creation } from "./target.ts";

const NO_HARD_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** Writes a new file, readable by its owner only, and waits until the disk has it. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Gives the file `temporary` a second name if that one is free. Nothing else
 * in a file system does this in one step for a file that is already whole.
 *
 * @throws {@link UsageError} if the file system has no hard links.
 */
export async function linkIfFree(temporary: string, path: string): Promise<Creation> {
  try {
    await fs.link(temporary, path);
    return "created";
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (code === "EEXIST") {
      // Over NFS a repeated request can meet its own success; the second name tells (open(2)).
      return (await fs.stat(temporary)).nlink === 2 ? "created" : "exists";
    }
    if (!NO_HARD_LINKS.has(code)) throw error;
    throw new UsageError(
      `cannot store ${path}: this file system refuses hard links (${code}), and without them two ` +
        "writers could overwrite each other. Use one that has them (ext4, xfs, btrfs, zfs, apfs, ntfs).",
      { cause: error },
    );
  }
}

/** Waits until the disk knows which names a directory holds. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await fs.open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Makes a directory in one that exists; one that is there is no error.
 *
 * @throws {@link UsageError} if something else has its name: behind a link,
 * listings would not find what is stored.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await fs.mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    if ((await fs.lstat(path)).isDirectory()) return;
    throw new UsageError(`${path} is in the way: a directory belongs there. Move it elsewhere.`, {
      cause: error,
    });
  }
}
