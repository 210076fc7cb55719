/** `manifest`: what a snapshot holds, for `sha1sum -c`. */
import { once } from "node:events";
import type { CommandModule } from "yargs";
import type { RawName } from "../format/raw-name.ts";
import { displayName, rawBytes } from "../format/raw-name.ts";
import type { Entry } from "../format/tree.ts";
import { encodeEntry } from "../format/tree.ts";
import { ChunkSource } from "../restore/chunk-source.ts";
import { resolve } from "../restore/resolve.ts";
import { Selection } from "../restore/selection.ts";
import type { OutputFlags } from "./output.ts";
import { Output } from "./output.ts";
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
      for await (const step of resolve(manifest.root, new ChunkSource(means), everything)) {
        if (step.kind === "leave") continue;
        // Whoever read it has enough: `varve manifest | head`.
        if (!process.stdout.writable) break;
        const { path, entry } = step;
        if (flags.json) await print(jsonLine(path, entry));
        else if (entry.type === "file" && entry.digest !== undefined) {
          await print(sumLine(path, entry.digest));
        }
      }
    });
  },
};

function jsonLine(path: RawName, entry: Entry): string {
  return `${JSON.stringify({ path: displayName(path), ...encodeEntry(entry) })}\n`;
}

/** As sha1sum prints them: names are bytes; a backslash in front says that some are escaped. */
function sumLine(path: RawName, digest: string): Buffer {
  const hash = digest.slice(digest.indexOf(":") + 1);
  const escaped = path
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r") as RawName;
  return rawBytes(`${escaped === path ? "" : "\\"}${hash}  ${escaped}\n` as RawName);
}

async function print(text: string | Buffer): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
