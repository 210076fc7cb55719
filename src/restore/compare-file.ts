/**
 * Compares a file on disk with one of a snapshot, byte for byte: by the digest
 * of the whole, or piece by piece, as it was cut, where none was stored.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { Digests } from "../digest/digest.ts";
import { digestName } from "../digest/digest.ts";
import { systemPath } from "../disk/path.ts";
import { encodeBase64 } from "../format/fields.ts";
import { fileSize } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { FileEntry } from "../format/tree.ts";
import type { Chunks } from "./contents.ts";
import { chunksOf } from "./contents.ts";
import { Layout, piecesOf } from "./layout.ts";
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
    return entry.digest === undefined
      ? await this.#compareChunks(path, descriptor, entry)
      : this.#compareDigest(descriptor, entry.digest, fileSize(entry));
  }

  #compareDigest(descriptor: number, digest: string, expected: number): string | undefined {
    const hash = this.#digests.file(digestName(digest));
    let size = 0;
    for (;;) {
      const count = readSync(descriptor, this.#buffer, 0, this.#buffer.length, size);
      if (count === 0) break;
      hash.update(this.#buffer.subarray(0, count));
      size += count;
    }
    if (size !== expected) return `it has ${size} bytes instead of ${expected}`;
    const found = hash.finish();
    return found === digest ? undefined : `its content is ${found} instead of ${digest}`;
  }

  /** Without a digest: piece by piece, as it was cut; what lies in holes has to be zeros. */
  async #compareChunks(
    path: RawName,
    descriptor: number,
    entry: FileEntry,
  ): Promise<string | undefined> {
    const layout = new Layout(entry.holes);
    for await (const { id, size } of chunksOf(displayName(path), entry.content, this.#chunks)) {
      const bytes = new Uint8Array(size);
      const placed = layout.next(size);
      for (const { within, length, at } of piecesOf(placed, size)) {
        const piece = bytes.subarray(within, within + length);
        if (!fill(piece, descriptor, at)) return `it has less than ${fileSize(entry)} bytes`;
      }
      if (encodeBase64(this.#digests.chunkId(bytes)) !== id) {
        return `its content differs between byte ${placed.at} and byte ${layout.at}`;
      }
    }
    return this.#compareHoles(descriptor, entry);
  }

  #compareHoles(descriptor: number, entry: FileEntry): string | undefined {
    const size = fileSize(entry);
    const found = Number(fstatSync(descriptor, { bigint: true }).size);
    if (found !== size) return `it has ${found} bytes instead of ${size}`;
    for (const [offset, length] of entry.holes ?? []) {
      for (let at = offset; at < offset + length; at += this.#buffer.length) {
        const zeros = this.#buffer.subarray(0, offset + length - at);
        const isThere = fill(zeros, descriptor, at);
        if (!isThere || zeros.some((byte) => byte !== 0)) {
          return `its content differs between byte ${offset} and byte ${offset + length}`;
        }
      }
    }
    return undefined;
  }
}

/** @returns false if the file ends before. */
function fill(bytes: Uint8Array, descriptor: number, at: number): boolean {
  for (let filled = 0; filled < bytes.length; ) {
    const count = readSync(descriptor, bytes, filled, bytes.length - filled, at + filled);
    if (count === 0) return false;
    filled += count;
  }
  return true;
}
