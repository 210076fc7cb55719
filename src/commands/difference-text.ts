/** Differences as lines, and how many there were of each kind. */
import { displayName } from "../format/raw-name.ts";
import { encodeTime } from "../format/tree.ts";
import type { Difference, Item, Modifier } from "../restore/compare.ts";

/** How many entries differ, by how. */
export interface DifferenceTotals {
  added: number;
  removed: number;
  changed: number;
  types: number;
  metadata: number;
}

const TOTALS: Readonly<Record<Modifier, keyof DifferenceTotals>> = {
  "+": "added",
  "-": "removed",
  M: "changed",
  T: "types",
  U: "metadata",
};

export class DifferenceLines {
  readonly totals: DifferenceTotals = { added: 0, removed: 0, changed: 0, types: 0, metadata: 0 };
  readonly #flags: { readonly json: boolean; readonly metadata: boolean };

  constructor(flags: { readonly json: boolean; readonly metadata: boolean }) {
    this.#flags = flags;
  }

  /** A line for each that is to be listed; all are counted. */
  async *of(differences: AsyncIterable<Difference>): AsyncGenerator<string> {
    const lineOf = this.#flags.json ? jsonLine : textLine;
    for await (const difference of differences) {
      this.totals[TOTALS[difference.modifier]] += 1;
      if (difference.modifier !== "U" || this.#flags.metadata) yield lineOf(difference);
    }
  }

  get summary(): string {
    const { added, removed, changed, types, metadata } = this.totals;
    const hint = metadata > 0 && !this.#flags.metadata ? " (--metadata lists them)" : "";
    const parts = [
      `${added} added`,
      `${removed} removed`,
      `${changed} changed`,
      ...(types > 0 ? [`${types} of another type`] : []),
      ...(metadata > 0 ? [`${metadata} in metadata alone${hint}`] : []),
    ];
    return parts.join(", ");
  }
}

function textLine({ modifier, path }: Difference): string {
  return `${modifier} ${displayName(path) || "."}\n`;
}

function jsonLine({ modifier, path, first, second }: Difference): string {
  const object = {
    event: "difference",
    modifier,
    path: displayName(path),
    ...(first === undefined ? {} : { first: detailsOf(first) }),
    ...(second === undefined ? {} : { second: detailsOf(second) }),
  };
  return `${JSON.stringify(object)}\n`;
}

/** What of an entry may differ, and is no content: as `ls --json` has it. */
function detailsOf({ type, mode, uid, gid, mtime }: Item): object {
  return { type, mode: mode.toString(8).padStart(4, "0"), uid, gid, mtime: encodeTime(mtime) };
}
