/**
 * Incomplete snapshots, and what makes up for them. A long run leaves them on
 * its way; they are gone as soon as a complete one of their source follows.
 *
 * Nothing is written for that: whoever reads the ends of a host's runs comes to
 * the same result. The end of a superseded snapshot still vouches for its run's
 * key and index objects; what only its tree needs is not wanted any more.
 */
import type { RunName } from "../format/names.ts";
import { runHost } from "../format/names.ts";
import type { Summary } from "../format/snapshot.ts";

/**
 * Finds the incomplete snapshots that a complete one of the same host and source follows, in the
 * order of their runs' names.
 *
 * @returns for each of them the first complete one behind it.
 */
export function superseded(
  summaries: Iterable<Pick<Summary, "run" | "source" | "complete">>,
): Map<RunName, RunName> {
  const waiting = new Map<string, RunName[]>();
  const found = new Map<RunName, RunName>();
  for (const { run, source, complete } of [...summaries].sort(byRun)) {
    const key = `${runHost(run)}\0${source}`;
    if (complete) {
      for (const other of waiting.get(key) ?? []) found.set(other, run);
      waiting.delete(key);
    } else {
      waiting.set(key, [...(waiting.get(key) ?? []), run]);
    }
  }
  return found;
}

function byRun(a: Pick<Summary, "run">, b: Pick<Summary, "run">): number {
  return a.run < b.run ? -1 : 1;
}
