/**
 * Restore: the pipe of the backup, mirrored. resolve -> plan -> fetch ->
 * [ open -> decompress -> verify -> write ] -> metadata.
 *
 * The tree is walked in order; files are gathered into batches, and while one
 * is being written the next one is gathered. Memory holds two batches. A
 * directory gets its mode and times when everything in it is there.
 */
import type { RawName } from "../format/raw-name.ts";
import type { Entry } from "../format/tree.ts";
import type { OnError, RestoreListener, RestoreTotals } from "./account.ts";
import { Account } from "./account.ts";
import { Batches } from "./batches.ts";
import type { ReadingMeans } from "./chunk-source.ts";
import { ChunkSource } from "./chunk-source.ts";
import type { Entered, Ground } from "./ground.ts";
import { keepIfSame } from "./keeping.ts";
import type { Leaf, Site } from "./leaves.ts";
import { Leaves } from "./leaves.ts";
import type { CompareContent } from "./likeness.ts";
import { Maker } from "./making.ts";
import type { Policy } from "./policy.ts";
import type { Resolved, ResolvedDirectory, TreeStep } from "./resolve.ts";
import { resolve } from "./resolve.ts";
import type { Selection } from "./selection.ts";
import type { Shortfall } from "./shortfalls.ts";
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

class Restorer {
  readonly #task: RestoreTask;
  readonly #account: Account;
  readonly #chunks: ChunkSource;
  readonly #batches: Batches;
  readonly #maker: Maker;
  readonly #leaves: Leaves;
  readonly #levels: Level[] = [];

  constructor(task: RestoreTask, means: ReadingMeans, writers: Writers, account: Account) {
    this.#task = task;
    this.#account = account;
    this.#chunks = new ChunkSource(means);
    this.#batches = new Batches({ means, chunks: this.#chunks, writers }, task.ground, account);
    this.#maker = new Maker(task.ground);
    const parts = { ...task, batches: this.#batches, maker: this.#maker };
    this.#leaves = new Leaves(parts, account);
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
    this.#leaves.abandon();
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
    const { directory, isMade, givesAcl } = entered;
    // The first directory that is made may have an ACL of the one that it is in.
    const metadata = policy.metadataOf(entry, isMade && !givesAcl ? "if any" : "exactly");
    policy.note(entry);
    this.#batches.afterwards(path, () =>
      this.#account.shortfalls.add(path, ground.leave(directory, metadata)),
    );
  }

  async #entry({ path, entry }: Resolved<Leaf>): Promise<void> {
    if (this.#isLeftOut(entry)) return;
    const level = this.#levels.at(-1) ?? { entered: this.#task.ground.enterRoot() };
    if (level.entered === undefined) return;
    const first = this.#leaves.firstNameOf(entry);
    const site = await this.#siteFor(path, entry, level.entered);
    if (site !== undefined) await this.#leaves.make({ path, entry }, first, site);
  }

  #isLeftOut({ type }: Leaf): boolean {
    const { policy } = this.#task;
    if (policy.makes(type)) return false;
    // That a socket is not made is no problem, and not told.
    if (type !== "socket") policy.leftOut.devices += 1;
    return true;
  }

  /** Where an entry is to be made, if it is; what is the same already is only touched up. */
  async #siteFor(path: RawName, entry: Leaf, entered: Entered): Promise<Site | undefined> {
    const { ground, policy, compare } = this.#task;
    const spot = { directory: entered.directory, name: entry.name };
    const attributes = entered.givesAcl ? "exactly" : "if any";
    if (entered.isMade) return { spot, clash: "impossible", attributes };
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
}
