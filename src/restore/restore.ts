/**
 * Restore: the pipe of the backup, mirrored. resolve -> plan -> fetch ->
 * [ open -> decompress -> verify -> write ] -> metadata.
 *
 * The tree is walked in order; files are gathered into batches, and while one
 * is being written the next one is gathered. Memory holds two batches. A
 * directory gets its mode and times when everything in it is there.
 */
import { VarveError } from "../errors.ts";
import { fileSize } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import type { DirectoryEntry, Entry, FileEntry, SpecialEntry } from "../format/tree.ts";
import type { OnError, RestoreListener, RestoreTotals } from "./account.ts";
import { Account } from "./account.ts";
import type { PendingFile } from "./batch.ts";
import { Batches } from "./batches.ts";
import type { ReadingMeans } from "./chunk-source.ts";
import { ChunkSource } from "./chunk-source.ts";
import type { Entered, Ground, Spot } from "./ground.ts";
import type { FirstName } from "./hard-links.ts";
import { HardLinks } from "./hard-links.ts";
import { keepIfSame } from "./keeping.ts";
import type { CompareContent } from "./likeness.ts";
import type { Finish, Made } from "./making.ts";
import { Maker } from "./making.ts";
import type { Policy } from "./policy.ts";
import type { Resolved, ResolvedDirectory, TreeStep } from "./resolve.ts";
import { resolve } from "./resolve.ts";
import type { Selection } from "./selection.ts";
import type { Clash } from "./settle.ts";
import type { Shortfall } from "./shortfalls.ts";
import { errorOf, failureOf } from "./unit.ts";
import type { Writers } from "./writers.ts";

/** What is to be restored, where to, and how. */
export interface RestoreTask {
  readonly root: Entry;
  readonly selection: Selection;
  readonly ground: Ground;
  readonly policy: Policy;
  readonly onError: OnError;
  readonly compare: CompareContent;
}

/** What became of a restore. */
export interface Restored {
  readonly totals: RestoreTotals;
  readonly shortfalls: readonly Shortfall[];
}

/**
 * Restores what is selected. Whatever is thrown: each file that is there is
 * complete and verified, and nothing half-written is left.
 *
 * @throws {@link CorruptError} at the first file whose stored bytes are damaged, after the
 * batch that it is in; others of that batch are told as problems.
 * @throws {@link UsageError} at the first thing that is in the way; it stays as it is, and so
 * does what was restored before.
 * @throws {@link NotFoundError} if something was asked for that the snapshot does not have.
 * @throws {@link UnavailableError} if no space is left, even if errors are not to stop it.
 */
export async function restore(
  task: RestoreTask,
  means: ReadingMeans,
  writers: Writers,
  listener: RestoreListener,
): Promise<Restored> {
  const account = new Account(task.onError, listener);
  const restorer = new Restorer(task, means, writers, account);
  try {
    for await (const step of restorer.steps()) await restorer.take(step);
    await restorer.finish();
  } catch (error) {
    await restorer.abandon();
    throw error;
  } finally {
    task.ground.close();
  }
  task.selection.mustBeFound();
  return { totals: account.totals, shortfalls: account.shortfalls.all };
}

/** A directory that the walk is in; nothing is done in one that could not be entered. */
interface Level {
  readonly entered: Entered | undefined;
}

/** Where an entry is to be made. */
interface Site {
  readonly spot: Spot;
  readonly clash: Clash;
  /** How much of its attributes is put back. */
  readonly attributes: "if any" | "exactly";
}

type Leaf = Exclude<Entry, DirectoryEntry>;

class Restorer {
  readonly #task: RestoreTask;
  readonly #account: Account;
  readonly #chunks: ChunkSource;
  readonly #batches: Batches;
  readonly #maker: Maker;
  readonly #links = new HardLinks();
  readonly #levels: Level[] = [];
  /** Files that are written piece by piece. */
  readonly #partials = new Set<Spot>();

  constructor(task: RestoreTask, means: ReadingMeans, writers: Writers, account: Account) {
    this.#task = task;
    this.#account = account;
    this.#chunks = new ChunkSource(means);
    this.#batches = new Batches({ means, chunks: this.#chunks, writers }, task.ground, account);
    this.#maker = new Maker(task.ground);
  }

  steps(): AsyncGenerator<TreeStep> {
    const { root, selection } = this.#task;
    return resolve(root, this.#chunks, selection, (path, error) => this.#account.fail(path, error));
  }

  async take(step: TreeStep): Promise<void> {
    switch (step.kind) {
      case "enter":
        this.#levels.push({ entered: this.#enter(step) });
        break;
      case "leave":
        this.#leave(step);
        break;
      default:
        await this.#entry(step);
    }
    await this.#batches.handOverIfFull();
  }

  /** Waits until everything is there. */
  async finish(): Promise<void> {
    await this.#batches.finish();
  }

  /** Takes away what is not complete. */
  async abandon(): Promise<void> {
    await this.#batches.stop();
    for (const partial of this.#partials) {
      try {
        this.#maker.drop(partial);
      } catch (error) {
        // Its directory may be gone, and there is a better error to be told.
        if (!(error instanceof VarveError)) throw error;
      }
    }
  }

  #enter({ path, entry }: ResolvedDirectory): Entered | undefined {
    const { ground } = this.#task;
    const parent = this.#levels.at(-1);
    const entered = this.#account.attempt(path, () => {
      if (parent === undefined) return ground.enterRoot();
      if (parent.entered === undefined) return undefined;
      const there = ground.enter(parent.entered, entry);
      if (there === undefined) this.#account.keep(path);
      return there;
    });
    if (entered !== undefined) this.#account.totals.directories += 1;
    return entered;
  }

  /** A directory that was there keeps its mode and times, unless it was asked for. */
  #leave({ path, entry, isSelected }: ResolvedDirectory): void {
    const { ground, policy } = this.#task;
    const entered = this.#levels.pop()?.entered;
    if (entered === undefined || !(entered.isMade || (isSelected && ground.mayChange))) return;
    const { directory } = entered;
    const metadata = policy.metadataOf(entry, entered.isMade ? "if any" : "exactly");
    this.#batches.afterwards(path, () =>
      this.#account.shortfalls.add(path, ground.leave(directory, metadata)),
    );
  }

  async #entry({ path, entry }: Resolved<Leaf>): Promise<void> {
    // A socket is nothing without its server: that it is not made is no problem.
    if (entry.type === "socket" || this.#isLeftOut(entry)) return;
    const level = this.#levels.at(-1) ?? { entered: this.#task.ground.enterRoot() };
    if (level.entered === undefined) return;
    const first = this.#links.find(entry);
    const site = await this.#siteFor(path, entry, level.entered);
    if (site === undefined) return;
    if (first !== undefined) {
      this.#batches.afterwards(path, () => this.#link(path, entry, { first, site }));
    } else if (entry.type === "file") {
      await this.#file(path, entry, site);
    } else {
      this.#node(path, entry, site);
    }
  }

  #isLeftOut({ type }: Leaf): boolean {
    const { policy } = this.#task;
    if (policy.makesDevices || (type !== "character" && type !== "block")) return false;
    policy.leftOut.devices += 1;
    return true;
  }

  /** Where an entry is to be made, if it is; what is the same already is only touched up. */
  async #siteFor(path: RawName, entry: Leaf, entered: Entered): Promise<Site | undefined> {
    const { ground, policy, compare } = this.#task;
    const spot = { directory: entered.directory, name: entry.name };
    const attributes = entered.givesAcl ? "exactly" : "if any";
    // Nothing is in the way in a directory that is new.
    if (entered.isMade) return { spot, clash: "replaced", attributes };
    try {
      const there = ground.look(spot);
      if (there === undefined) return { spot, clash: "refused", attributes };
      const verdict = ground.verdictOn(spot, there, entry);
      if (verdict === "left") {
        this.#account.keep(path);
        return undefined;
      }
      if (verdict === "replaced") return { spot, clash: "replaced", attributes };
      const metadata = policy.metadataOf(entry, "exactly");
      const standing = { spot, there, path };
      const refusals = await keepIfSame(this.#maker, standing, entry, { metadata, compare });
      if (refusals === undefined) return { spot, clash: "replaced", attributes };
      this.#account.shortfalls.add(path, refusals);
      this.#account.keep(path);
      policy.note(entry);
    } catch (error) {
      this.#account.fail(path, error);
    }
    return undefined;
  }

  #node(path: RawName, entry: Exclude<Leaf, FileEntry>, { spot, clash, attributes }: Site): void {
    const { policy } = this.#task;
    const finish = { metadata: policy.metadataOf(entry, attributes), clash };
    policy.note(entry);
    const first = this.#links.begin(entry, spot);
    this.#account.attempt(path, () => {
      this.#made(path, first, () =>
        entry.type === "symlink"
          ? this.#maker.symlink(spot, entry, finish)
          : this.#maker.special(spot, entry as SpecialEntry, finish),
      );
      this.#account.totals.others += 1;
    });
  }

  #link(
    path: RawName,
    entry: Leaf,
    { first, site }: { readonly first: FirstName; readonly site: Site },
  ): void {
    // What is wrong with its content is wrong with all its names.
    if (first.made === undefined) throw errorOf(path, first.failure);
    this.#maker.link(first.spot, first.made, site);
    if (entry.type === "file") this.#account.count(entry);
    else this.#account.totals.others += 1;
  }

  async #file(path: RawName, entry: FileEntry, { spot, clash, attributes }: Site): Promise<void> {
    const { ground, policy } = this.#task;
    const metadata = policy.metadataOf(entry, attributes);
    policy.note(entry);
    const file: PendingFile = { path, entry, failure: undefined, refusals: [] };
    const { content, holes, link } = entry;
    const isWhole = content.depth === 0 && content.chunks.length === 1;
    if (isWhole && holes === undefined && link === undefined) {
      const partial = this.#maker.partial(spot);
      await this.#batches.want(file, spot.directory, () => {
        const whole = { path: ground.at(spot), shown: ground.shown(spot), metadata, clash };
        return { path: ground.at(partial), whole };
      });
      this.#batches.afterwards(path, () => this.#finishWhole(file));
      return;
    }
    const first = this.#links.begin(entry, spot);
    const partial = this.#account.attempt(path, () => this.#maker.beginFile(spot, fileSize(entry)));
    if (partial === undefined) {
      first.failure = { kind: "unavailable", message: "its first name could not be made" };
      return;
    }
    this.#partials.add(partial);
    await this.#batches.want(file, spot.directory, () => ({ path: ground.at(partial) }));
    this.#batches.afterwards(path, () =>
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
        this.#made(file.path, first, () => this.#maker.finishFile(partial, first.spot, finish));
        this.#account.count(file.entry);
      }
    } finally {
      if (first.made === undefined) this.#maker.drop(partial);
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
