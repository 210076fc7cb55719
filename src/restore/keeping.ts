/** Keeps what is there already and is the same: only its metadata is touched up, if that differs. */
import type { BigIntStats } from "node:fs";
import type { Refusal } from "../disk/xattrs.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { DirectoryEntry, Entry } from "../format/tree.ts";
import { fileFailure } from "../target/file-failure.ts";
import type { Spot } from "./ground.ts";
import type { Likeness, Wanted } from "./likeness.ts";
import { likenessOf } from "./likeness.ts";
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
 * @returns what of its metadata was refused; nothing if it is not kept.
 */
export async function keepIfSame(
  maker: Maker,
  { spot, there, path }: Standing,
  entry: Exclude<Entry, DirectoryEntry>,
  wanted: Wanted,
): Promise<readonly Refusal[] | undefined> {
  let likeness: Likeness;
  try {
    const found = { stats: there, place: maker.at(spot), path };
    likeness = await likenessOf(found, entry, wanted);
  } catch (error) {
    throw fileFailure(error, `compare ${displayName(path)}`);
  }
  if (likeness === "different") return undefined;
  return likeness === "same" ? [] : maker.keep(spot, entry, wanted.metadata);
}
