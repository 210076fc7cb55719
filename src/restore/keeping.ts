/** Keeps what is there already and is the same: only its metadata is touched up, if that differs. */
import type { BigIntStats } from "node:fs";
import type { Metadata } from "../disk/metadata.ts";
import { hasMetadata } from "../disk/metadata.ts";
import type { Refusal } from "../disk/xattrs.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { DirectoryEntry, Entry } from "../format/tree.ts";
import { fileFailure } from "../target/file-failure.ts";
import type { Spot } from "./ground.ts";
import type { CompareContent } from "./likeness.ts";
import { isLike } from "./likeness.ts";
import type { Maker } from "./making.ts";

/** What stands where an entry belongs. */
export interface Standing {
  readonly spot: Spot;
  readonly there: BigIntStats;
  readonly path: RawName;
}

/**
 * Keeps it, if it is the same.
 *
 * What has other names is kept only if it needs no touching up: they may be somebody else's, and
 * would be given away with it.
 *
 * @returns what of its metadata was refused; nothing if it is not kept.
 */
export async function keepIfSame(
  maker: Maker,
  { spot, there, path }: Standing,
  entry: Exclude<Entry, DirectoryEntry>,
  { metadata, compare }: { readonly metadata: Metadata; readonly compare: CompareContent },
): Promise<readonly Refusal[] | undefined> {
  let isDone: boolean;
  try {
    isDone = hasMetadata(maker.at(spot), there, metadata);
    if (there.nlink > 1n && !isDone) return undefined;
    const found = { stats: there, place: maker.at(spot), path };
    if (!(await isLike(found, entry, compare))) return undefined;
  } catch (error) {
    throw fileFailure(error, `compare ${displayName(path)}`);
  }
  return isDone ? [] : maker.keep(spot, entry, metadata);
}
