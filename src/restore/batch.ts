/**
 * A batch of restore: chunks that are wanted, and what is to be done once they
 * are written. What comes last is done last: a directory's times after the
 * files in it.
 */
import type { Directory } from "../disk/directories.ts";
import type { Refusal } from "../disk/xattrs.ts";
import type { ContentChunk } from "../format/content.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Place } from "../format/table.ts";
import type { FileEntry } from "../format/tree.ts";
import type { Ground } from "./ground.ts";
import type { Want } from "./plan.ts";
import type { Destination, Failure } from "./unit.ts";

/** A file whose content is on its way. */
export interface PendingFile {
  readonly path: RawName;
  readonly entry: FileEntry;
  /** Why it cannot be completed. */
  failure: Failure | undefined;
  /** What of its metadata was refused. */
  readonly refusals: Refusal[];
}

/** What is done once the wants are written. */
export interface Step {
  /** What it is about. */
  readonly path: RawName;
  readonly run: () => void;
}

/** Wants, files and what comes afterwards take some 500 bytes each. */
const MAX_STEPS = 4096;
const MAX_BYTES = 256 * 2 ** 20;
/** Directories that are held open: two batches' have to be far below what a process may open. */
const MAX_HELD = 128;

export class Batch {
  readonly wants: Want[] = [];
  /** Files by number, as destinations refer to them. */
  readonly files: PendingFile[] = [];
  /** In order, after the wants. */
  readonly afterwards: Step[] = [];
  readonly #held = new Set<Directory>();
  #bytes = 0;

  get isFull(): boolean {
    const steps = Math.max(this.wants.length, this.afterwards.length);
    return steps >= MAX_STEPS || this.#bytes >= MAX_BYTES || this.#held.size >= MAX_HELD;
  }

  /** Keeps a directory open until the batch is delivered: its wants are written there. */
  hold(directory: Directory, ground: Pick<Ground, "hold">): void {
    if (this.#held.has(directory)) return;
    ground.hold(directory);
    this.#held.add(directory);
  }

  /** Lets the directories go. */
  release(ground: Pick<Ground, "letGo">): void {
    for (const directory of this.#held) ground.letGo(directory);
    this.#held.clear();
  }

  /** Wants a chunk of a file. */
  want(
    file: PendingFile,
    { id, size }: ContentChunk,
    place: Place,
    to: Omit<Destination, "file">,
  ): void {
    this.wants.push({ id, place, destination: { file: this.number(file), ...to } });
    this.#bytes += size;
  }

  /** The number of a file in this batch; a large one goes on over several. */
  number(file: PendingFile): number {
    if (this.files.at(-1) !== file) this.files.push(file);
    return this.files.length - 1;
  }
}
