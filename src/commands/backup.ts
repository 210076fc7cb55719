/** `backup`: stores what is new of one source or several, and commits a snapshot of each. */
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import type { CommandModule } from "yargs";
import type { BackupTask } from "../backup/backup.ts";
import { backup as makeBackup } from "../backup/backup.ts";
import { preview } from "../backup/preview.ts";
import type { BackupTools } from "../backup/tools.ts";
import { Filter } from "../disk/filter.ts";
import { PartialError, UsageError } from "../errors.ts";
import { displayName, rawFromText } from "../format/raw-name.ts";
import { DEFAULT_SIZES } from "../format/settings.ts";
import type { Summary } from "../format/snapshot.ts";
import { holdsRepository } from "../repository/repository.ts";
import { snapshotId } from "../repository/snapshots.ts";
import { createTarget } from "../target/location.ts";
import { makeRepository, newPassphrase } from "./create.ts";
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
  workers: number | undefined;
}

/** The best size for its time on a mixed tree; see bench/README.md. */
const LEVEL = 3;
const MAX_WORKERS = 64;

export const backup: CommandModule<OutputFlags, BackupFlags> = {
  command: "backup [source..]",
  describe: "Back up directories or files",
  builder: (cli) =>
    cli
      .positional("source", { type: "string", array: true, describe: "What to back up" })
      .option("from", { type: "string", array: true, describe: "The same as SOURCE" })
      .option("to", { type: "string", describe: "The repository's target" })
      .option("tag", { type: "string", array: true, describe: "Mark the snapshot" })
      .option("exclude", { type: "string", array: true, describe: "Leave out what matches a glob" })
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
      .option("workers", { type: "number", describe: "Threads that read; 0: none" }),
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env);
    const sources = [...(flags.source ?? []), ...(flags.from ?? [])];
    if (sources.length === 0)
      throw new UsageError("nothing to back up: name a directory or a file");
    await makeDefault(flags, environment, output);
    const target = await reachTarget(flags.to, environment);
    const repository = await openAsHost(target, environment);
    const { host, means } = environment;
    const cache = await openCache(repository, host, environment, (text) => output.note(text));
    try {
      const tools = { repository, cache, host, clock: Date.now, means };
      for (const source of sources) {
        const task = taskOf(source, flags, environment);
        await (flags.dryRun ? lookOver : backUp)(task, tools, output);
      }
    } finally {
      await cache.close();
    }
    if (output.problems > 0) {
      throw new PartialError(`done, but for ${count(output.problems, "problem")} told above`);
    }
  },
};

function taskOf(source: string, flags: BackupFlags, { engine }: Environment): BackupTask {
  const excludes = flags.exclude ?? [];
  const workers = flags.workers ?? availableParallelism();
  if (!Number.isInteger(workers) || workers < 0 || workers > MAX_WORKERS) {
    throw new UsageError(`--workers should be a whole number from 0 to ${MAX_WORKERS}`);
  }
  return {
    source: rawFromText(resolve(source)),
    tags: flags.tag ?? [],
    excludes,
    filter: new Filter(excludes),
    reading: flags.force ? "every file" : "changed files",
    digest: "sha1",
    level: LEVEL,
    engine,
    workers,
  };
}

async function backUp(task: BackupTask, tools: BackupTools, output: Output): Promise<void> {
  const progress = showProgress(output.flags, undefined);
  try {
    const summary = await makeBackup(task, tools, {
      problem: (problem) => output.problem(problem),
      progress: (state) => progress.update(state),
    });
    progress.stop();
    report(summary, output);
  } finally {
    progress.stop();
  }
  tellUnused(task, output);
}

async function lookOver(task: BackupTask, tools: BackupTools, output: Output): Promise<void> {
  const totals = await preview(task, tools, {
    problem: (problem) => output.problem(problem),
    changed: ({ path }) => output.detail(`would read ${displayName(path)}`),
  });
  const { files, bytes, changedFiles, changedBytes } = totals;
  output.result(
    { event: "preview", source: displayName(task.source), ...totals },
    `would read ${count(changedFiles, "file")} of ${files}, ` +
      `${formatBytes(changedBytes)} of ${formatBytes(bytes)}; nothing was stored`,
  );
  tellUnused(task, output);
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

/** A pattern that matched nothing in a whole run is a mistake more often than not. */
function tellUnused({ filter }: BackupTask, output: Output): void {
  for (const pattern of filter.unused) output.note(`--exclude ${pattern} matched nothing`);
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
  output.note(
    `first use: made a repository in ${defaultTarget}\n` +
      `private key  ${made.identity}${passphrase === undefined ? ", NOT locked by a passphrase" : ""}\n` +
      `fingerprint  ${made.unlocked.fingerprint}\n` +
      "Keep a copy of both elsewhere: without the private key nothing can be restored.",
  );
}
