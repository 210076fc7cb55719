/**
 * The directory that is restored to, and the directories in it.
 *
 * Whatever the snapshot says, and whatever somebody does there meanwhile:
 * nothing is written outside. Each directory is held open and none is entered
 * through a link (disk/directories.ts), and names are single components.
 */
import type { BigIntStats } from "node:fs";
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  realpathSync,
  unlinkSync,
} from "node:fs";
import type { Directory } from "../disk/directories.ts";
import { Directories, pathOf } from "../disk/directories.ts";
import type { Metadata } from "../disk/metadata.ts";
import { applyToDirectory, hasMetadata } from "../disk/metadata.ts";
import { joinPath, systemPath } from "../disk/path.ts";
import type { Refusal } from "../disk/xattrs.ts";
import { hasDefaultAcl, writeXattrs } from "../disk/xattrs.ts";
import { UsageError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { DirectoryEntry } from "../format/tree.ts";
import { fileFailure } from "../target/file-failure.ts";
import type { Conflict, Verdict } from "./conflict.ts";
import { verdictOn } from "./conflict.ts";
import { inTheWay, unexpected } from "./settle.ts";

/** A name in a directory that is restored. */
export interface Spot {
  readonly directory: Directory;
  readonly name: RawName;
}

/** A directory that was entered. */
export interface Entered {
  readonly directory: Directory;
  /** This restore has made it: nothing is in the way in it, and it is nobody else's until it is left. */
  readonly isMade: boolean;
  /** It gives what is made in it an ACL, which has to be taken off again. */
  readonly givesAcl: boolean;
}

const OPEN_MODE = 0o700;

export class Ground {
  readonly #root: RawName;
  readonly #directories: Directories;
  readonly #conflict: Conflict;
  #isMade = false;

  /**
   * @param root - an absolute path; made if it is missing, with all that leads to it.
   * @throws {@link UsageError} if it is no directory.
   */
  constructor(root: RawName, conflict: Conflict) {
    this.#conflict = conflict;
    const doing = () => `restore to ${displayName(root)}`;
    this.#root = acting(doing, () => {
      if (statOf(root)?.isFile()) {
        throw new UsageError(`${displayName(root)} is no directory: choose another --to`);
      }
      const made = mkdirSync(systemPath(root), { recursive: true, mode: OPEN_MODE });
      this.#isMade = made !== undefined;
      // What the user names may be a link; nothing below may.
      return realpathSync.native(systemPath(root), "latin1") as RawName;
    });
    this.#directories = acting(doing, () => new Directories(this.#root));
  }

  /** Whether directories that were there get the snapshot's metadata. */
  get mayChange(): boolean {
    return this.#conflict !== "skip";
  }

  /** The directory itself. */
  enterRoot(): Entered {
    const { root } = this.#directories;
    const givesAcl = this.acting(
      { directory: root, name: "" as RawName },
      "look at",
      hasDefaultAcl,
    );
    return { directory: root, isMade: this.#isMade, givesAcl };
  }

  /**
   * Enters a directory; makes it if there is none.
   *
   * @returns nothing if something else stands there, and is to be left.
   * @throws {@link UsageError} if that is in the way.
   */
  enter(parent: Entered, entry: DirectoryEntry): Entered | undefined {
    const spot = { directory: parent.directory, name: entry.name };
    const there = this.look(spot);
    if (there !== undefined && parent.isMade) throw unexpected(this.shown(spot));
    if (there?.isDirectory()) {
      this.#openUp(spot, there);
      const directory = this.#enter(spot);
      const here = { directory, name: "" as RawName };
      return { directory, isMade: false, givesAcl: this.acting(here, "look at", hasDefaultAcl) };
    }
    if (there !== undefined) {
      // What is no directory is never the same as one.
      if (this.verdictOn(spot, there, entry) === "left") return undefined;
      this.acting(spot, "replace", (place) => unlinkSync(systemPath(place)));
    }
    this.acting(spot, "make", (place) => {
      mkdirSync(systemPath(place), OPEN_MODE);
      if (parent.givesAcl) writeXattrs(place, []);
    });
    return { directory: this.#enter(spot), isMade: true, givesAcl: false };
  }

  /** @returns what of its metadata was refused. */
  leave(directory: Directory, metadata: Metadata): Refusal[] {
    const here = { directory, name: "" as RawName };
    return this.acting(here, "finish", (place) => {
      const stats = statOf(place);
      if (stats !== undefined && hasMetadata(place, stats, metadata)) return [];
      return applyToDirectory(place, metadata);
    });
  }

  /** What stands at a spot, itself. */
  look(spot: Spot): BigIntStats | undefined {
    return this.acting(spot, "look at", statOf);
  }

  /**
   * What is to become of it. A directory is never removed: it may hold anything.
   *
   * @throws {@link UsageError} if it is in the way.
   */
  verdictOn(spot: Spot, there: BigIntStats, entry: Parameters<typeof verdictOn>[1]): Verdict {
    const verdict = there.isDirectory() ? "refused" : verdictOn(there, entry, this.#conflict);
    if (verdict !== "refused") return verdict;
    if (there.isDirectory()) {
      const shown = displayName(this.shown(spot));
      throw new UsageError(`${shown} is a directory: move it away first`);
    }
    throw inTheWay(this.shown(spot));
  }

  /** Keeps a directory open, for paths that are used later, or on other threads. */
  hold(directory: Directory): void {
    const doing = () => `hold ${displayName(pathOf(directory))}`;
    acting(doing, () => this.#directories.hold(directory));
  }

  letGo(directory: Directory): void {
    this.#directories.letGo(directory);
  }

  /** As {@link Directories.at}. */
  at({ directory, name }: Spot): RawName {
    return this.#directories.at(directory, name);
  }

  /** The path as people know it. */
  shown({ directory, name }: Spot): RawName {
    return joinPath(joinPath(this.#root, pathOf(directory)), name);
  }

  /** Does something to what stands at a spot. @throws one of varve's errors where a system call fails. */
  acting<T>(spot: Spot, doing: string, action: (place: RawName) => T): T {
    return acting(
      () => `${doing} ${displayName(this.shown(spot))}`,
      () => action(this.at(spot)),
    );
  }

  close(): void {
    this.#directories.close();
  }

  #enter(spot: Spot): Directory {
    const doing = () => `enter ${displayName(this.shown(spot))}`;
    return acting(doing, () => this.#directories.enter(spot.directory, spot.name));
  }

  /** A directory that its owner may not write may be one of ours, of a restore that was cut off. */
  #openUp(spot: Spot, there: BigIntStats): void {
    if (["abort", "skip"].includes(this.#conflict)) return;
    const mode = Number(there.mode) & 0o7777;
    if ((mode & OPEN_MODE) === OPEN_MODE || Number(there.uid) !== process.getuid?.()) return;
    // Root may, whatever its mode.
    if (this.acting(spot, "look at", mayUse)) return;
    const directory = this.#enter(spot);
    const here = { directory, name: "" as RawName };
    this.acting(here, "open up", (place) => chmodSync(systemPath(place), mode | OPEN_MODE));
  }
}

/** Whether this user may list a directory, and write in it. */
function mayUse(path: RawName): boolean {
  try {
    accessSync(systemPath(path), constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function statOf(path: RawName): BigIntStats | undefined {
  return lstatSync(systemPath(path), { bigint: true, throwIfNoEntry: false });
}

/** Failures of system calls, in words that help. */
function acting<T>(doing: () => string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw fileFailure(error, doing());
  }
}
