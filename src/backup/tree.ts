/**
 * Builds the tree from the bottom up, while the walk goes on and files are
 * still being read: each directory keeps its entries in order, writes those
 * whose turn has come and which are known, and is itself an entry of its
 * parent once it is complete.
 */
import type { Content } from "../format/content.ts";
import { EMPTY_CONTENT } from "../format/content.ts";
import type { DirectoryEntry, Entry } from "../format/tree.ts";
import { encodeEntry } from "../format/tree.ts";
import type { Packing } from "../pack/pack.ts";
import type { Needs, TreeStore } from "./stored-file.ts";
import { StoredFile } from "./stored-file.ts";

/** An entry's place in its directory, to be filled when the entry is known. */
export class Slot {
  /** Whether it is decided what stands here. */
  isFilled = false;
  /** Nothing, if what should stand here could not be read. */
  entry: Entry | undefined;

  fill(entry: Entry | undefined): void {
    this.entry = entry;
    this.isFilled = true;
  }
}

interface OpenDirectory {
  readonly entry: DirectoryEntry;
  readonly slot: Slot;
  readonly file: StoredFile;
  readonly slots: Slot[];
  /** Slots before this one have been written. */
  next: number;
  isClosed: boolean;
  /** What was found in it is not what was in it. */
  isDropped: boolean;
}

/** Written slots are dropped in steps of so many. */
const SLOTS_A_SWEEP = 1024;

export class TreeBuilder {
  readonly #store: TreeStore;
  readonly #needs: Needs;
  /** The path from the root to where the walk is, and closed directories that still wait. */
  readonly #open: OpenDirectory[] = [];
  #waiting: OpenDirectory[] = [];
  readonly #root = new Slot();
  #slots = 0;

  constructor(store: TreeStore, needs: Needs) {
    this.#store = store;
    this.#needs = needs;
  }

  /** Slots that are held in memory. */
  get held(): number {
    return this.#slots;
  }

  /** Enters a directory; its content is not known yet. */
  enter(entry: Omit<DirectoryEntry, "content">): void {
    const slot = this.slot();
    this.#open.push({
      entry: { ...entry, content: EMPTY_CONTENT },
      slot,
      file: new StoredFile(this.#store, this.#needs),
      slots: [],
      next: 0,
      isClosed: false,
      isDropped: false,
    });
  }

  /** The next entry's place in the directory that was entered last. */
  slot(): Slot {
    const directory = this.#open.at(-1);
    if (directory === undefined) return this.#root;
    const slot = new Slot();
    directory.slots.push(slot);
    this.#slots += 1;
    return slot;
  }

  /** Leaves the directory that was entered last: no more entries come. */
  leave(what: "keep" | "drop" = "keep"): void {
    const directory = this.#open.pop();
    if (directory === undefined) throw new Error("no directory is open");
    directory.isClosed = true;
    directory.isDropped = what === "drop";
    this.#waiting.push(directory);
  }

  /** Leaves all that is entered: the walk ends here, and the tree is what it came to. */
  unwind(): void {
    while (this.#open.length > 0) this.leave();
  }

  /** Writes what has become known. Children before parents: one pass is enough. */
  *settle(): Packing<void> {
    const still: OpenDirectory[] = [];
    for (const directory of this.#waiting) {
      if (!(yield* this.#advance(directory))) still.push(directory);
    }
    this.#waiting = still;
    for (const directory of this.#open.toReversed()) yield* this.#advance(directory);
  }

  /**
   * The root's entry. Only after everything was left and filled.
   *
   * @returns nothing if the root could not be read.
   */
  get root(): Entry | undefined {
    if (!this.#root.isFilled) throw new Error("the tree is not complete");
    return this.#root.entry;
  }

  /** @returns whether the directory is complete. */
  *#advance(directory: OpenDirectory): Packing<boolean> {
    for (;;) {
      const slot = directory.slots[directory.next];
      if (slot === undefined || !slot.isFilled) break;
      directory.next += 1;
      if (slot.entry !== undefined) yield* directory.file.write(encodeEntry(slot.entry));
      this.#slots -= 1;
      if (directory.next === SLOTS_A_SWEEP) {
        directory.slots.splice(0, SLOTS_A_SWEEP);
        directory.next = 0;
      }
    }
    if (!directory.isClosed || directory.next < directory.slots.length) return false;
    const content: Content = yield* directory.file.finish();
    directory.slot.fill(directory.isDropped ? undefined : { ...directory.entry, content });
    return true;
  }
}
