/**
 * What a run secures on its way, so that one that is cut off, however that
 * happens, leaves little to be done again.
 *
 * Of a file that is done, all that the next run needs must be on a disk: its
 * record in the cache, its chunks, and the list of these if it is long, which
 * lies on the tape of trees.
 */
import type { Cache } from "../cache/cache.ts";
import type { IndexWriter } from "../repository/index-objects.ts";
import type { Bracket } from "./bracket.ts";
import type { Reuse } from "./reuse.ts";
import type { Uploader } from "./upload.ts";
import { drive } from "./upload.ts";

/** Of a run that is cut off, all packs but the last so many are in the index. */
const PACKS_AN_INDEX = 64;

export interface MilestoneParts {
  readonly cache: Cache;
  readonly index: IndexWriter;
  readonly reuse: Reuse;
  readonly trees: Bracket;
  readonly uploader: Uploader;
}

export class Milestones {
  readonly #parts: MilestoneParts;
  /** Between two times that records are written: stored, or read without anything to be stored. */
  readonly #bytes: number;
  #saved = 0;
  #indexed = 0;

  /** @param bytes - so many at most are read again because nobody remembered that they were. */
  constructor(parts: MilestoneParts, bytes: number) {
    this.#parts = parts;
    this.#bytes = bytes;
  }

  /**
   * To be called often.
   *
   * @param read - bytes of the files that are done.
   */
  async pass(read: number): Promise<void> {
    const { cache, index, reuse, trees, uploader } = this.#parts;
    const { packs, bytes } = uploader.totals;
    if (bytes + read - this.#saved >= this.#bytes) {
      this.#saved = bytes + read;
      reuse.save();
    }
    if (packs - this.#indexed >= PACKS_AN_INDEX) {
      this.#indexed = packs;
      await drive(trees.flush(), uploader.store);
      await index.writePlaces(cache);
    }
  }
}
