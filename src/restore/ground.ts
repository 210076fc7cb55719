/**
 * The directory that is restored to: makes room for entries there, as the
 * user decided for what is in the way, and puts the finishing touches on them.
 *
 * A file or link is made under another name in its directory, and gets its own
 * when it is complete: whatever happens before, what had that name keeps it.
 * No link is followed below the root, and nothing is written through one.
 */
import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import {
  applyToDirectory,
  applyToFile,
  applyToSymlink,
  setDirectoryMode,
} from "../disk/metadata.ts";
import { joinPath, systemPath } from "../disk/path.ts";
import { CorruptError, UsageError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { DirectoryEntry, FileEntry, SymlinkEntry } from "../format/tree.ts";
import { fileFailure } from "../target/file-failure.ts";

/** What to do about a file that is there already. */
export type Conflict = "abort" | "overwrite";

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const REOPEN = constants.O_WRONLY | constants.O_NOFOLLOW;
const NEW_DIRECTORY_MODE = 0o700;
const NEW_FILE_MODE = 0o600;
/** What the name of anything that is not complete begins with. */
const PARTIAL = ".varve-partial-";
const TOKEN_BYTES = 6;

export class Ground {
  readonly #root: RawName;
  readonly #conflict: Conflict;
  /** In the names of what this restore has begun, so that they are nobody else's. */
  readonly #token = randomBytes(TOKEN_BYTES).toString("hex");
  #begun = 0;

  /**
   * @param root - an absolute path; made if it is missing, with all that leads to it.
   * @throws {@link UsageError} if it is no directory.
   */
  constructor(root: RawName, conflict: Conflict) {
    this.#conflict = conflict;
    this.#root = acting(`restore to ${displayName(root)}`, () => {
      if (statOf(root)?.isFile()) {
        throw new UsageError(`${displayName(root)} is no directory: choose another --to`);
      }
      mkdirSync(systemPath(root), { recursive: true, mode: NEW_DIRECTORY_MODE });
      // What the user names may be a link; nothing below may.
      return realpathSync.native(systemPath(root), "latin1") as RawName;
    });
  }

  /** Where an entry goes. */
  at(path: RawName): RawName {
    return joinPath(this.#root, path);
  }

  /** Makes a directory. @returns false if there is one already. */
  enter(path: RawName): boolean {
    const place = this.at(path);
    return acting(`make ${displayName(place)}`, () => {
      const there = statOf(place);
      if (there?.isDirectory()) {
        this.#openUp(place, there);
        return false;
      }
      if (there !== undefined) {
        this.#refuse(place, there);
        unlinkSync(systemPath(place));
      }
      mkdirSync(systemPath(place), NEW_DIRECTORY_MODE);
      return true;
    });
  }

  leave(path: RawName, entry: DirectoryEntry): void {
    const place = this.at(path);
    acting(`finish ${displayName(place)}`, () => applyToDirectory(place, entry));
  }

  /** Sees whether an entry that is no directory may come here. @throws {@link UsageError} if not. */
  claim(path: RawName): void {
    const place = this.at(path);
    acting(`look at ${displayName(place)}`, () => {
      const there = statOf(place);
      if (there !== undefined) this.#refuse(place, there);
    });
  }

  /** @throws {@link CorruptError} if it leads to what no link can lead to. */
  symlink(path: RawName, entry: SymlinkEntry): void {
    const { target } = entry;
    if (target === "" || target.includes("\0")) {
      throw new CorruptError(`the link "${displayName(path)}"`, "it leads to no name");
    }
    const place = this.at(path);
    const partial = this.partial(path);
    acting(`make ${displayName(place)}`, () => {
      symlinkSync(systemPath(target), systemPath(partial));
      try {
        applyToSymlink(partial, entry);
        renameSync(systemPath(partial), systemPath(place));
      } catch (error) {
        this.dropFile(partial);
        throw error;
      }
    });
  }

  /** The name that something has until it is complete: in the same directory, and free. */
  partial(path: RawName): RawName {
    const place = this.at(path);
    this.#begun += 1;
    const name = `${PARTIAL}${this.#token}-${this.#begun.toString(36)}`;
    return `${place.slice(0, place.lastIndexOf("/") + 1)}${name}` as RawName;
  }

  /** Makes a file that will be written piece by piece. @returns where, until it is complete. */
  beginFile(path: RawName): RawName {
    const partial = this.partial(path);
    acting(`make ${displayName(partial)}`, () => {
      closeSync(openSync(systemPath(partial), CREATE, NEW_FILE_MODE));
    });
    return partial;
  }

  /** Gives a file its mode, times and name, now that all of it is there. */
  finishFile(path: RawName, partial: RawName, entry: FileEntry): void {
    const place = this.at(path);
    acting(`finish ${displayName(place)}`, () => {
      const descriptor = openSync(systemPath(partial), REOPEN);
      try {
        applyToFile(descriptor, entry);
      } finally {
        closeSync(descriptor);
      }
      renameSync(systemPath(partial), systemPath(place));
    });
  }

  /** Takes away what was written of a file. */
  dropFile(partial: RawName): void {
    acting(`remove ${displayName(partial)}`, () => rmSync(systemPath(partial), { force: true }));
  }

  /** A directory that its owner may not write may be one of ours, of another time. */
  #openUp(place: RawName, there: Stats): void {
    if (this.#conflict !== "overwrite" || there.uid !== process.getuid?.()) return;
    const isOpen = (there.mode & NEW_DIRECTORY_MODE) === NEW_DIRECTORY_MODE;
    if (!isOpen) setDirectoryMode(place, there.mode | NEW_DIRECTORY_MODE);
  }

  /** A directory is never removed for a file: it may hold anything. */
  #refuse(place: RawName, there: Stats): void {
    const shown = displayName(place);
    if (there.isDirectory()) throw new UsageError(`${shown} is a directory: move it away first`);
    if (this.#conflict === "abort") {
      throw new UsageError(
        `${shown} is there already: choose --conflict overwrite or another --to`,
      );
    }
  }
}

function statOf(path: RawName): Stats | undefined {
  return lstatSync(systemPath(path), { throwIfNoEntry: false });
}

/** Failures of system calls, in words that help. */
function acting<T>(doing: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw fileFailure(error, doing);
  }
}
