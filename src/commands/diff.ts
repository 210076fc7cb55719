/** `diff`: what differs between two snapshots, or a snapshot and what is on disk. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandModule } from "yargs";
import type { Problem } from "../disk/walk.ts";
import { NotFoundError, PartialError, UsageError } from "../errors.ts";
import { rawFromText } from "../format/raw-name.ts";
import { isSnapshotName } from "../repository/snapshots.ts";
import { ChunkSource } from "../restore/chunk-source.ts";
import type { Difference } from "../restore/compare.ts";
import { compareDisk } from "../restore/compare-disk.ts";
import { compareTrees } from "../restore/compare-trees.ts";
import { Selection } from "../restore/selection.ts";
import { fileFailure } from "../target/file-failure.ts";
import { DifferenceLines } from "./difference-text.ts";
import { listOf } from "./flags.ts";
import type { OutputFlags } from "./output.ts";
import { count, Output } from "./output.ts";
import { print } from "./print.ts";
import type { OpenSnapshot, RepositoryFlags } from "./reading.ts";
import { repositoryFlags, withSnapshots } from "./reading.ts";

interface DiffFlags extends RepositoryFlags {
  first: string;
  second: string;
  path: string[] | undefined;
  metadata: boolean;
}

const EPILOGUE = `Marks, as restic's:
  +  only in the second        M  other content, or another target of a link
  -  only in the first         T  another type
  U  other metadata alone (with --metadata): mode, owner, time, extended attributes

On disk a file of the same size and time is taken for the same: varve verify reads all of them.`;

export const diff: CommandModule<OutputFlags, DiffFlags> = {
  command: "diff <first> <second> [path..]",
  describe: "List what differs between two snapshots, or a snapshot and a directory",
  builder: (cli) =>
    repositoryFlags(cli)
      .positional("first", {
        type: "string",
        demandOption: true,
        describe: "A snapshot: latest, or an id, of whichever host",
      })
      .positional("second", {
        type: "string",
        demandOption: true,
        describe: "Another one, or a directory, as ./latest is",
      })
      .positional("path", {
        type: "string",
        array: true,
        describe: "What to compare; all by default",
      })
      .option("metadata", {
        type: "boolean",
        default: false,
        describe: "List what differs in metadata alone as well",
      })
      .epilogue(EPILOGUE),
  handler: async (flags) => {
    const output = new Output(flags);
    checkFirst(flags);
    const disk = diskOf(flags.second, output);
    await withSnapshots(flags, output, async (open) => {
      const first = await open(flags.first);
      const selection = new Selection(listOf(flags.path, flags), first.manifest.source);
      const differences =
        disk === undefined
          ? withSnapshot(first, await open(flags.second), selection)
          : withDisk(first, { disk, output, selection });
      const lines = new DifferenceLines(flags);
      if (!(await print(lines.of(differences)))) return;
      selection.mustBeFound();
      output.result({ event: "compared", ...lines.totals }, lines.summary);
    });
    if (output.problems > 0) {
      throw new PartialError(`done, but for ${count(output.problems, "problem")} told above`);
    }
  },
};

/** @throws {@link UsageError} if the first is on disk. */
function checkFirst({ first, second }: DiffFlags): void {
  if (isSnapshotName(first) || !existsSync(first)) return;
  throw new UsageError(`the snapshot comes first: varve diff ${second} ${first}`);
}

/**
 * The path on disk that is meant; nothing if it is a snapshot.
 *
 * @throws {@link NotFoundError} if it can be neither.
 */
function diskOf(name: string, output: Output): string | undefined {
  const isThere = existsSync(name);
  if (isSnapshotName(name)) {
    if (isThere) output.note(`${name} is taken for a snapshot: say ./${name} for what is on disk`);
    return undefined;
  }
  if (isThere) return resolve(name);
  throw new NotFoundError(`there is no ${name}, and it is no snapshot: say latest, or an id`);
}

function withSnapshot(
  first: OpenSnapshot,
  second: OpenSnapshot,
  selection: Selection,
): AsyncIterable<Difference> {
  const chunks = new ChunkSource(first.means);
  const others = second.means === first.means ? chunks : new ChunkSource(second.means);
  return compareTrees(
    { root: first.manifest.root, chunks },
    { root: second.manifest.root, chunks: others },
    selection,
  );
}

function withDisk(
  { manifest, means, digests }: OpenSnapshot,
  {
    disk,
    output,
    selection,
  }: { readonly disk: string; readonly output: Output; readonly selection: Selection },
): AsyncIterable<Difference> {
  const stored = { root: manifest.root, chunks: new ChunkSource(means) };
  const path = rawFromText(disk);
  try {
    const problem = (told: Problem) => output.problem(told);
    return compareDisk(stored, { path, digests, problem }, selection);
  } catch (error) {
    throw fileFailure(error, `look at ${disk}`);
  }
}
