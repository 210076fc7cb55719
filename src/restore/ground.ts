/**
 * The directory that is restored to: makes room for entries there, as the
 * user decided for what is in the way, and puts the finishing touches on them.
 */
import type { Stats } from "node:fs";
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { applyToDirectory, applyToFile, applyToSymlink } from "../disk/metadata.ts";
import { joinPath, systemPath } from "../disk/path.ts";
import { UsageError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { DirectoryEntry, FileEntry, SymlinkEntry } from "../format/tree.ts";

/** What to do about a file that is there already. */
export type Conflict = "abort" | "overwrite";

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const REOPEN = constants.O_WRONLY | constants.O_NOFOLLOW;
const NEW_DIRECTORY_MODE = 0o700;
const NEW_FILE_MODE = 0o600;
/** Behind the name of a file while its content is not complete. */
const PARTIAL = ".varve-partial";

export class Ground {
  readonly #root: RawName;
  readonly #conflict: Conflict;

  /** @param root - an absolute path; made if it is missing. */
  constructor(root: RawName, conflict: Conflict) {
    this.#root = root;
    this.#conflict = conflict;
    mkdirSync(systemPath(root), { recursive: true, mode: NEW_DIRECTORY_MODE });
  }

  /** Where an entry goes. */
  at(path: RawName): RawName {
    return joinPath(this.#root, path);
  }

  /** Makes a directory, unless there is one. */
  enter(path: RawName): void {
    if (path === "") return;
    const there = lookAt(this.at(path));
    if (there?.isDirectory()) return;
    if (there !== undefined) this.#clear(path, there);
    mkdirSync(systemPath(this.at(path)), NEW_DIRECTORY_MODE);
  }

  leave(path: RawName, entry: DirectoryEntry): void {
    applyToDirectory(this.at(path), entry);
  }

  /** Makes way for an entry that is no directory. @throws {@link UsageError} if it must not. */
  clear(path: RawName): void {
    const there = lookAt(this.at(path));
    if (there !== undefined) this.#clear(path, there);
  }

  symlink(path: RawName, entry: SymlinkEntry): void {
    this.clear(path);
    symlinkSync(systemPath(entry.target), systemPath(this.at(path)));
    applyToSymlink(this.at(path), entry);
  }

  /** An empty file, complete at once. */
  emptyFile(path: RawName, entry: FileEntry): void {
    const descriptor = openSync(systemPath(this.at(path)), CREATE, NEW_FILE_MODE);
    try {
      applyToFile(descriptor, entry);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Makes a file that will be written piece by piece. @returns where, until it is complete. */
  beginFile(path: RawName): RawName {
    const partial = `${this.at(path)}${PARTIAL}` as RawName;
    rmSync(systemPath(partial), { force: true });
    closeSync(openSync(systemPath(partial), CREATE, NEW_FILE_MODE));
    return partial;
  }

  /** Gives a file its name, mode and times, now that all of it is there. */
  finishFile(path: RawName, partial: RawName, entry: FileEntry): void {
    const descriptor = openSync(systemPath(partial), REOPEN);
    try {
      applyToFile(descriptor, entry);
    } finally {
      closeSync(descriptor);
    }
    renameSync(systemPath(partial), systemPath(this.at(path)));
  }

  /** Takes away what was written of a file. */
  dropFile(partial: RawName): void {
    rmSync(systemPath(partial), { force: true });
  }

  /** A directory is never removed for a file: it may hold anything. */
  #clear(path: RawName, there: Stats): void {
    const shown = displayName(this.at(path));
    if (there.isDirectory()) throw new UsageError(`${shown} is a directory: move it away first`);
    if (this.#conflict === "abort") {
      throw new UsageError(
        `${shown} is there already: choose --conflict overwrite or another --to`,
      );
    }
    unlinkSync(systemPath(this.at(path)));
  }
}

function lookAt(path: RawName): Stats | undefined {
  return lstatSync(systemPath(path), { throwIfNoEntry: false });
}
