/** `verify`: compares a restored tree with a snapshot, file by file. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandModule } from "yargs";
import { CorruptError, NotFoundError } from "../errors.ts";
import { rawFromText } from "../format/raw-name.ts";
import { ChunkSource } from "../restore/chunk-source.ts";
import { Selection } from "../restore/selection.ts";
import { verify as verifyTree } from "../restore/verify.ts";
import type { OutputFlags } from "./output.ts";
import { count, formatBytes, Output } from "./output.ts";
import type { ReadingFlags } from "./reading.ts";
import { readingFlags, withSnapshot } from "./reading.ts";

interface VerifyFlags extends ReadingFlags {
  directory: string;
}

export const verify: CommandModule<OutputFlags, VerifyFlags> = {
  command: "verify <directory>",
  describe: "Compare a restored tree with a snapshot",
  builder: (cli) =>
    readingFlags(cli).positional("directory", {
      type: "string",
      demandOption: true,
      describe: "The tree to compare",
    }),
  handler: async (flags) => {
    const output = new Output(flags);
    if (!existsSync(flags.directory)) throw new NotFoundError(`there is no ${flags.directory}`);
    await withSnapshot(flags, output, async ({ manifest, means, digests }) => {
      const { root, source } = manifest;
      const directory = rawFromText(resolve(flags.directory));
      const task = {
        root,
        selection: new Selection([], source),
        directory,
        extras: "tell" as const,
      };
      const totals = await verifyTree(task, new ChunkSource(means), digests, (difference) =>
        output.problem(difference),
      );
      const { files, bytes, differences } = totals;
      const text = `verified ${count(files, "file")}, ${formatBytes(bytes)}: all as backed up`;
      output.result({ event: "verified", ...totals }, differences > 0 ? undefined : text);
      if (differences > 0) {
        throw new CorruptError(flags.directory, `${count(differences, "difference")} told above`);
      }
    });
  },
};
