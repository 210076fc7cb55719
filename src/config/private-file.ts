/** Small files that only their owner may read, each written whole or not at all. */
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AccessError, UnavailableError } from "../errors.ts";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** The text of a file; nothing if there is none. @throws {@link AccessError} if it cannot be read. */
export async function readPrivate(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new AccessError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** On the disk when it returns. @throws {@link UnavailableError} if it cannot be written; what was there before stays. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    await writeFile(partial, text, { mode: FILE_MODE, flag: "wx", flush: true });
    await rename(partial, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    // Where even that fails there is none.
    await rm(partial, { force: true }).catch(() => {});
    throw new UnavailableError(`cannot write ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** A name is durable once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
