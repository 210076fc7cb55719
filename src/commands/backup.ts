/** `backup`: stores what is new of one source or several, and commits a snapshot of each. */
import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import type { CommandModule } from "yargs";
import { preview } from "../backup/preview.ts";
import type { BackupTask } from "../backup/task.ts";
import { mustExist } from "../backup/task.ts";
import type { BackupTools } from "../backup/tools.ts";
import type { Cache } from "../cache/cache.ts";
import { pinsAt } from "../config/pins.ts";
import type { Filter } from "../disk/filter.ts";
import { lackOf, libc } from "../disk/libc.ts";
import { CorruptError, NotFoundError, PartialError, UsageError } from "../errors.ts";
import type { Clock } from "../flow.ts";
import { displayName, rawFromText } from "../format/raw-name.ts";
import { DEFAULT_SIZES } from "../format/settings.ts";
import { holdsRepository } from "../repository/settings.ts";
import { canonicalLocation, createTarget } from "../target/location.ts";
import { backUp, inFull } from "./backing-up.ts";
import { makeOwnRepository, newPassphrase } from "./create.ts";
import { parseInterval } from "./duration.ts";
import type { Environment } from "./environment.ts";
import { reachTarget, readEnvironment } from "./environment.ts";
import type { ExcludingFlags } from "./excluding.ts";
import { excludingFlags, excludingOf, leftOutText } from "./excluding.ts";
import { checkWorkers, listOf } from "./flags.ts";
import type { LabelFlags } from "./labelling.ts";
import { clocksOf, labelFlags, storingOf } from "./labelling.ts";
import { rememberedOf, rememberHeads } from "./memory.ts";
import type { OutputFlags } from "./output.ts";
import { count, formatBytes, Output } from "./output.ts";
import type { Hosting, Membership } from "./session.ts";
import { openAsHost, openAsMember, openCache } from "./session.ts";
import type { StreamFlags } from "./streaming.ts";
import { streamFlags, streamOf } from "./streaming.ts";

interface BackupFlags extends ExcludingFlags, LabelFlags, StreamFlags {
  source: string[] | undefined;
  from: string[] | undefined;
  to: string | undefined;
  tag: string[] | undefined;
  "dry-run": boolean;
  force: boolean;
  checkpoint: string | undefined;
  workers: number | undefined;
}

const CHECKPOINT = "1h";

export const backup: CommandModule<OutputFlags, BackupFlags> = {
  command: "backup [source..]",
  describe: "Back up directories or files",
  builder: (cli) =>
    streamFlags(labelFlags(excludingFlags(cli)))
      .positional("source", { type: "string", array: true, describe: "What to back up" })
      .option("from", { type: "string", array: true, nargs: 1, describe: "The same as SOURCE" })
      .option("to", { type: "string", requiresArg: true, describe: "The repository's target" })
      // One value a flag: a source that stands behind it is no second one.
      .option("tag", { type: "string", array: true, nargs: 1, describe: "Mark the snapshot" })
      .option("dry-run", {
        type: "boolean",
        default: false,
        describe: "Only say what would be read",
      })
      .option("force", { type: "boolean", default: false, describe: "Read unchanged files too" })
      .option("checkpoint", {
        type: "string",
        requiresArg: true,
        defaultDescription: CHECKPOINT,
        describe: "Commit what there is so often, as an incomplete snapshot; none: never",
      })
      .option("workers", {
        type: "number",
        requiresArg: true,
        defaultDescription: String(availableParallelism()),
        describe: "Threads that read; 0: none",
      }),
  handler: async (flags) => {
    const output = new Output(flags);
    const clocks = clocksOf(flags);
    const environment = await readEnvironment(process.env, output, { host: flags.host });
    const plan = planOf(flags, environment);
    const sources = [streamOf(flags) ?? sourcesOf(flags)].flat();
    const tasks = sources.map((source) => ({ ...plan, ...source }));
    // Before anything is made or stored: a source that is mistyped is found in all of them.
    for (const task of tasks) mustExist(task);
    await makeDefault(flags, environment, output);
    const target = await reachTarget(flags.to, environment);
    leaveOut(plan.filter, [target.location, environment.places.cache]);
    if (flags.dryRun) {
      // Nothing is to be stored: not even that this machine is a host.
      const member = await openAsMember(target, environment);
      await withCache(member, environment, (cache) =>
        lookOverAll(tasks, { member, cache, output }),
      );
    } else {
      const lack = lackOf(libc());
      if (lack !== undefined) output.note(lack);
      const member = await openAsHost(target, environment);
      await withCache(member, environment, (cache) =>
        storeAll(tasks, { member, cache, environment, output, clocks }),
      );
    }
    // A pattern that matched nothing in a whole run is a mistake more often than not.
    for (const pattern of plan.filter.unused) output.note(`${pattern} matched nothing`);
    if (output.damages > 0) {
      const told = count(output.damages, "earlier object");
      throw new CorruptError(target.location, `the backup is there, but not ${told} told above`);
    }
    if (output.problems > 0) {
      throw new PartialError(`done, but for ${count(output.problems, "problem")} told above`);
    }
  },
};

/** @throws {@link UsageError} if none is named. */
function sourcesOf(flags: BackupFlags): Pick<BackupTask, "source">[] {
  const sources = listOf([...(flags.source ?? []), ...(flags.from ?? [])], flags);
  if (sources.length === 0) throw new UsageError("nothing to back up: name a directory or a file");
  return sources.map((source) => ({ source: rawFromText(resolve(source)) }));
}

/** What all sources have in common. */
function planOf(flags: BackupFlags, { engine }: Environment): Omit<BackupTask, "source"> {
  return {
    tags: flags.tag ?? [],
    ...excludingOf(flags),
    reading: flags.force ? "every file" : "changed files",
    checkpoint: parseInterval("--checkpoint", flags.checkpoint ?? CHECKPOINT),
    ...storingOf(flags),
    engine,
    workers: checkWorkers(flags.workers ?? availableParallelism()),
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

interface Work {
  readonly member: Hosting;
  readonly cache: Cache;
  readonly environment: Environment;
  readonly output: Output;
  /** A clock for each snapshot. */
  readonly clocks: () => Clock;
}

async function withCache(
  { repository, host }: Membership,
  environment: Environment,
  use: (cache: Cache) => Promise<void>,
): Promise<void> {
  const cache = await openCache(repository, host, environment);
  try {
    await use(cache);
  } finally {
    await cache.close();
  }
}

async function lookOverAll(
  tasks: readonly BackupTask[],
  { member, cache, output }: Pick<Work, "cache" | "output"> & { readonly member: Membership },
): Promise<void> {
  const { repository, host } = member;
  for (const task of tasks) await lookOver(task, { repository, cache, host }, output);
}

/** One snapshot of each source; tells what is wrong with the snapshots that were there. */
async function storeAll(
  tasks: readonly BackupTask[],
  { member, cache, environment, output, clocks }: Work,
): Promise<void> {
  const { repository, host, signer, pin } = member;
  const { means } = environment;
  let remembered = rememberedOf(pin, host);
  let lost: readonly CorruptError[] = [];
  for (const task of tasks) {
    const tools = { repository, cache, host, signer, remembered, clock: clocks(), means };
    const { problems } = await backUp(task, tools, {
      output,
      async remember(heads) {
        remembered = { ...remembered, heads };
        await rememberHeads(repository.id, { host, heads }, environment, "reader");
      },
    });
    lost = problems;
  }
  for (const problem of lost) output.damage(problem);
}

async function lookOver(
  task: BackupTask,
  tools: Pick<BackupTools, "repository" | "cache" | "host">,
  output: Output,
): Promise<void> {
  const totals = await preview(task, tools, {
    problem: (problem) => output.problem(inFull(task, problem)),
    changed: ({ path }) => output.detail(`would read ${displayName(path)}`),
    leftOut: (leftOut) => output.detail(leftOutText(task.source, leftOut)),
  });
  const { files, bytes, changedFiles, changedBytes } = totals;
  output.result(
    { event: "preview", source: displayName(task.source), ...totals },
    `would read ${count(changedFiles, "file")} of ${files}, ` +
      `${formatBytes(changedBytes)} of ${formatBytes(bytes)}; nothing was stored`,
  );
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
  const [gone] = await pinsAt(environment.places, canonicalLocation(defaultTarget));
  if (gone !== undefined) {
    throw new NotFoundError(
      `the repository that was in ${defaultTarget}, ${gone.fingerprint}, is gone: ` +
        "bring it back, or say varve init to begin anew",
    );
  }
  const passphrase = await newPassphrase(environment);
  const keep = passphrase === undefined ? "out" : "in";
  const made = await makeOwnRepository(
    { target, sizes: DEFAULT_SIZES },
    { passphrase, keep },
    environment,
  );
  output.result(made.event);
  output.warn(`first use: ${made.text}`);
}
