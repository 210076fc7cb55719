/** What became of a process. */
import { readFileSync } from "node:fs";

/** Whether it still runs; one that has ended may wait a while for somebody to take note of it. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^ [ZX]/.test(stat.slice(stat.lastIndexOf(")") + 1));
  } catch {
    return false;
  }
}
