/** Restores with everything as usual but what a test is about. */
import { loadDigests } from "../../src/digest/digest.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { Entry } from "../../src/format/tree.ts";
import type { OnError } from "../../src/restore/account.ts";
import type { ReadingMeans } from "../../src/restore/chunk-source.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { FileComparer } from "../../src/restore/compare-file.ts";
import type { Conflict } from "../../src/restore/conflict.ts";
import { Ground } from "../../src/restore/ground.ts";
import { Policy } from "../../src/restore/policy.ts";
import type { RestoreTask } from "../../src/restore/restore.ts";
import { Selection } from "../../src/restore/selection.ts";

export interface RestoreOptions {
  readonly conflict?: Conflict;
  readonly onError?: OnError;
  readonly patterns?: readonly string[];
  readonly policy?: Policy;
}

/** @param to - the directory to restore to. */
export async function restoreTask(
  root: Entry,
  to: string,
  means: ReadingMeans,
  options: RestoreOptions = {},
): Promise<RestoreTask> {
  const { conflict = "abort", onError = "abort", patterns = [] } = options;
  // Files that are compared have digests, or are named by `identify`: the key does not matter here.
  const digests = await loadDigests(new Uint8Array(32), "fastest");
  const comparing = { ...digests, chunkId: means.identify };
  const files = new FileComparer(new ChunkSource(means), comparing);
  return {
    root,
    selection: new Selection(patterns, "/s" as RawName),
    ground: new Ground(rawFromText(to), conflict),
    policy: options.policy ?? new Policy("ours", "left out"),
    onError,
    compare: (descriptor, entry, path) => files.differenceOf(descriptor, { path, entry }),
  };
}
