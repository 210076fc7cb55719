/** Whether there is room for what is to be restored, before anything is. */
import { statfsSync } from "node:fs";
import { systemPath } from "../disk/path.ts";
import { UnavailableError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import { fileFailure, systemCode } from "../target/file-failure.ts";

/** Bytes that this user may still use in a directory, or where it will be made. */
export function freeSpace(directory: RawName): number {
  for (let path = directory; ; path = parentOf(path)) {
    try {
      const { bavail, bsize } = statfsSync(systemPath(path), { bigint: true });
      return Number(bavail * bsize);
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || path === "/") {
        throw fileFailure(error, `ask for the free space of ${displayName(path)}`);
      }
    }
  }
}

/** @throws {@link UnavailableError} if that is not enough. */
export function mustFit(
  needed: number,
  {
    free,
    to,
    shown,
  }: {
    readonly free: number;
    readonly to: RawName;
    readonly shown: (bytes: number) => string;
  },
): void {
  if (needed <= free) return;
  throw new UnavailableError(
    `${displayName(to)} has ${shown(free)} free and the restore takes ${shown(needed)}: ` +
      "make room, choose another --to, or name parts (--no-space-check: try anyway)",
  );
}

function parentOf(path: RawName): RawName {
  return (path.slice(0, path.lastIndexOf("/")) || "/") as RawName;
}
