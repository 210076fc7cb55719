/** The flags of `backup` that say what is left out. */
import type { Argv } from "yargs";
import type { BackupTask } from "../backup/task.ts";
import type { Marker } from "../disk/filter/marker.ts";
import { cacheTag, presence } from "../disk/filter/marker.ts";
import { parsePattern } from "../disk/filter/pattern.ts";
import { readPatterns } from "../disk/filter/pattern-file.ts";
import type { LeftOut } from "../disk/filter.ts";
import { Filter } from "../disk/filter.ts";
import { joinPath } from "../disk/path.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { OutputFlags } from "./output.ts";
import { parseSize } from "./size.ts";

export interface ExcludingFlags extends OutputFlags {
  exclude: string[] | undefined;
  "exclude-file": string[] | undefined;
  "exclude-if-present": string[] | undefined;
  "exclude-larger-than": string | undefined;
  "exclude-caches": boolean;
  gitignore: boolean;
  "one-file-system": boolean;
}

/** Adds the flags. Those that repeat take one value each: a source that stands behind it is no second one. */
export function excludingFlags(cli: Argv<OutputFlags>): Argv<ExcludingFlags> {
  const repeatable = { type: "string", array: true, nargs: 1 } as const;
  const isOff = { type: "boolean", default: false } as const;
  return cli
    .option("exclude", {
      ...repeatable,
      describe: "Leave out what matches a glob, or re:REGEX; with ! in front, take it in again",
    })
    .option("exclude-file", { ...repeatable, describe: "The same, one a line of a file" })
    .option("exclude-if-present", {
      ...repeatable,
      describe: "Of a directory that has something of this name, keep only that",
    })
    .option("exclude-larger-than", {
      type: "string",
      requiresArg: true,
      describe: "Leave out larger files: 2g, 16m",
    })
    .option("exclude-caches", {
      ...isOff,
      describe: "Of a directory that CACHEDIR.TAG says is a cache, keep only that",
    })
    .option("gitignore", { ...isOff, describe: "Leave out what .gitignore files say" })
    .option("one-file-system", {
      ...isOff,
      describe: "Keep what is mounted below a source as an empty directory",
    });
}

/**
 * What the flags say. Files of patterns come first, so that `--exclude` has the last word.
 *
 * @throws {@link UsageError} for a pattern, file, name or size that is none.
 */
export function excludingOf(flags: ExcludingFlags): Pick<BackupTask, "excludes" | "filter"> {
  const { exclude = [], "exclude-file": files = [], "exclude-larger-than": largest } = flags;
  const patterns = [
    ...files.flatMap((file) => readPatterns(file)),
    ...exclude.map((text) => parsePattern(text, "--exclude")),
  ];
  const markers = markersOf(flags);
  const filter = new Filter(patterns, {
    markers,
    largestFile: parseSize("--exclude-larger-than", largest, Number.POSITIVE_INFINITY),
    gitignore: flags.gitignore,
    oneFileSystem: flags["one-file-system"],
  });
  const others = [
    ...markers.map(({ told }) => told),
    ...(largest === undefined ? [] : [`--exclude-larger-than ${largest}`]),
    ...(flags.gitignore ? ["--gitignore"] : []),
    ...(flags["one-file-system"] ? ["--one-file-system"] : []),
  ];
  return { excludes: [...patterns.map(({ text }) => text), ...others], filter };
}

/** What is said of something that was left out, under `-v`. */
export function leftOutText(source: RawName, { entry, what, because }: LeftOut): string {
  const path = displayName(joinPath(source, entry.path));
  return `left out ${what === "it" ? "" : "what is in "}${path} (${because})`;
}

function markersOf(flags: ExcludingFlags): readonly Marker[] {
  const { "exclude-if-present": names = [], "exclude-caches": withCaches } = flags;
  return [
    ...(withCaches ? [cacheTag("--exclude-caches")] : []),
    ...names.map((name) => presence(name, "--exclude-if-present")),
  ];
}
