/**
 * Names of one file. The first that a restore meets is made from its content;
 * the others are links to it, and to nothing that this restore has not made.
 *
 * Memory: a record for each such file, until all its names were met.
 */
import type { Entry } from "../format/tree.ts";
import type { Spot } from "./ground.ts";
import type { Made } from "./making.ts";
import type { Failure } from "./unit.ts";

/** A name that was made, or is being made. */
export interface FirstName {
  readonly spot: Spot;
  /** Once it is there. */
  made: Made | undefined;
  /** Why it is not. */
  failure: Failure | undefined;
}

interface Group {
  first: FirstName;
  /** Names that are still to come. */
  left: number;
}

export class HardLinks {
  readonly #groups = new Map<string, Group>();

  /** The name that another name of an entry was made under; nothing for the first. */
  find({ link }: Linked): FirstName | undefined {
    const group = link === undefined ? undefined : this.#groups.get(link);
    if (group === undefined || link === undefined) return undefined;
    group.left -= 1;
    if (group.left === 0) this.#groups.delete(link);
    return group.first;
  }

  /** Notes a name that is being made; the next ones are links to it. */
  begin({ link, links = 0 }: Linked, spot: Spot): FirstName {
    const first: FirstName = { spot, made: undefined, failure: undefined };
    if (link !== undefined && links > 1) this.#groups.set(link, { first, left: links - 1 });
    return first;
  }
}

type Linked = Pick<Exclude<Entry, { type: "directory" }>, "link" | "links">;
