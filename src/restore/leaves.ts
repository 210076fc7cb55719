/**
 * Makes the entries that are no directories: files out of batches, links,
 * FIFOs and devices, and further names of what was made already.
 */
import { VarveError } from "../errors.ts";
import { fileSize } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import type { DirectoryEntry, Entry, FileEntry, SpecialEntry } from "../format/tree.ts";
import type { Account } from "./account.ts";
import type { PendingFile } from "./batch.ts";
import type { Batches } from "./batches.ts";
import type { Ground, Spot } from "./ground.ts";
import type { FirstName } from "./hard-links.ts";
import { HardLinks } from "./hard-links.ts";
import type { Finish, Made, Maker } from "./making.ts";
import type { Policy } from "./policy.ts";
import type { Resolved } from "./resolve.ts";
import type { Clash } from "./settle.ts";
import { errorOf, failureOf } from "./unit.ts";

/** Anything but a directory. */
export type Leaf = Exclude<Entry, DirectoryEntry>;

/** Where an entry is to be made. */
export interface Site {
  readonly spot: Spot;
  readonly clash: Clash;
  /** How much of its attributes is put back. */
  readonly attributes: "if any" | "exactly";
}

export interface LeavesParts {
  readonly ground: Ground;
  readonly policy: Policy;
  readonly batches: Batches;
  readonly maker: Maker;
}

export class Leaves {
  readonly #parts: LeavesParts;
  readonly #account: Account;
  readonly #links = new HardLinks();
  /** Files that are written piece by piece. */
  readonly #partials = new Set<Spot>();

  constructor(parts: LeavesParts, account: Account) {
    this.#parts = parts;
    this.#account = account;
  }

  /** The name that another name of an entry was made under; nothing for the first. Once for each entry. */
  firstNameOf(entry: Leaf): FirstName | undefined {
    return this.#links.find(entry);
  }

  /** Makes an entry, now or once its batch is delivered. What fails is the account's to judge. */
  async make(
    { path, entry }: Resolved<Leaf>,
    first: FirstName | undefined,
    site: Site,
  ): Promise<void> {
    if (first !== undefined) {
      this.#parts.batches.afterwards(path, () => this.#link({ path, entry }, first, site));
    } else if (entry.type === "file") {
      await this.#file(path, entry, site);
    } else {
      this.#node(path, entry, site);
    }
  }

  /** Takes away what is not complete. */
  abandon(): void {
    for (const partial of this.#partials) {
      try {
        this.#parts.maker.drop(partial);
      } catch (error) {
        // Its directory may be gone, and there is a better error to be told.
        if (!(error instanceof VarveError)) throw error;
      }
    }
  }

  #node(path: RawName, entry: Exclude<Leaf, FileEntry>, { spot, clash, attributes }: Site): void {
    const { policy } = this.#parts;
    const finish = { metadata: policy.metadataOf(entry, attributes), clash };
    policy.note(entry);
    const first = this.#links.begin(entry, spot);
    this.#account.attempt(path, () => {
      this.#made(path, first, () =>
        entry.type === "symlink"
          ? this.#parts.maker.symlink(spot, entry, finish)
          : this.#parts.maker.special(spot, entry as SpecialEntry, finish),
      );
      this.#account.totals.others += 1;
    });
  }

  #link({ path, entry }: Resolved<Leaf>, first: FirstName, site: Site): void {
    // What is wrong with its content is wrong with all its names.
    if (first.made === undefined) throw errorOf(path, first.failure);
    this.#parts.maker.link(first.spot, first.made, site);
    if (entry.type === "file") this.#account.count(entry);
    else this.#account.totals.others += 1;
  }

  async #file(path: RawName, entry: FileEntry, { spot, clash, attributes }: Site): Promise<void> {
    const { ground, policy } = this.#parts;
    const metadata = policy.metadataOf(entry, attributes);
    policy.note(entry);
    const shown = ground.shown(spot);
    const file: PendingFile = { path, entry, failure: undefined, refusals: [] };
    const { content, holes, link } = entry;
    const isWhole = content.depth === 0 && content.chunks.length === 1;
    if (isWhole && holes === undefined && link === undefined) {
      const partial = this.#parts.maker.partial(spot);
      await this.#parts.batches.want(file, spot.directory, () => {
        const whole = { path: ground.at(spot), metadata, clash };
        return { path: ground.at(partial), shown, whole };
      });
      this.#parts.batches.afterwards(path, () => this.#finishWhole(file));
      return;
    }
    const first = this.#links.begin(entry, spot);
    const partial = this.#account.attempt(path, () =>
      this.#parts.maker.beginFile(spot, fileSize(entry)),
    );
    if (partial === undefined) {
      first.failure = { kind: "unavailable", message: "its first name could not be made" };
      return;
    }
    this.#partials.add(partial);
    await this.#parts.batches.want(file, spot.directory, () => ({
      path: ground.at(partial),
      shown,
    }));
    this.#parts.batches.afterwards(path, () =>
      this.#finishFile(file, { partial, first }, { metadata, clash }),
    );
  }

  #finishWhole(file: PendingFile): void {
    if (file.failure === undefined) this.#account.count(file.entry);
    this.#account.shortfalls.add(file.path, file.refusals);
  }

  #finishFile(
    file: PendingFile,
    { partial, first }: { readonly partial: Spot; readonly first: FirstName },
    finish: Finish,
  ): void {
    first.failure = file.failure;
    try {
      if (file.failure === undefined) {
        this.#made(file.path, first, () =>
          this.#parts.maker.finishFile(partial, first.spot, finish),
        );
        this.#account.count(file.entry);
      }
    } finally {
      if (first.made === undefined) this.#parts.maker.drop(partial);
      this.#partials.delete(partial);
    }
  }

  #made(path: RawName, first: FirstName, make: () => Made): void {
    try {
      first.made = make();
      this.#account.shortfalls.add(path, first.made.refusals);
    } catch (error) {
      first.failure = failureOf(error);
      throw error;
    }
  }
}
