/**
 * Lists the objects below a directory in the order of their full names.
 *
 * A directory's children sort as if a directory's name ended in `/`: `a-b`,
 * `a.b`, `a/c`, for `-` < `.` < `/`. With that key a depth-first walk is the
 * sorted listing, and it holds no more than the names of the directories it
 * stands in. What cannot be an object is passed over: devices, pipes, and
 * whatever a name cannot spell, such as `lost+found` or our temporaries. A
 * symbolic link ends the listing, for objects may lie behind it, and gc would
 * take what is not listed for dead.
 */
import type { Dirent } from "node:fs";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { mapInOrder } from "../flow.ts";
import { systemCode } from "./file-failure.ts";
import { isComponent } from "./name.ts";
import type { ObjectInfo } from "./target.ts";

/** Sizes asked for ahead of the reader. */
const AHEAD = 16;

/**
 * Yields what {@link Target.list} asks for. A file or directory that vanished
 * on the way is left out: the caller makes sure that the root did not.
 *
 * @throws {@link UsageError} at a symbolic link.
 */
export async function* listTree(
  root: string,
  prefix: string,
  after: string,
): AsyncGenerator<ObjectInfo> {
  yield* listDirectory(prefix.slice(0, prefix.lastIndexOf("/") + 1));

  /** @param directory - ends in `/`, unless it is the root, which is "". */
  async function* listDirectory(directory: string): AsyncGenerator<ObjectInfo> {
    const keys = await readKeys(directory);
    for await (const found of mapInOrder(keys, AHEAD, look)) {
      if (typeof found === "string") yield* listDirectory(found);
      else if (found !== undefined) yield found;
    }
  }

  async function readKeys(directory: string): Promise<string[]> {
    const opened = await fs.opendir(join(root, directory), { bufferSize: 512 }).catch(unlessGone);
    const keys: string[] = [];
    // A failure in here is no vanished directory, but half a listing: it is thrown.
    for await (const entry of opened ?? []) {
      const key = keyOf(entry);
      if (key !== undefined && isWanted(directory + key)) keys.push(directory + key);
    }
    return keys.sort();
  }

  function isWanted(key: string): boolean {
    if (!key.startsWith(prefix)) return false;
    return key > after || (key.endsWith("/") && after.startsWith(key));
  }

  async function look(key: string): Promise<ObjectInfo | string | undefined> {
    if (key.endsWith("/")) return key;
    const stats = await fs.lstat(join(root, key)).catch(unlessGone);
    return stats && { name: key, size: stats.size };
  }
}

/** Where an entry sorts, or undefined if it has no place among objects. */
function keyOf(entry: Dirent): string | undefined {
  if (!isComponent(entry.name)) return undefined;
  if (entry.isDirectory()) return `${entry.name}/`;
  if (entry.isSymbolicLink()) {
    const path = join(entry.parentPath, entry.name);
    throw new UsageError(`${path} is a symbolic link. Put what it points to in its place.`);
  }
  return entry.isFile() ? entry.name : undefined;
}

function unlessGone(error: unknown): undefined {
  const code = systemCode(error);
  if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
}
