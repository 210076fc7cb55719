/**
 * Makes what is restored: files, links, FIFOs, devices.
 *
 * Everything is made under another name in its directory, and gets its own
 * when it is complete: whatever happens before, what had that name keeps it.
 */
import { randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { libc } from "../disk/libc.ts";
import type { Metadata } from "../disk/metadata.ts";
import { applyToFile, applyToLink, applyToNode } from "../disk/metadata.ts";
import { systemPath } from "../disk/path.ts";
import type { Refusal } from "../disk/xattrs.ts";
import { CorruptError, UnavailableError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { DirectoryEntry, Entry, SpecialEntry, SymlinkEntry } from "../format/tree.ts";
import type { Ground, Spot } from "./ground.ts";
import type { Clash } from "./settle.ts";
import { settle } from "./settle.ts";

/** How something is completed. */
export interface Finish {
  readonly metadata: Metadata;
  readonly clash: Clash;
}

/** Something that is there and complete. */
export interface Made {
  /** Device and inode. */
  readonly identity: string;
  /** What of its metadata was refused. */
  readonly refusals: readonly Refusal[];
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const REOPEN = constants.O_WRONLY | constants.O_NOFOLLOW;
/** O_NONBLOCK: it may be a FIFO by now, and nobody may ever write to it. */
const LOOK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const NEW_FILE_MODE = 0o600;
/** What the name of anything that is not complete begins with. */
const PARTIAL = ".varve-partial-";
const TOKEN_BYTES = 6;
const TYPE_BITS = { fifo: 0o010000, character: 0o020000, block: 0o060000 };

export class Maker {
  readonly #ground: Ground;
  /** In the names of what this restore has begun, so that they are nobody else's. */
  readonly #token = randomBytes(TOKEN_BYTES).toString("hex");
  #begun = 0;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** As {@link Ground.at}. */
  at(spot: Spot): RawName {
    return this.#ground.at(spot);
  }

  /** The name that something has until it is complete: in the same directory, and free. */
  partial({ directory }: Spot): Spot {
    this.#begun += 1;
    return { directory, name: `${PARTIAL}${this.#token}-${this.#begun.toString(36)}` as RawName };
  }

  /** Makes a file that will be written piece by piece; where it is not, it has holes. */
  beginFile(spot: Spot, size: number): Spot {
    const partial = this.partial(spot);
    this.#ground.acting(partial, "make", (place) => {
      const descriptor = openSync(systemPath(place), CREATE, NEW_FILE_MODE);
      try {
        ftruncateSync(descriptor, size);
      } finally {
        closeSync(descriptor);
      }
    });
    return partial;
  }

  /** Gives a file its metadata and its name, now that all of it is there. */
  finishFile(partial: Spot, spot: Spot, { metadata, clash }: Finish): Made {
    return this.#ground.acting(spot, "finish", () => {
      const descriptor = openSync(systemPath(this.#ground.at(partial)), REOPEN);
      try {
        const refusals = applyToFile(descriptor, metadata);
        this.#settle(partial, spot, clash);
        return { identity: identityOf(fstatSync(descriptor, { bigint: true })), refusals };
      } finally {
        closeSync(descriptor);
      }
    });
  }

  /** Takes away what was made of something. */
  drop(partial: Spot): void {
    this.#ground.acting(partial, "remove", (place) => rmSync(systemPath(place), { force: true }));
  }

  /** @throws {@link CorruptError} if it leads to what no link can lead to. */
  symlink(spot: Spot, { target }: SymlinkEntry, finish: Finish): Made {
    if (target === "" || target.includes("\0")) {
      const path = displayName(this.#ground.shown(spot));
      throw new CorruptError(`the link "${path}"`, "it leads to no name");
    }
    return this.#make(spot, finish, (place) => {
      symlinkSync(systemPath(target), systemPath(place));
      return applyToLink(place, finish.metadata);
    });
  }

  /** @throws {@link UnavailableError} where this system cannot make such things. */
  special(spot: Spot, { type, device = [0, 0] }: SpecialEntry, finish: Finish): Made {
    const system = libc();
    if (type === "socket" || system === undefined) {
      throw new UnavailableError(`this system cannot make a ${type}`);
    }
    return this.#make(spot, finish, (place) => {
      system.makeNode(place, TYPE_BITS[type] | NEW_FILE_MODE, device);
      return applyToNode(place, finish.metadata);
    });
  }

  /** One more name of what this restore has made. @throws {@link UnavailableError} if that is gone. */
  link(first: Spot, { identity }: Made, to: { readonly spot: Spot; readonly clash: Clash }): void {
    const { spot, clash } = to;
    const partial = this.partial(spot);
    this.#ground.acting(spot, "link", () => {
      try {
        linkSync(systemPath(this.#ground.at(first)), systemPath(this.#ground.at(partial)));
        if (this.#identityAt(partial) !== identity) {
          const shown = displayName(this.#ground.shown(first));
          throw new UnavailableError(`${shown} was replaced by something else meanwhile`);
        }
        this.#settle(partial, spot, clash);
      } finally {
        // Also where it had its name before: renaming does nothing then.
        this.drop(partial);
      }
    });
  }

  /** Puts metadata on something that is there and the same. */
  keep(
    spot: Spot,
    { type }: Exclude<Entry, DirectoryEntry>,
    metadata: Metadata,
  ): readonly Refusal[] {
    return this.#ground.acting(spot, "finish", (place) => {
      if (type === "symlink") return applyToLink(place, metadata);
      if (type !== "file") return applyToNode(place, metadata);
      const descriptor = openSync(systemPath(place), LOOK);
      try {
        if (!fstatSync(descriptor).isFile()) throw new UnavailableError("it is no file any more");
        return applyToFile(descriptor, metadata);
      } finally {
        closeSync(descriptor);
      }
    });
  }

  #make(spot: Spot, { clash }: Finish, make: (place: RawName) => Refusal[]): Made {
    const partial = this.partial(spot);
    return this.#ground.acting(spot, "make", () => {
      try {
        const refusals = make(this.#ground.at(partial));
        const identity = this.#identityAt(partial);
        this.#settle(partial, spot, clash);
        return { identity, refusals };
      } catch (error) {
        this.drop(partial);
        throw error;
      }
    });
  }

  #settle(partial: Spot, spot: Spot, clash: Clash): void {
    const ground = this.#ground;
    settle(ground.at(partial), ground.at(spot), { clash, shown: ground.shown(spot) });
  }

  #identityAt(spot: Spot): string {
    return identityOf(lstatSync(systemPath(this.#ground.at(spot)), { bigint: true }));
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
