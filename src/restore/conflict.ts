/** What is to become of a thing that stands where an entry belongs. Pure. */
import type { BigIntStats } from "node:fs";
import type { Entry, FileEntry } from "../format/tree.ts";

/**
 * What to do about what is there already: `abort` at the first thing, `skip` it, `overwrite` it,
 * `update` it if the snapshot's is newer, or keep it if it is `identical` and overwrite it if not.
 *
 * With `update` and `identical` a restore that was cut off goes on: what has its own name is
 * complete, and has its time. Only other names may be missing: then it is made anew with them.
 */
export const CONFLICTS = ["abort", "skip", "overwrite", "update", "identical"] as const;
export type Conflict = (typeof CONFLICTS)[number];

export type Verdict =
  /** It is in the way, and stays. */
  | "refused"
  /** It is left as it is. */
  | "left"
  | "replaced"
  /** It is kept if it turns out to be the same. */
  | "compared";

/** @param there - of what is no directory. */
export function verdictOn(
  there: Pick<BigIntStats, "mtimeNs" | "nlink">,
  entry: Pick<Entry, "mtime"> & Pick<FileEntry, "links">,
  conflict: Conflict,
): Verdict {
  switch (conflict) {
    case "abort":
      return "refused";
    case "skip":
      return "left";
    case "overwrite":
      return "replaced";
    case "update":
      if (there.mtimeNs === entry.mtime) return hasItsNames(there, entry) ? "left" : "replaced";
      return there.mtimeNs > entry.mtime ? "left" : "replaced";
    case "identical":
      return "compared";
  }
}

/** Whether something has as many names as it had, if it had several. */
export function hasItsNames(
  { nlink }: Pick<BigIntStats, "nlink">,
  { links }: Pick<FileEntry, "links">,
): boolean {
  return links === undefined || Number(nlink) === links;
}
