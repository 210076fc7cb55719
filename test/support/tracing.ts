/** Whether this system lets a test watch and disturb the calls of a process. */
import { spawnSync } from "node:child_process";

/** For `skip`: false, or why not. */
export const NO_STRACE: string | false =
  spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0 ? false : "strace is not there";
