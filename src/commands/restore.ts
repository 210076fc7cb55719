/** `restore`: brings a snapshot back, or the part of it that is asked for. */
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { CommandModule } from "yargs";
import { CorruptError, PartialError, UsageError } from "../errors.ts";
import { displayName, rawFromText } from "../format/raw-name.ts";
import { ChunkSource } from "../restore/chunk-source.ts";
import type { Conflict } from "../restore/ground.ts";
import { Ground } from "../restore/ground.ts";
import type { RestoreTotals } from "../restore/restore.ts";
import { restore as restoreTree } from "../restore/restore.ts";
import { Selection } from "../restore/selection.ts";
import { verify } from "../restore/verify.ts";
import type { Writers } from "../restore/writers.ts";
import { inlineWriters, threadWriters } from "../restore/writers.ts";
import { fileFailure } from "../target/file-failure.ts";
import { checkWorkers, listOf } from "./flags.ts";
import type { OutputFlags } from "./output.ts";
import { count, formatBytes, formatDuration, Output } from "./output.ts";
import { showProgress } from "./progress.ts";
import type { OpenSnapshot, ReadingFlags } from "./reading.ts";
import { readingFlags, withSnapshot } from "./reading.ts";

interface RestoreFlags extends ReadingFlags {
  path: string[] | undefined;
  to: string;
  conflict: Conflict;
  verify: boolean;
  workers: number;
}

export const restore: CommandModule<OutputFlags, RestoreFlags> = {
  command: "restore [path..]",
  describe: "Restore a snapshot, or paths and globs of it",
  builder: (cli) =>
    readingFlags(cli)
      .positional("path", {
        type: "string",
        array: true,
        describe: "What to restore; all by default",
      })
      .option("to", {
        type: "string",
        requiresArg: true,
        demandOption: true,
        describe: "The directory to restore to",
      })
      .option("conflict", {
        choices: ["abort", "overwrite"] as const,
        requiresArg: true,
        default: "abort" as const,
        describe: "What to do about files that are there",
      })
      .option("verify", { type: "boolean", default: false, describe: "Read everything back" })
      .option("workers", {
        type: "number",
        requiresArg: true,
        default: availableParallelism(),
        describe: "Threads that write; 0: none",
      }),
  handler: async (flags) => {
    const output = new Output(flags);
    checkWorkers(flags.workers);
    checkDirectory(flags.to);
    await withSnapshot(flags, output, async (snapshot) => {
      await bringBack(flags, snapshot, output);
      if (flags.verify) await readBack(flags, snapshot, output);
    });
    if (output.problems > 0) {
      throw new PartialError(`done, but for ${count(output.problems, "problem")} told above`);
    }
  },
};

async function bringBack(
  flags: RestoreFlags,
  snapshot: OpenSnapshot,
  output: Output,
): Promise<void> {
  const { manifest, summary, means } = snapshot;
  const begun = Date.now();
  const paths = listOf(flags.path, flags);
  const selection = new Selection(paths, manifest.source);
  const ground = groundAt(flags);
  const isAll = paths.length === 0;
  const progress = showProgress(flags, isAll ? summary.totals.bytes : undefined);
  const writers = openWriters(flags.workers, snapshot);
  let totals: RestoreTotals;
  try {
    totals = await restoreTree({ root: manifest.root, selection, ground }, means, writers, {
      problem: (problem) => output.problem(problem),
      progress: (state) => progress.update(state),
    });
  } finally {
    progress.stop();
    await writers.close();
  }
  const { files, bytes } = totals;
  output.result(
    { event: "restored", run: summary.run, to: resolve(flags.to), ...totals },
    `restored ${count(files, "file")}, ${formatBytes(bytes)}, of ${displayName(manifest.source)} ` +
      `to ${flags.to}, ${formatDuration(Date.now() - begun)}`,
  );
}

function checkDirectory(to: string): void {
  const stats = attempt(`restore to ${to}`, () => statSync(to, { throwIfNoEntry: false }));
  if (stats?.isDirectory() === false) throw new UsageError(`--to ${to} is no directory`);
}

function groundAt({ to, conflict }: Pick<RestoreFlags, "to" | "conflict">): Ground {
  return attempt(`make ${to}`, () => new Ground(rawFromText(resolve(to)), conflict));
}

/** @throws one of varve's errors where a system call fails. */
function attempt<T>(doing: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileFailure(error, doing);
  }
}

function openWriters(count: number, { means, digests, environment }: OpenSnapshot): Writers {
  if (count === 0) return inlineWriters({ ...means, identify: digests.chunkId });
  const chunkIdKey = means.repository.keys.chunkId;
  return threadWriters(count, { chunkIdKey, engine: environment.engine });
}

/** What is there besides what was restored is no difference here. */
async function readBack(
  flags: RestoreFlags,
  { manifest, means, digests }: OpenSnapshot,
  output: Output,
): Promise<void> {
  const selection = new Selection(listOf(flags.path, flags), manifest.source);
  const directory = rawFromText(resolve(flags.to));
  const task = { root: manifest.root, selection, directory, extras: "ignore" as const };
  const totals = await verify(task, new ChunkSource(means), digests, (difference) =>
    output.problem(difference),
  );
  if (totals.differences > 0) {
    throw new CorruptError(flags.to, `${count(totals.differences, "difference")} told above`);
  }
  output.result(
    { event: "verified", ...totals },
    `read back ${count(totals.files, "file")}, ${formatBytes(totals.bytes)}: all as backed up`,
  );
}
