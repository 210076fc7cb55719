/** Of a selection only what was named, and of a directory that was, what is directly in it. */
import type { RawName } from "../format/raw-name.ts";
import type { Scope } from "./resolve.ts";
import type { Selection } from "./selection.ts";

export class Shallow implements Scope {
  readonly #selection: Selection;

  constructor(selection: Selection) {
    this.#selection = selection;
  }

  takes(path: RawName): boolean {
    return this.#selection.names(path) || (path !== "" && this.#selection.names(parentOf(path)));
  }

  looksInto(path: RawName): boolean {
    return this.#selection.names(path) || this.#selection.leadsInto(path);
  }
}

function parentOf(path: RawName): RawName {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0)) as RawName;
}
