/**
 * What a run says of itself, and by what means it stores: the flags of
 * `backup` that change nothing about what is backed up.
 */
import type { Argv } from "yargs";
import type { Level } from "../compression/zstd.ts";
import { isLevel } from "../compression/zstd.ts";
import type { FileDigestName } from "../digest/digest.ts";
import { UsageError } from "../errors.ts";
import type { Clock } from "../flow.ts";
import { parseTime } from "./time.ts";

export interface LabelFlags {
  host: string | undefined;
  time: string | undefined;
  "file-digest": FileDigestName;
  compression: string | undefined;
}

/** The best size for its time on a mixed tree; see bench/README.md. */
const LEVEL = 3;
const RAW = "none";

/** Adds the flags. */
export function labelFlags<T>(cli: Argv<T>): Argv<T & LabelFlags> {
  return cli
    .option("host", {
      type: "string",
      requiresArg: true,
      describe: "As whom to store, instead of this machine; a new name takes the private key once",
    })
    .option("time", {
      type: "string",
      requiresArg: true,
      describe: "The snapshot's time instead of now: 2026-11-25 13:12:25, 2026-11-25, @1795612345",
    })
    .option("file-digest", {
      choices: ["sha1", "blake3", "none"] as const,
      requiresArg: true,
      default: "sha1" as const,
      describe: "Hash of each file, for varve manifest: as sha1sum or b3sum print it",
    })
    .option("compression", {
      type: "string",
      requiresArg: true,
      describe: `zstd's level, 1 to 19, or none [${LEVEL}]`,
    });
}

/** How the flags say to store. */
export function storingOf(flags: Pick<LabelFlags, "file-digest" | "compression">): {
  readonly digest: FileDigestName;
  readonly level: Level;
} {
  return { digest: flags["file-digest"], level: levelOf(flags.compression) };
}

/** @throws {@link UsageError} if it is no level. */
function levelOf(text: string | undefined): Level {
  if (text === undefined) return LEVEL;
  if (text === RAW) return RAW;
  const level = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (isLevel(level)) return level;
  throw new UsageError(`--compression takes a level from 1 to 19, or none, not "${text}"`);
}

/**
 * Makes a clock for each snapshot: the system's, or one that stands at `--time` when first asked.
 *
 * @throws {@link UsageError} if that is no time.
 */
export function clocksOf({ time }: Pick<LabelFlags, "time">): () => Clock {
  if (time === undefined) return () => Date.now;
  const begun = parseTime("--time", time);
  return () => {
    let asked: number | undefined;
    return () => {
      const now = Date.now();
      asked ??= now;
      return begun + now - asked;
    };
  };
}
