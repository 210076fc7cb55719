/**
 * A batch of restore: chunks that are wanted, and what is to be done once they
 * are written. What comes last is done last: a directory's times after the
 * files in it.
 */

import type { FileMetadata } from "../disk/metadata.ts";
import type { ContentChunk } from "../format/content.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Place } from "../format/table.ts";
import type { FileEntry } from "../format/tree.ts";
import type { Want } from "./plan.ts";

/** A file whose content is on its way. */
export interface PendingFile {
  readonly path: RawName;
  readonly entry: FileEntry;
  /** Where it is written until it is complete; nothing if its only chunk makes it. */
  readonly partial: RawName | undefined;
  /** Why it cannot be completed. */
  failure: { readonly message: string; readonly isDamage: boolean } | undefined;
}

const MAX_WANTS = 16384;
const MAX_BYTES = 256 * 2 ** 20;

export class Batch {
  readonly wants: Want[] = [];
  /** Files by number, as destinations refer to them. */
  readonly files: PendingFile[] = [];
  /** In order, after the wants. */
  readonly afterwards: (() => void)[] = [];
  #bytes = 0;

  get isFull(): boolean {
    return this.wants.length >= MAX_WANTS || this.#bytes >= MAX_BYTES;
  }

  /** Wants a chunk of a file; `path` is where it is written, `whole` if the chunk is all of it. */
  want(
    file: PendingFile,
    { id, size }: ContentChunk,
    to: { readonly place: Place; readonly path: RawName; readonly at: number } & {
      readonly whole?: FileMetadata;
    },
  ): void {
    const { place, ...destination } = to;
    // A file goes on over several batches: it is the last one, if it is known at all.
    if (this.files.at(-1) !== file) this.files.push(file);
    this.wants.push({ id, place, destination: { file: this.files.length - 1, ...destination } });
    this.#bytes += size;
  }
}
