/**
 * Compares a file on disk with one of a snapshot, byte for byte: by the digest
 * of the whole, or piece by piece, as it was cut, where none was stored.
 */
import { closeSync, constants, openSync, readSync } from "node:fs";
import type { Digests } from "../digest/digest.ts";
import { digestName } from "../digest/digest.ts";
import { systemPath } from "../disk/path.ts";
import { encodeBase64 } from "../format/fields.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { FileEntry } from "../format/tree.ts";
import type { Chunks } from "./contents.ts";
import { chunksOf } from "./contents.ts";
import type { Resolved } from "./resolve.ts";

const READ_BYTES = 2 ** 20;
/** O_NONBLOCK: what was a file may be a FIFO by now, and nobody may ever write to it. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export class FileComparer {
  readonly #chunks: Chunks;
  readonly #digests: Digests;
  readonly #buffer = new Uint8Array(READ_BYTES);

  constructor(chunks: Chunks, digests: Digests) {
    this.#chunks = chunks;
    this.#digests = digests;
  }

  /**
   * Compares the content of a file with what is at an absolute path.
   *
   * @returns how it differs, or nothing if it does not.
   * @throws the system's error if it cannot be read, {@link CorruptError} if a list of its
   * chunks is damaged.
   */
  async difference(
    disk: RawName,
    { path, entry }: Resolved<FileEntry>,
  ): Promise<string | undefined> {
    const descriptor = openSync(systemPath(disk), READ);
    try {
      return entry.digest === undefined
        ? await this.#compareChunks(path, descriptor, entry)
        : this.#compareDigest(descriptor, entry.digest, entry);
    } finally {
      closeSync(descriptor);
    }
  }

  #compareDigest(descriptor: number, digest: string, { content }: FileEntry): string | undefined {
    const hash = this.#digests.file(digestName(digest));
    let size = 0;
    for (;;) {
      const count = readSync(descriptor, this.#buffer, 0, this.#buffer.length, size);
      if (count === 0) break;
      hash.update(this.#buffer.subarray(0, count));
      size += count;
    }
    if (size !== content.size) return `it has ${size} bytes instead of ${content.size}`;
    const found = hash.finish();
    return found === digest ? undefined : `its content is ${found} instead of ${digest}`;
  }

  /** Without a digest: piece by piece, as it was cut. */
  async #compareChunks(
    path: RawName,
    descriptor: number,
    { content }: FileEntry,
  ): Promise<string | undefined> {
    let at = 0;
    for await (const { id, size } of chunksOf(displayName(path), content, this.#chunks)) {
      const bytes = new Uint8Array(size);
      let filled = 0;
      while (filled < size) {
        const count = readSync(descriptor, bytes, filled, size - filled, at + filled);
        if (count === 0) return `it ends after ${at + filled} bytes of ${content.size}`;
        filled += count;
      }
      if (encodeBase64(this.#digests.chunkId(bytes)) !== id) {
        return `its content differs between byte ${at} and byte ${at + size}`;
      }
      at += size;
    }
    const more = readSync(descriptor, this.#buffer, 0, 1, at);
    return more === 0 ? undefined : `it has more than ${content.size} bytes`;
  }
}
