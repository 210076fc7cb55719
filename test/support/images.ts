/** File systems in files, mounted: as root, and where the system has loop devices. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { scratchDirectory } from "./scratch.ts";
import { told } from "./tools.ts";

export interface Mounted {
  /** Where it is. */
  readonly path: string;
  unmount(): void;
}

/**
 * Makes an ext4 file system of 64 MB.
 *
 * @param features - for `mkfs.ext4 -O`.
 * @returns why there can be none here, if there can be none.
 */
export function mountExt4(features: string): Mounted | string {
  const image = join(scratchDirectory(), "image");
  const path = scratchDirectory();
  told(["truncate", "-s", "64M", image]);
  for (const command of [
    ["mkfs.ext4", "-q", "-b", "4096", "-O", features, image],
    ["mount", "-o", "loop", image, path],
  ] as const) {
    const [program, ...args] = command;
    const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
    if (status !== 0) return `${program}: ${error?.message ?? stderr.split("\n")[0]}`;
  }
  return { path, unmount: () => void told(["umount", path]) };
}
