/**
 * Backs up one source, in as many runs as it takes: each that ends at a
 * checkpoint leaves an incomplete snapshot, and the next goes on from there.
 */
import { backup } from "../backup/backup.ts";
import type { Committed } from "../backup/commit.ts";
import type { BackupTask } from "../backup/task.ts";
import type { BackupTools } from "../backup/tools.ts";
import { joinPath } from "../disk/path.ts";
import type { Problem } from "../disk/walk.ts";
import type { ObjectHash } from "../format/object-hash.ts";
import { displayName } from "../format/raw-name.ts";
import type { Summary } from "../format/snapshot.ts";
import { snapshotId } from "../repository/snapshots.ts";
import { leftOutText } from "./excluding.ts";
import type { Output } from "./output.ts";
import { count, formatBytes, formatDuration } from "./output.ts";
import { showProgress } from "./progress.ts";

/** Who hears of what is done. */
export interface Audience {
  readonly output: Output;
  /** Keeps where the host's chain stands, after each snapshot. */
  remember(heads: readonly ObjectHash[]): Promise<void>;
}

/**
 * Makes a complete snapshot, and tells of it.
 *
 * @returns as the last run left it.
 */
export async function backUp(
  task: BackupTask,
  tools: BackupTools,
  { output, remember }: Audience,
): Promise<Committed> {
  const told = new Set<string>();
  let { reading } = task;
  let { remembered } = tools;
  for (;;) {
    const before = output.problems;
    const committed = await makeOne(
      { ...task, reading },
      { ...tools, remembered },
      { output, told },
    );
    const heads = [committed.head];
    await remember(heads);
    if (committed.summary.complete) return committed;
    remembered = { ...remembered, heads };
    // The first run has forgotten all files, and by now those are known that were read again.
    reading = "changed files";
    // The next run meets them again, if they still are.
    output.problems = before;
  }
}

/** @param told - the problems that earlier runs have met. */
async function makeOne(
  task: BackupTask,
  tools: BackupTools,
  { output, told }: { readonly output: Output; readonly told: Set<string> },
): Promise<Committed> {
  const progress = showProgress(output.flags, undefined);
  try {
    const committed = await backup(task, tools, {
      problem: (problem) => tell(inFull(task, problem), told, output),
      progress: (state) => progress.update(state),
      leftOut: (leftOut) => output.detail(leftOutText(task.source, leftOut)),
    });
    progress.stop();
    report(committed.summary, output);
    if (task.stream !== undefined && committed.summary.totals.bytes === 0) {
      output.warn(`${displayName(task.source)} is empty: nothing came`);
    }
    return committed;
  } finally {
    progress.stop();
  }
}

/** Each problem once, however many runs meet it; it counts in all of them. */
function tell(problem: Problem, told: Set<string>, output: Output): void {
  const key = `${problem.path}\0${problem.message}`;
  if (told.has(key)) output.problems += 1;
  else output.problem(problem);
  told.add(key);
}

function report({ run, source, begun, ended, complete, totals }: Summary, output: Output): void {
  const { files, bytes, newBytes, storedBytes } = totals;
  const [event, name, rest] = complete
    ? ["snapshot", "snapshot", ""]
    : ["checkpoint", "checkpoint", "; going on"];
  const id = snapshotId(run);
  const shown = displayName(source);
  output.result(
    { event, id, run, source: shown, begun, ended, complete, ...totals },
    `${name} ${id} of ${shown}: ${count(files, "file")}, ` +
      `${formatBytes(bytes)}; ${formatBytes(newBytes)} new, ${formatBytes(storedBytes)} stored, ` +
      `${formatDuration(ended - begun)}${rest}`,
  );
}

/** With its source in front: there may be several. */
export function inFull(
  { source }: Pick<BackupTask, "source">,
  { path, message }: Problem,
): Problem {
  return { path: joinPath(source, path), message };
}
