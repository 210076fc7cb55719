/**
 * Compares a file on disk with one of a snapshot, byte for byte: by the digest
 * of the whole, or piece by piece, as it was cut, where none was stored. A hole
 * and zeros are the same.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { Digests } from "../digest/digest.ts";
import { digestName } from "../digest/digest.ts";
import { atPath } from "../disk/long-path.ts";
import { systemPath } from "../disk/path.ts";
import { encodeBase64 } from "../format/fields.ts";
import { fileSize } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { FileEntry } from "../format/tree.ts";
import type { Chunks } from "./contents.ts";
import { chunksOf } from "./contents.ts";
import { DataReader } from "./data-reader.ts";
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
    const descriptor = atPath(disk, (short) => openSync(systemPath(short), READ));
    try {
      return await this.differenceOf(descriptor, { path, entry });
    } finally {
      closeSync(descriptor);
    }
  }

  /** The same for a file that is open. */
  async differenceOf(
    descriptor: number,
    { path, entry }: Resolved<FileEntry>,
  ): Promise<string | undefined> {
    const { size } = fstatSync(descriptor);
    const expected = fileSize(entry);
    if (size !== expected) return `it has ${size} bytes instead of ${expected}`;
    return entry.digest === undefined
      ? await this.#compareChunks(path, descriptor, entry)
      : this.#compareDigest(descriptor, entry.digest);
  }

  #compareDigest(descriptor: number, digest: string): string | undefined {
    const hash = this.#digests.file(digestName(digest));
    let size = 0;
    for (;;) {
      const count = readSync(descriptor, this.#buffer, 0, this.#buffer.length, size);
      if (count === 0) break;
      hash.update(this.#buffer.subarray(0, count));
      size += count;
    }
    const found = hash.finish();
    return found === digest ? undefined : `its content is ${found} instead of ${digest}`;
  }

  /** Without a digest: piece by piece, as it was cut, and whether nothing is in the holes. */
  async #compareChunks(
    path: RawName,
    descriptor: number,
    { content, holes = [] }: FileEntry,
  ): Promise<string | undefined> {
    const reader = new DataReader(descriptor, holes, this.#buffer);
    for await (const { id, size } of chunksOf(displayName(path), content, this.#chunks)) {
      const from = reader.position;
      const bytes = reader.read(size);
      if (encodeBase64(this.#digests.chunkId(bytes)) !== id) {
        return `its content differs between byte ${from} and byte ${reader.position}`;
      }
    }
    reader.passHole();
    const { inHole } = reader;
    return inHole === undefined ? undefined : `it has data at byte ${inHole}, where a hole was`;
  }
}
