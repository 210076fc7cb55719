/** Gives what is complete its own name. On whatever thread. */
import { lstatSync, renameSync } from "node:fs";
import { libc } from "../disk/libc.ts";
import { systemPath } from "../disk/path.ts";
import { UsageError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";

/**
 * What is to become of a thing that has the name by now. A directory always stays. `impossible`:
 * nothing can have it, in a directory that this restore has made.
 */
export type Clash = "replaced" | "refused" | "impossible";

/**
 * Renames, in one step.
 *
 * @param shown - the name as people know it.
 * @throws {@link UsageError} if it is taken, and is not to be replaced.
 */
export function settle(
  partial: RawName,
  name: RawName,
  { clash, shown }: { readonly clash: Clash; readonly shown: RawName },
): void {
  if (clash === "replaced") {
    renameSync(systemPath(partial), systemPath(name));
    return;
  }
  try {
    if (!renamedNew(partial, name)) renameIfFree(partial, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw clash === "impossible" ? unexpected(shown) : inTheWay(shown);
  }
}

export function inTheWay(shown: RawName): UsageError {
  return new UsageError(
    `${displayName(shown)} is there already: choose --conflict or another --to`,
  );
}

/** Of a name that is taken in a directory that was new. */
export function unexpected(shown: RawName): UsageError {
  return new UsageError(
    `${displayName(shown)} is there already, in a directory that was new: either this file system ` +
      "takes two of the names for one, and another --to is needed, or somebody else writes there",
  );
}

/** @returns false where this system or file system has no such call. */
function renamedNew(partial: RawName, name: RawName): boolean {
  const system = libc();
  try {
    system?.renameNew(partial, name);
    return system !== undefined;
  } catch (error) {
    if (["EINVAL", "ENOSYS"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

/** In two steps: what comes in between is replaced. */
function renameIfFree(partial: RawName, name: RawName): void {
  if (lstatSync(systemPath(name), { throwIfNoEntry: false }) !== undefined) {
    throw Object.assign(new Error("EEXIST"), { code: "EEXIST", errno: -17 });
  }
  renameSync(systemPath(partial), systemPath(name));
}
