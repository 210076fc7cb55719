/** `backup`: stores what is new of one source or several, and commits a snapshot of each. */
import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import type { CommandModule } from "yargs";
import type { BackupTask } from "../backup/backup.ts";
import { backup as makeBackup, mustExist } from "../backup/backup.ts";
import { preview } from "../backup/preview.ts";
import type { BackupTools } from "../backup/tools.ts";
import { Filter } from "../disk/filter.ts";
import { joinPath } from "../disk/path.ts";
import type { Problem } from "../disk/walk.ts";
import { PartialError, UsageError } from "../errors.ts";
import { displayName, rawFromText } from "../format/raw-name.ts";
import { DEFAULT_SIZES } from "../format/settings.ts";
import type { Summary } from "../format/snapshot.ts";
import { holdsRepository } from "../repository/repository.ts";
import { snapshotId } from "../repository/snapshots.ts";
import { createTarget } from "../target/location.ts";
import { makeRepository, newPassphrase } from "./create.ts";
import { checkWorkers, listOf } from "./flags.ts";
import type { OutputFlags } from "./output.ts";
import { count, formatBytes, formatDuration, Output } from "./output.ts";
import { showProgress } from "./progress.ts";
import type { Environment } from "./session.ts";
import { openAsHost, openCache, reachTarget, readEnvironment } from "./session.ts";

interface BackupFlags extends OutputFlags {
  source: string[] | undefined;
  from: string[] | undefined;
  to: string | undefined;
  tag: string[] | undefined;
  exclude: string[] | undefined;
  "dry-run": boolean;
  force: boolean;
  workers: number;
}

/** The best size for its time on a mixed tree; see bench/README.md. */
const LEVEL = 3;

export const backup: CommandModule<OutputFlags, BackupFlags> = {
  command: "backup [source..]",
  describe: "Back up directories or files",
  builder: (cli) =>
    cli
      .positional("source", { type: "string", array: true, describe: "What to back up" })
      .option("from", { type: "string", array: true, nargs: 1, describe: "The same as SOURCE" })
      .option("to", { type: "string", requiresArg: true, describe: "The repository's target" })
      // One value a flag: a source that stands behind it is no second one.
      .option("tag", { type: "string", array: true, nargs: 1, describe: "Mark the snapshot" })
      .option("exclude", {
        type: "string",
        array: true,
        nargs: 1,
        describe: "Leave out what matches a glob",
      })
      .option("dry-run", {
        type: "boolean",
        default: false,
        describe: "Only say what would be read",
      })
      .option("force", {
        type: "boolean",
        default: false,
        describe: "Read unchanged files as well",
      })
      .option("workers", {
        type: "number",
        requiresArg: true,
        default: availableParallelism(),
        describe: "Threads that read; 0: none",
      }),
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env);
    const sources = listOf([...(flags.source ?? []), ...(flags.from ?? [])], flags);
    if (sources.length === 0)
      throw new UsageError("nothing to back up: name a directory or a file");
    const plan = planOf(flags, environment);
    const tasks = sources.map((source) => ({ ...plan, source: rawFromText(resolve(source)) }));
    // Before anything is made or stored: a source that is mistyped is found in all of them.
    for (const { source } of tasks) mustExist(source);
    await makeDefault(flags, environment, output);
    const target = await reachTarget(flags.to, environment);
    leaveOut(plan.filter, [target.location, environment.places.cache]);
    const repository = await openAsHost(target, environment);
    const { host, means } = environment;
    const cache = await openCache(repository, host, environment, (text) => output.note(text));
    try {
      const tools = { repository, cache, host, clock: Date.now, means };
      for (const task of tasks) await (flags.dryRun ? lookOver : backUp)(task, tools, output);
    } finally {
      await cache.close();
    }
    // A pattern that matched nothing in a whole run is a mistake more often than not.
    for (const pattern of plan.filter.unused) output.note(`--exclude ${pattern} matched nothing`);
    if (output.problems > 0) {
      throw new PartialError(`done, but for ${count(output.problems, "problem")} told above`);
    }
  },
};

/** What all sources have in common. */
function planOf(flags: BackupFlags, { engine }: Environment): Omit<BackupTask, "source"> {
  const excludes = flags.exclude ?? [];
  return {
    tags: flags.tag ?? [],
    excludes,
    filter: new Filter(excludes),
    reading: flags.force ? "every file" : "changed files",
    digest: "sha1",
    level: LEVEL,
    engine,
    workers: checkWorkers(flags.workers),
  };
}

/**
 * The repository is left out of what is backed up to it: else each run would
 * store the packs of the last one. So is the cache, which is made from it.
 */
function leaveOut(filter: Filter, directories: readonly string[]): void {
  for (const directory of directories) {
    const stats = statSync(directory, { bigint: true, throwIfNoEntry: false });
    if (stats !== undefined) filter.leaveOut(stats);
  }
}

async function backUp(task: BackupTask, tools: BackupTools, output: Output): Promise<void> {
  const progress = showProgress(output.flags, undefined);
  try {
    const summary = await makeBackup(task, tools, {
      problem: (problem) => output.problem(inFull(task, problem)),
      progress: (state) => progress.update(state),
    });
    progress.stop();
    report(summary, output);
  } finally {
    progress.stop();
  }
}

async function lookOver(task: BackupTask, tools: BackupTools, output: Output): Promise<void> {
  const totals = await preview(task, tools, {
    problem: (problem) => output.problem(inFull(task, problem)),
    changed: ({ path }) => output.detail(`would read ${displayName(path)}`),
  });
  const { files, bytes, changedFiles, changedBytes } = totals;
  output.result(
    { event: "preview", source: displayName(task.source), ...totals },
    `would read ${count(changedFiles, "file")} of ${files}, ` +
      `${formatBytes(changedBytes)} of ${formatBytes(bytes)}; nothing was stored`,
  );
}

function report({ run, source, begun, ended, totals }: Summary, output: Output): void {
  const { files, bytes, newBytes, storedBytes } = totals;
  output.result(
    {
      event: "snapshot",
      id: snapshotId(run),
      run,
      source: displayName(source),
      begun,
      ended,
      ...totals,
    },
    `snapshot ${snapshotId(run)} of ${displayName(source)}: ${count(files, "file")}, ` +
      `${formatBytes(bytes)}; ${formatBytes(newBytes)} new, ${formatBytes(storedBytes)} stored, ` +
      `${formatDuration(ended - begun)}`,
  );
}

/** With its source in front: there may be several. */
function inFull({ source }: BackupTask, { path, message }: Problem): Problem {
  return { path: joinPath(source, path), message };
}

/** The embedded default is made on first use; any other target is made by `init`. */
async function makeDefault(
  { to, "dry-run": isDryRun }: Pick<BackupFlags, "to" | "dry-run">,
  environment: Environment,
  output: Output,
): Promise<void> {
  const { defaultTarget, isEmbedded } = environment.places;
  if (to !== undefined || isDryRun || !isEmbedded) return;
  await mkdir(dirname(defaultTarget), { recursive: true, mode: 0o700 });
  const target = await createTarget(defaultTarget);
  if (await holdsRepository(target)) return;
  const passphrase = await newPassphrase(environment);
  const keep = passphrase === undefined ? "out" : "in";
  const made = await makeRepository(
    { target, sizes: DEFAULT_SIZES, passphrase, keep },
    environment,
  );
  output.result(made.event);
  output.warn(`first use: ${made.text}`);
}
