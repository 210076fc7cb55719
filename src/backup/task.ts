/** What a backup is asked to do, and who is told how it gets on. */
import { lstatSync } from "node:fs";
import type { Filter, LeftOut } from "../disk/filter.ts";
import { systemPath } from "../disk/path.ts";
import type { StreamSource } from "../disk/stream.ts";
import type { Problem } from "../disk/walk.ts";
import { NotFoundError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { ReadingPlan } from "./readers.ts";

/** What is to be backed up, and how. */
export interface BackupTask extends ReadingPlan {
  /** An absolute path; of a stream, the name of the one file that is made of it. */
  readonly source: RawName;
  readonly stream?: StreamSource;
  readonly tags: readonly string[];
  /** What `filter` was made of, for the manifest. */
  readonly excludes: readonly string[];
  readonly filter: Filter;
  readonly reading: "changed files" | "every file";
  /** In milliseconds: how long a run may go on storing before it commits what it has; or `Infinity`. */
  readonly checkpoint: number;
}

/** Is told how the backup gets on. */
export interface BackupListener {
  problem(problem: Problem): void;
  progress(progress: Progress): void;
  /** Something that `filter` has left out. */
  leftOut?(leftOut: LeftOut): void;
}

export interface Progress {
  readonly files: number;
  /** Bytes of the files that are done, and of what was read of others. */
  readonly bytes: number;
  readonly newBytes: number;
  /** Bytes of packs on the target. */
  readonly storedBytes: number;
}

/** @throws {@link NotFoundError} if there is no source. */
export function mustExist({ source, stream }: Pick<BackupTask, "source" | "stream">): void {
  if (stream !== undefined) return;
  try {
    lstatSync(systemPath(source));
  } catch (error) {
    const message = `cannot back up ${displayName(source)}: ${(error as Error).message}`;
    throw new NotFoundError(message, { cause: error });
  }
}
