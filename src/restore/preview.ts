/**
 * What a restore would do: which entries it would make, replace, keep, and
 * what is in its way. Nothing is written. Paths are used as they are: the
 * restore itself looks again.
 */
import type { BigIntStats } from "node:fs";
import { lstatSync } from "node:fs";
import { joinPath, systemPath } from "../disk/path.ts";
import { CorruptError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { DirectoryEntry, Entry } from "../format/tree.ts";
import { fileFailure } from "../target/file-failure.ts";
import type { Conflict } from "./conflict.ts";
import { verdictOn } from "./conflict.ts";
import type { Chunks } from "./contents.ts";
import type { CompareContent } from "./likeness.ts";
import { likenessOf } from "./likeness.ts";
import type { Policy } from "./policy.ts";
import type { TreeStep } from "./resolve.ts";
import { resolve } from "./resolve.ts";
import type { Selection } from "./selection.ts";

export interface PreviewTask {
  readonly root: Entry;
  readonly selection: Selection;
  /** An absolute path; nothing need be there. */
  readonly to: RawName;
  readonly conflict: Conflict;
  readonly policy: Policy;
  readonly compare: CompareContent;
}

/** What would become of an entry. */
export type Fate = "make" | "replace" | "keep" | "in the way";

/** What a restore would do, by number of entries; directories are counted only if they are made. */
export interface RestorePreview {
  make: number;
  replace: number;
  keep: number;
  inTheWay: number;
  /** Bytes of content that would be written. */
  bytes: number;
  /** Bytes that the file system has to have free for that. */
  space: number;
}

/** A file takes whole blocks, and an inode: what most file systems have. */
const BLOCK_BYTES = 4096;

/**
 * @param tell - is told what would become of each entry.
 * @throws {@link CorruptError} if the snapshot's tree is damaged.
 * @throws {@link NotFoundError} if something was asked for that the snapshot does not have.
 */
export async function preview(
  task: PreviewTask,
  chunks: Chunks,
  tell: (path: RawName, fate: Fate) => void,
): Promise<RestorePreview> {
  const previewer = new Previewer(task, tell);
  for await (const step of resolve(task.root, chunks, task.selection)) await previewer.take(step);
  task.selection.mustBeFound();
  return previewer.result;
}

class Previewer {
  readonly #totals: RestorePreview = {
    make: 0,
    replace: 0,
    keep: 0,
    inTheWay: 0,
    bytes: 0,
    space: 0,
  };
  readonly #task: PreviewTask;
  readonly #tell: (path: RawName, fate: Fate) => void;
  /** For each directory that the walk is in, what it is now. */
  readonly #levels: ("there" | "new" | "left out")[] = [];
  readonly #links = new Set<string>();
  #largest = 0;

  constructor(task: PreviewTask, tell: (path: RawName, fate: Fate) => void) {
    this.#task = task;
    this.#tell = tell;
  }

  /** While one file is replaced, both of it are there. */
  get result(): RestorePreview {
    return { ...this.#totals, space: this.#totals.space + this.#largest };
  }

  async take(step: TreeStep): Promise<void> {
    const { path, entry } = step;
    if (step.kind === "leave") this.#levels.pop();
    else if (step.kind === "enter") this.#levels.push(this.#enter(path, step.entry));
    else if (this.#level !== "left out" && this.#task.policy.makes(entry.type)) {
      await this.#leaf(path, step.entry);
    }
  }

  get #level(): "there" | "new" | "left out" {
    return this.#levels.at(-1) ?? "there";
  }

  #enter(path: RawName, entry: DirectoryEntry): "there" | "new" | "left out" {
    if (this.#level === "left out") return "left out";
    const there = this.#look(path);
    if (there?.isDirectory()) return "there";
    const fate = there === undefined ? "make" : this.#fateOf(there, entry);
    this.#count(path, fate === "keep compared" ? "replace" : fate);
    return fate === "keep" || fate === "in the way" ? "left out" : "new";
  }

  async #leaf(path: RawName, entry: Exclude<Entry, DirectoryEntry>): Promise<void> {
    const there = this.#look(path);
    let fate = there === undefined ? "make" : this.#fateOf(there, entry);
    if (there !== undefined && fate === "keep compared") {
      fate = await this.#compared(path, there, entry);
    }
    this.#count(path, fate as Fate);
    if (fate === "make" || fate === "replace") this.#write(entry, there);
  }

  #fateOf(there: BigIntStats, entry: Entry): Fate | "keep compared" {
    if (there.isDirectory()) return "in the way";
    switch (verdictOn(there, entry, this.#task.conflict)) {
      case "refused":
        return "in the way";
      case "left":
        return "keep";
      case "replaced":
        return "replace";
      case "compared":
        return "keep compared";
    }
  }

  async #compared(
    path: RawName,
    stats: BigIntStats,
    entry: Exclude<Entry, DirectoryEntry>,
  ): Promise<Fate> {
    const { to, policy, compare } = this.#task;
    try {
      const found = { stats, place: joinPath(to, path), path };
      const metadata = policy.metadataOf(entry, "exactly");
      const likeness = await likenessOf(found, entry, { metadata, compare });
      return likeness === "different" ? "replace" : "keep";
    } catch (error) {
      if (error instanceof CorruptError) return "replace";
      throw fileFailure(error, `compare ${displayName(path)}`);
    }
  }

  #write(entry: Exclude<Entry, DirectoryEntry>, there: BigIntStats | undefined): void {
    if (entry.type !== "file") return;
    const { link, content } = entry;
    if (link !== undefined && this.#links.has(link)) return;
    if (link !== undefined) this.#links.add(link);
    const blocks = Math.ceil(content.size / BLOCK_BYTES) + 1;
    const freed = there?.isFile() && there.nlink === 1n ? Number(there.blocks) * 512 : 0;
    this.#totals.bytes += content.size;
    this.#totals.space += Math.max(0, blocks * BLOCK_BYTES - freed);
    if (there !== undefined) this.#largest = Math.max(this.#largest, blocks * BLOCK_BYTES);
  }

  #count(path: RawName, fate: Fate): void {
    this.#totals[fate === "in the way" ? "inTheWay" : fate] += 1;
    this.#tell(path, fate);
  }

  /** In a directory that is not there yet nothing is. */
  #look(path: RawName): BigIntStats | undefined {
    if (this.#level === "new") return undefined;
    const place = systemPath(joinPath(this.#task.to, path));
    try {
      return lstatSync(place, { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      throw fileFailure(error, `look at ${displayName(path)}`);
    }
  }
}
