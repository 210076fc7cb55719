/** `find`: where in a snapshot something of a name is. */
import type { CommandModule } from "yargs";
import { UsageError } from "../errors.ts";
import { ChunkSource } from "../restore/chunk-source.ts";
import { resolve } from "../restore/resolve.ts";
import { Search } from "../restore/search.ts";
import { lineMaker, lines } from "./entry-text.ts";
import { listOf } from "./flags.ts";
import { isListed } from "./ls.ts";
import type { OutputFlags } from "./output.ts";
import { Output } from "./output.ts";
import { print } from "./print.ts";
import type { ReadingFlags } from "./reading.ts";
import { readingFlags, withSnapshot } from "./reading.ts";

interface FindFlags extends ReadingFlags {
  pattern: string[] | undefined;
  long: boolean;
}

export const find: CommandModule<OutputFlags, FindFlags> = {
  // Not <pattern..>: they may stand behind `--`.
  command: "find [pattern..]",
  describe: "List what in a snapshot has a name, or a path, that matches a glob",
  builder: (cli) =>
    readingFlags(cli)
      .positional("pattern", {
        type: "string",
        array: true,
        describe: "A name at any depth, with a slash a path; a slash at its end: directories only",
      })
      .option("long", {
        alias: "l",
        type: "boolean",
        default: false,
        describe: "Modes, owners, sizes and times (UTC) as well",
      }),
  handler: async (flags) => {
    const patterns = listOf(flags.pattern, flags);
    if (patterns.length === 0) throw new UsageError("say what to find: varve find PATTERN");
    await withSnapshot(flags, new Output(flags), async ({ manifest, means }) => {
      const search = new Search(patterns, manifest.source);
      const lineOf = lineMaker(flags);
      const steps = resolve(manifest.root, new ChunkSource(means), search);
      const found = lines(steps, (step) =>
        isListed(step) && search.finds(step.path, step.entry) ? lineOf(step) : undefined,
      );
      if (await print(found)) search.mustBeFound();
    });
  },
};
