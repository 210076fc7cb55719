/**
 * What a backup leaves out. Several things decide, each for itself: patterns,
 * of which the last that matches counts; the `.gitignore` files on the way;
 * files that mark their directory; sizes; file systems. A directory that is
 * left out is not looked into, so nothing below it can be taken in again.
 *
 * What never came to anything can be asked for afterwards: it is a mistake
 * more often than not.
 */
import type { BigIntStats } from "node:fs";
import { displayName } from "../format/raw-name.ts";
import type { Contents } from "./contents.ts";
import { Ignores } from "./filter/gitignore.ts";
import type { Marker } from "./filter/marker.ts";
import type { Pattern } from "./filter/pattern.ts";
import { subjectOf } from "./filter/pattern.ts";
import type { Exclusion, Found } from "./walk.ts";

/** What there may be beside patterns. */
export interface FilterRules {
  /** Of a directory that has one of these nothing else is kept. */
  readonly markers?: readonly Marker[];
  /** In bytes; larger ones are left out. */
  readonly largestFile?: number;
  /** Whether `.gitignore` files are heeded. */
  readonly gitignore?: boolean;
  /** Whether directories on another file system than the source's stand empty. */
  readonly oneFileSystem?: boolean;
}

/** What is left out, and why. */
export interface LeftOut {
  readonly entry: Found;
  /** The entry and all that is in it, or only that. */
  readonly what: "it" | "what is in it";
  readonly because: string;
}

export class Filter {
  /** The last one first: it decides. */
  readonly #patterns: readonly Pattern[];
  readonly #rules: FilterRules;
  readonly #unused: Set<Pattern | Marker>;
  /** Directories that are left out whatever their names, as `device:inode`. */
  readonly #directories = new Set<string>();

  constructor(patterns: readonly Pattern[] = [], rules: FilterRules = {}) {
    this.#patterns = patterns.toReversed();
    this.#rules = rules;
    const expected = rules.markers?.filter(({ isExpected }) => isExpected) ?? [];
    this.#unused = new Set([...patterns, ...expected]);
  }

  /** Leaves out a directory, wherever a walk meets it below its root. */
  leaveOut(directory: BigIntStats): void {
    this.#directories.add(identityOf(directory));
  }

  /** For one walk. */
  exclusion(tell: (leftOut: LeftOut) => void = () => {}): Exclusion {
    const { gitignore, oneFileSystem } = this.#rules;
    const ignores = gitignore ? new Ignores() : undefined;
    return new View(this, tell, { ignores, device: oneFileSystem ? "the root's" : "any" });
  }

  /** What has matched nothing so far, and where it was written. */
  get unused(): string[] {
    return [...this.#unused].map(({ told }) => told);
  }

  /** What leaves an entry out, wherever it is. */
  reasonFor(entry: Found): string | undefined {
    const { stats } = entry;
    // First, and whatever else there is: they are told if they match nothing.
    const pattern = this.#decisive(entry);
    if (pattern?.effect === "leave out") return pattern.told;
    if (stats.isDirectory() && this.#directories.has(identityOf(stats))) {
      return "it is the repository, or the cache";
    }
    const { largestFile = Number.POSITIVE_INFINITY } = this.#rules;
    return stats.isFile() && stats.size > largestFile ? "it is too large" : undefined;
  }

  /** The markers in a directory. */
  markersIn(contents: Contents): readonly Marker[] {
    const { markers = [] } = this.#rules;
    const found = markers.filter(
      (marker) => contents.names.includes(marker.name) && marker.marks(contents),
    );
    for (const marker of found) this.#unused.delete(marker);
    return found;
  }

  #decisive(entry: Found): Pattern | undefined {
    if (this.#patterns.length === 0) return undefined;
    const subject = subjectOf(entry);
    let decisive: Pattern | undefined;
    for (const pattern of this.#patterns) {
      // Once it is decided, the others are asked only whether they match at all.
      if (decisive !== undefined && !this.#unused.has(pattern)) continue;
      if (!pattern.matches(subject)) continue;
      this.#unused.delete(pattern);
      decisive ??= pattern;
    }
    return decisive;
  }
}

/** What holds in one directory. */
interface Place {
  /** Nothing where they are not heeded. */
  readonly ignores: Ignores | undefined;
  /** The device to stay on; the walk's root is yet to say which. */
  readonly device: bigint | "the root's" | "any";
}

class View implements Exclusion {
  readonly #filter: Filter;
  readonly #tell: (leftOut: LeftOut) => void;
  readonly #place: Place;

  constructor(filter: Filter, tell: (leftOut: LeftOut) => void, place: Place) {
    this.#filter = filter;
    this.#tell = tell;
    this.#place = place;
  }

  excludes(entry: Found): boolean {
    const because = this.#filter.reasonFor(entry) ?? this.#ignored(entry);
    if (because === undefined) return false;
    this.#tell({ entry, what: "it", because });
    return true;
  }

  opens(directory: Found): boolean {
    const { device } = this.#place;
    if (typeof device === "string" || directory.stats.dev === device) return true;
    this.#tell({ entry: directory, what: "what is in it", because: "another file system" });
    return false;
  }

  within(directory: Found, contents: Contents): Exclusion {
    const { ignores, device } = this.#place;
    const place: Place = {
      ignores: ignores?.within(directory, contents),
      device: device === "the root's" ? directory.stats.dev : device,
    };
    const markers = this.#filter.markersIn(contents);
    if (markers.length > 0) {
      contents.keepOnly(markers.map(({ name }) => name));
      const because = markers.map(({ told }) => told).join(", ");
      this.#tell({ entry: directory, what: "what is in it", because });
    }
    return new View(this.#filter, this.#tell, place);
  }

  #ignored(entry: Found): string | undefined {
    const file = this.#place.ignores?.whatLeavesOut(entry);
    return file === undefined ? undefined : displayName(file);
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
