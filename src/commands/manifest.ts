/** `manifest`: what a snapshot holds, for `sha1sum -c`. */
import type { CommandModule } from "yargs";
import type { RawName } from "../format/raw-name.ts";
import { rawBytes } from "../format/raw-name.ts";
import { ChunkSource } from "../restore/chunk-source.ts";
import type { Resolved } from "../restore/resolve.ts";
import { resolve } from "../restore/resolve.ts";
import { Selection } from "../restore/selection.ts";
import { jsonLine, lines } from "./entry-text.ts";
import type { OutputFlags } from "./output.ts";
import { Output } from "./output.ts";
import { print } from "./print.ts";
import type { ReadingFlags } from "./reading.ts";
import { readingFlags, withSnapshot } from "./reading.ts";

export const manifest: CommandModule<OutputFlags, ReadingFlags> = {
  command: "manifest",
  describe: "Print the files of a snapshot with their hashes, as sha1sum -c reads them",
  builder: readingFlags,
  handler: async (flags) => {
    const output = new Output(flags);
    await withSnapshot(flags, output, async ({ manifest, means }) => {
      const everything = new Selection([], manifest.source);
      const steps = resolve(manifest.root, new ChunkSource(means), everything);
      const lineOf = flags.json ? jsonLine : sumLine;
      await print(lines(steps, (step) => (step.kind === "leave" ? undefined : lineOf(step))));
    });
  },
};

/** As sha1sum prints them: names are bytes; a backslash in front says that some are escaped. */
function sumLine({ path, entry }: Resolved): Buffer | undefined {
  if (entry.type !== "file" || entry.digest === undefined) return undefined;
  const { digest } = entry;
  const hash = digest.slice(digest.indexOf(":") + 1);
  const escaped = path
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r") as RawName;
  return rawBytes(`${escaped === path ? "" : "\\"}${hash}  ${escaped}\n` as RawName);
}
