/** `restore`: brings a snapshot back, or the part of it that is asked for. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandModule } from "yargs";
import { CorruptError, PartialError, UsageError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName, rawFromText } from "../format/raw-name.ts";
import { ChunkSource } from "../restore/chunk-source.ts";
import { FileComparer } from "../restore/compare-file.ts";
import { Ground } from "../restore/ground.ts";
import type { CompareContent } from "../restore/likeness.ts";
import type { Policy } from "../restore/policy.ts";
import type { Fate, RestorePreview } from "../restore/preview.ts";
import { preview } from "../restore/preview.ts";
import type { Restored } from "../restore/restore.ts";
import { restore as restoreTree } from "../restore/restore.ts";
import { Selection } from "../restore/selection.ts";
import { freeSpace, mustFit } from "../restore/space.ts";
import { verify } from "../restore/verify.ts";
import type { Writers } from "../restore/writers.ts";
import { inlineWriters, threadWriters } from "../restore/writers.ts";
import { fileFailure } from "../target/file-failure.ts";
import { checkWorkers, listOf } from "./flags.ts";
import type { OutputFlags } from "./output.ts";
import { count, formatBytes, formatDuration, Output } from "./output.ts";
import { showProgress } from "./progress.ts";
import type { OpenSnapshot } from "./reading.ts";
import { withSnapshot } from "./reading.ts";
import type { RestoreFlags } from "./restoring.ts";
import { policyOf, restoreFlags, tellShortfalls } from "./restoring.ts";

/** What a file takes beside its content, at most. */
const INODE_BYTES = 8192;

export const restore: CommandModule<OutputFlags, RestoreFlags> = {
  command: "restore [path..]",
  describe: "Restore a snapshot, or paths and globs of it",
  builder: restoreFlags,
  handler: async (flags) => {
    const output = new Output(flags);
    const policy = policyOf(flags);
    checkWorkers(flags.workers);
    checkDirectory(flags.to);
    await withSnapshot(flags, output, async (snapshot) => {
      if (flags.dryRun) {
        await lookAhead(flags, snapshot, output);
        return;
      }
      await checkSpace(flags, snapshot);
      await bringBack({ flags, policy }, snapshot, output);
      if (flags.verify) await readBack(flags, snapshot, output);
    });
    if (output.problems > 0) {
      throw new PartialError(`done, but for ${count(output.problems, "problem")} told above`);
    }
  },
};

async function bringBack(
  { flags, policy }: { readonly flags: RestoreFlags; readonly policy: Policy },
  snapshot: OpenSnapshot,
  output: Output,
): Promise<void> {
  const { manifest, summary, means } = snapshot;
  const begun = Date.now();
  const selection = selectionOf(flags, snapshot);
  const ground = groundAt(flags);
  const isAll = listOf(flags.path, flags).length === 0;
  const progress = showProgress(flags, isAll ? summary.totals.bytes : undefined);
  const writers = openWriters(flags.workers, snapshot);
  const { root } = manifest;
  const onError = flags["on-error"];
  const compare = comparerOf(snapshot);
  let restored: Restored;
  try {
    restored = await restoreTree(
      { root, selection, ground, policy, onError, compare },
      means,
      writers,
      {
        problem: (problem) => output.problem(problem),
        progress: (state) => progress.update(state),
        kept: (path) => output.detail(`kept ${displayName(path)}`),
      },
    );
  } finally {
    progress.stop();
    await writers.close();
  }
  const { totals, shortfalls } = restored;
  tellShortfalls(policy.leftOut, shortfalls, output);
  const { files, bytes, kept } = totals;
  output.result(
    {
      event: "restored",
      run: summary.run,
      to: resolve(flags.to),
      ...totals,
      leftOut: policy.leftOut,
    },
    `restored ${count(files, "file")}, ${formatBytes(bytes)}, of ${displayName(manifest.source)} ` +
      `to ${flags.to}${kept > 0 ? `, kept ${kept}` : ""}, ${formatDuration(Date.now() - begun)}`,
  );
}

/** What a restore would do. */
async function lookAhead(
  flags: RestoreFlags,
  snapshot: OpenSnapshot,
  output: Output,
): Promise<void> {
  const found = await previewOf(flags, snapshot, (path, fate) => {
    if (fate === "in the way") output.problem({ path, message: "something is in the way" });
    else output.detail(`would ${fate} ${displayName(path)}`);
  });
  const free = freeSpace(rawFromText(resolve(flags.to)));
  const { make, replace, keep, bytes, space } = found;
  output.result(
    { event: "preview", run: snapshot.summary.run, to: resolve(flags.to), ...found, free },
    `would make ${make}, replace ${replace} and keep ${keep}, and write ${formatBytes(bytes)} ` +
      `to ${flags.to}, which has ${formatBytes(free)} free; nothing was written`,
  );
  if (space > free) output.warn(`there is not enough room: it takes ${formatBytes(space)}`);
}

/** The summary's word is enough where there is plenty; else the tree is read twice. */
async function checkSpace(flags: RestoreFlags, snapshot: OpenSnapshot): Promise<void> {
  if (flags["no-space-check"]) return;
  const to = rawFromText(resolve(flags.to));
  const free = freeSpace(to);
  const { bytes, files, directories } = snapshot.summary.totals;
  if (bytes + (files + directories) * INODE_BYTES <= free) return;
  const { space } = await previewOf(flags, snapshot, () => {});
  mustFit(space, { free, to, shown: formatBytes });
}

function previewOf(
  flags: RestoreFlags,
  snapshot: OpenSnapshot,
  tell: (path: RawName, fate: Fate) => void,
): Promise<RestorePreview> {
  const task = {
    root: snapshot.manifest.root,
    selection: selectionOf(flags, snapshot),
    to: rawFromText(resolve(flags.to)),
    conflict: flags.conflict,
    policy: policyOf(flags),
    compare: comparerOf(snapshot),
  };
  return preview(task, new ChunkSource(snapshot.means), tell);
}

function selectionOf(flags: RestoreFlags, { manifest }: OpenSnapshot): Selection {
  return new Selection(listOf(flags.path, flags), manifest.source);
}

function comparerOf({ means, digests }: OpenSnapshot): CompareContent {
  const files = new FileComparer(new ChunkSource(means), digests);
  return (descriptor, entry, path) => files.differenceOf(descriptor, { path, entry });
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
