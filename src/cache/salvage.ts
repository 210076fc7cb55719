/**
 * Copies an environment that nobody vouches for, in a child process: reading
 * it may end in SIGBUS or SIGSEGV, and no `catch` can help then.
 *
 * It is a copy and not a walk because a walk does not see the list of free
 * pages: damage there would kill the next writer, and every one after it. The
 * copy is also compact. It costs about 6 s for a million records.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** This very file is compiled, so its extension names what runs. */
const CHILD: string = fileURLToPath(import.meta.url).replace(
  /salvage(\.[jt]s)$/,
  "salvage.child$1",
);

/** Whether all of the environment in `from` is sound and now also in `to`, an empty directory. */
export function salvage(from: string, to: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CHILD, from, to], (error) => resolve(error === null));
  });
}
