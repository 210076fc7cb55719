/** `ls`: lists what is in a snapshot. */
import type { CommandModule } from "yargs";
import { ChunkSource } from "../restore/chunk-source.ts";
import type { TreeStep } from "../restore/resolve.ts";
import { resolve } from "../restore/resolve.ts";
import { Selection } from "../restore/selection.ts";
import { Shallow } from "../restore/shallow.ts";
import { lineMaker, lines } from "./entry-text.ts";
import { listOf } from "./flags.ts";
import type { OutputFlags } from "./output.ts";
import { Output } from "./output.ts";
import { print } from "./print.ts";
import type { ReadingFlags } from "./reading.ts";
import { readingFlags, withSnapshot } from "./reading.ts";

interface LsFlags extends ReadingFlags {
  path: string[] | undefined;
  long: boolean;
  "no-recursive": boolean;
}

export const ls: CommandModule<OutputFlags, LsFlags> = {
  command: "ls [path..]",
  describe: "List what is in a snapshot, or below paths and globs of it",
  builder: (cli) =>
    readingFlags(cli)
      .positional("path", { type: "string", array: true, describe: "What to list; all by default" })
      .option("long", {
        alias: "l",
        type: "boolean",
        default: false,
        describe: "Modes, owners, sizes and times (UTC) as well",
      })
      .option("no-recursive", {
        alias: "d",
        type: "boolean",
        default: false,
        describe: "Of a directory only what is directly in it",
      }),
  handler: async (flags) => {
    await withSnapshot(flags, new Output(flags), async ({ manifest, means }) => {
      const selection = new Selection(listOf(flags.path, flags), manifest.source);
      const scope = flags.noRecursive ? new Shallow(selection) : selection;
      const lineOf = lineMaker(flags);
      const steps = resolve(manifest.root, new ChunkSource(means), scope);
      const listed = lines(steps, (step) => (isListed(step) ? lineOf(step) : undefined));
      if (await print(listed)) selection.mustBeFound();
    });
  },
};

/** The root is where the paths begin, and has none itself. */
export function isListed(step: TreeStep): boolean {
  return step.kind === "entry" || (step.kind === "enter" && step.isSelected && step.path !== "");
}
