/** `cat`: prints a file of a snapshot, byte for byte. */
import type { CommandModule } from "yargs";
import { NotFoundError, UsageError } from "../errors.ts";
import { displayName } from "../format/raw-name.ts";
import type { Manifest } from "../format/snapshot.ts";
import type { Entry, FileEntry } from "../format/tree.ts";
import { ChunkSource } from "../restore/chunk-source.ts";
import { fileBytes } from "../restore/file-bytes.ts";
import type { Resolved } from "../restore/resolve.ts";
import { resolve } from "../restore/resolve.ts";
import { Selection } from "../restore/selection.ts";
import { listOf } from "./flags.ts";
import type { OutputFlags } from "./output.ts";
import { Output } from "./output.ts";
import { print } from "./print.ts";
import type { ReadingFlags } from "./reading.ts";
import { readingFlags, withSnapshot } from "./reading.ts";

interface CatFlags extends ReadingFlags {
  path: string | undefined;
}

export const cat: CommandModule<OutputFlags, CatFlags> = {
  // Not <path>: it may stand behind `--`.
  command: "cat [path]",
  describe: "Print a file of a snapshot",
  builder: (cli) =>
    readingFlags(cli).positional("path", { type: "string", describe: "The file's path" }),
  handler: async (flags) => {
    const path = onePath(flags);
    if (flags.json) throw new UsageError("cat prints a file as it is: there is no --json");
    await withSnapshot(flags, new Output(flags), async ({ manifest, means, digests }) => {
      const chunks = new ChunkSource(means);
      const file = await fileAt(path, manifest, chunks);
      await print(fileBytes(file, chunks, digests));
    });
  },
};

function onePath(flags: CatFlags): string {
  const [path, ...more] = listOf(flags.path === undefined ? [] : [flags.path], flags);
  if (path === undefined) throw new UsageError("say which file to print: varve cat PATH");
  if (more.length > 0) throw new UsageError("cat prints one file");
  return path;
}

/** @throws {@link NotFoundError} if nothing is there, {@link UsageError} if it is no file. */
async function fileAt(
  path: string,
  { root, source }: Manifest,
  chunks: ChunkSource,
): Promise<Resolved<FileEntry>> {
  const selection = new Selection([path], source, "paths");
  for await (const step of resolve(root, chunks, selection)) {
    if (step.kind === "enter" && !step.isSelected) continue;
    const { path: found, entry } = step;
    if (entry.type === "file") return { path: found, entry };
    throw new UsageError(`cannot print "${displayName(found) || "."}": it is ${whatIs(entry)}`);
  }
  throw new NotFoundError(`the snapshot has no ${path}`);
}

function whatIs(entry: Entry): string {
  switch (entry.type) {
    case "directory":
      return "a directory, which varve ls lists";
    case "symlink":
      return `a symlink to "${displayName(entry.target)}"`;
    case "character":
    case "block":
      return `a ${entry.type} device`;
    default:
      return `a ${entry.type}`;
  }
}
