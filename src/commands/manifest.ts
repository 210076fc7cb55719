/**
 * `manifest`: what a snapshot holds, for `sha1sum -c` or `b3sum -c`. A file that has no line is
 * told: nobody may take the others for all there is.
 */
import type { CommandModule } from "yargs";
import type { FileDigestName } from "../digest/digest.ts";
import { digestName } from "../digest/digest.ts";
import { NotFoundError, PartialError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName, rawBytes } from "../format/raw-name.ts";
import { ChunkSource } from "../restore/chunk-source.ts";
import type { TreeStep } from "../restore/resolve.ts";
import { resolve } from "../restore/resolve.ts";
import { Selection } from "../restore/selection.ts";
import { jsonLine, lines } from "./entry-text.ts";
import type { OutputFlags } from "./output.ts";
import { count, Output } from "./output.ts";
import { print } from "./print.ts";
import type { ReadingFlags } from "./reading.ts";
import { readingFlags, withSnapshot } from "./reading.ts";

interface ManifestFlags extends ReadingFlags {
  "file-digest": keyof typeof PROGRAMS | undefined;
}

/** What reads the lines. */
const PROGRAMS = { sha1: "sha1sum -c", blake3: "b3sum -c" };

export const manifest: CommandModule<OutputFlags, ManifestFlags> = {
  command: "manifest",
  describe: "Print the files of a snapshot with their hashes, as sha1sum -c reads them",
  builder: (cli) =>
    readingFlags(cli).option("file-digest", {
      choices: ["sha1", "blake3"] as const,
      requiresArg: true,
      describe: "Only these hashes, where a snapshot has both: for sha1sum -c, or b3sum -c",
    }),
  handler: async (flags) => {
    const output = new Output(flags);
    await withSnapshot(flags, output, async ({ manifest, means }) => {
      const everything = new Selection([], manifest.source);
      const steps = resolve(manifest.root, new ChunkSource(means), everything);
      if (flags.json) {
        await print(lines(steps, (step) => (step.kind === "leave" ? undefined : jsonLine(step))));
        return;
      }
      const sums = new Sums(flags["file-digest"], output);
      if (await print(lines(steps, (step) => sums.line(step)))) sums.tell();
    });
  },
};

/** Lines of hashes, and what has none. */
class Sums {
  readonly #wanted: FileDigestName | undefined;
  readonly #output: Output;
  readonly #counts: Record<FileDigestName, number> = { sha1: 0, blake3: 0, none: 0 };

  constructor(wanted: FileDigestName | undefined, output: Output) {
    this.#wanted = wanted;
    this.#output = output;
  }

  /** As sha1sum prints them: names are bytes; a backslash in front says that some are escaped. */
  line({ path, entry }: TreeStep): Buffer | undefined {
    if (entry.type !== "file") return undefined;
    const { digest } = entry;
    const name = digest === undefined ? "none" : digestName(digest);
    this.#counts[name] += 1;
    if (digest === undefined) this.#output.detail(`${displayName(path)} has no hash`);
    if (digest === undefined || (this.#wanted ?? name) !== name) return undefined;
    return sumLine(path, digest.slice(digest.indexOf(":") + 1));
  }

  /**
   * Tells what the lines do not say of themselves.
   *
   * @throws {@link PartialError} if files have no line, {@link NotFoundError} if none has.
   */
  tell(): void {
    const { sha1, blake3, none } = this.#counts;
    const wanted = this.#wanted;
    const all = sha1 + blake3 + none;
    const listed = wanted === undefined ? sha1 + blake3 : this.#counts[wanted];
    if (wanted === undefined && sha1 > 0 && blake3 > 0) {
      this.#output.warn(
        `${count(sha1, "line")} for ${PROGRAMS.sha1} and ${blake3} for ${PROGRAMS.blake3}: ` +
          "--file-digest sha1 or --file-digest blake3 prints those of one kind",
      );
    }
    if (listed === all) return;
    const hash = wanted === undefined ? "hash" : `${wanted} hash`;
    const hint = "they were backed up with another --file-digest; varve verify compares them too";
    if (listed === 0) throw new NotFoundError(`no file of the snapshot has a ${hash}: ${hint}`);
    throw new PartialError(`${count(all - listed, "file")} without a ${hash} left out: ${hint}`);
  }
}

function sumLine(path: RawName, hash: string): Buffer {
  const escaped = path
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r") as RawName;
  return rawBytes(`${escaped === path ? "" : "\\"}${hash}  ${escaped}\n` as RawName);
}
