/**
 * A batch of restore: chunks that are wanted, and what is to be done once they
 * are written. What comes last is done last: a directory's times after the
 * files in it.
 */
import type { ContentChunk } from "../format/content.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Place } from "../format/table.ts";
import type { FileEntry } from "../format/tree.ts";
import type { Want } from "./plan.ts";
import type { Destination, Failure } from "./unit.ts";

/** A file whose content is on its way. */
export interface PendingFile {
  readonly path: RawName;
  readonly entry: FileEntry;
  /** Why it cannot be completed. */
  failure: Failure | undefined;
}

/** Wants, files and what comes afterwards take some 500 bytes each. */
const MAX_STEPS = 4096;
const MAX_BYTES = 256 * 2 ** 20;

export class Batch {
  readonly wants: Want[] = [];
  /** Files by number, as destinations refer to them. */
  readonly files: PendingFile[] = [];
  /** In order, after the wants. */
  readonly afterwards: (() => void)[] = [];
  #bytes = 0;

  get isFull(): boolean {
    const steps = Math.max(this.wants.length, this.afterwards.length);
    return steps >= MAX_STEPS || this.#bytes >= MAX_BYTES;
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
