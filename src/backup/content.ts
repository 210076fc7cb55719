/**
 * Reads files and stores their content: the bracket of the pipe, file by file.
 *
 * A file that changes while it is read is read once more. If it changes again,
 * it is stored as it was read the last time, and marked.
 */
import type { BigIntStats } from "node:fs";
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import type { FileDigestName } from "../digest/digest.ts";
import { systemPath } from "../disk/path.ts";
import type { Metadata } from "../disk/stats.ts";
import { metadataOf } from "../disk/stats.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Packing } from "../pack/pack.ts";
import type { Bracket } from "./bracket.ts";
import type { StoredChunk } from "./chunk-writer.ts";
import { Unreadable, WindowReader } from "./window-reader.ts";

/** A file to be read. */
export interface FileJob {
  /** The asker's number for it. */
  readonly id: number;
  /** Where it is on disk. */
  readonly path: RawName;
  readonly size: number;
  /** What {@link signatureOf} said when the walk saw it. */
  readonly signature: string;
}

/** What comes of a job, in this order: `chunks` any number of times, `restart` once at most, one of the others. */
export type FileEvent =
  | { readonly kind: "chunks"; readonly id: number; readonly chunks: readonly StoredChunk[] }
  /** The file changed: what came before does not count. */
  | { readonly kind: "restart"; readonly id: number }
  | { readonly kind: "done"; readonly id: number; readonly reading: Reading }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };

/** A file as it was read. */
export interface Reading {
  readonly digest: string | undefined;
  /** Of what was read; no such file may have been there if it is torn. */
  readonly signature: string;
  readonly torn: boolean;
  /** Of what was read, if that is not what the walk saw. */
  readonly metadata?: Metadata;
}

/** Where events go; called in order. */
export type Report = (event: FileEvent) => void;

/** Chunks of one file are reported by so many. */
const CHUNKS_A_REPORT = 1024;
/** O_NONBLOCK: what was a file may be a FIFO by now, and nobody may ever write to it. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What says that a file has not changed: size, times in nanoseconds, identity. One character a byte. */
export function signatureOf({ size, mtimeNs, ctimeNs, ino, dev }: BigIntStats): string {
  const fields = Buffer.allocUnsafe(5 * 8);
  for (const [at, field] of [size, mtimeNs, ctimeNs, ino, dev].entries()) {
    fields.writeBigInt64LE(BigInt.asIntN(64, field), at * 8);
  }
  return fields.toString("latin1");
}

/** Reads one file and stores what the repository lacks of it. */
export function* storeFile(
  job: FileJob,
  bracket: Bracket,
  digest: FileDigestName,
  report: Report,
): Packing<void> {
  let descriptor: number;
  try {
    descriptor = openSync(systemPath(job.path), FLAGS);
  } catch (error) {
    report({ kind: "failed", id: job.id, message: `cannot open it: ${(error as Error).message}` });
    return;
  }
  try {
    const reading = yield* readTwice(descriptor, job, { bracket, digest, report });
    report({ kind: "done", id: job.id, reading });
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    report({ kind: "failed", id: job.id, message: error.message });
  } finally {
    closeSync(descriptor);
  }
}

interface Means {
  readonly bracket: Bracket;
  readonly digest: FileDigestName;
  readonly report: Report;
}

function* readTwice(descriptor: number, job: FileJob, means: Means): Packing<Reading> {
  // Before it is read: what was a file may be a device by now, which never ends.
  const before = look(descriptor);
  const first = yield* readOnce(descriptor, { id: job.id, size: before.size }, means);
  const seen = look(descriptor);
  if (seen.signature === before.signature) return readingOf(job, seen, { digest: first });
  means.report({ kind: "restart", id: job.id });
  const second = yield* readOnce(descriptor, { id: job.id, size: seen.size }, means);
  const after = look(descriptor);
  const torn = after.signature !== seen.signature;
  return readingOf(job, after, { digest: second, torn });
}

function readingOf(
  job: FileJob,
  { signature, metadata }: Look,
  { digest, torn = false }: Pick<Reading, "digest"> & { readonly torn?: boolean },
): Reading {
  return { digest, signature, torn, ...(signature === job.signature ? {} : { metadata }) };
}

/** Reads and stores it from beginning to end. @returns the digest of what was read. */
function* readOnce(
  descriptor: number,
  { id, size }: Pick<FileJob, "id" | "size">,
  { bracket, digest, report }: Means,
): Packing<string | undefined> {
  const { chunker, digests, chunks } = bracket;
  const hash = digests.file(digest);
  const reader = new WindowReader(descriptor, chunker.window, size);
  let stored: StoredChunk[] = [];
  try {
    while (reader.fill((bytes) => hash.update(bytes))) {
      const { from, to } = reader;
      const length = chunker.next(from, to) || to - from;
      stored.push(yield* chunks.put(chunker.window.subarray(from, from + length)));
      reader.from += length;
      if (stored.length === CHUNKS_A_REPORT) {
        report({ kind: "chunks", id, chunks: stored });
        stored = [];
      }
    }
  } finally {
    // Even if the file cannot be read on: while a chunk was claimed here, another file may
    // have counted on it, and only here its place is told.
    if (stored.length > 0) report({ kind: "chunks", id, chunks: stored });
  }
  return hash.finish();
}

/** A file, as it looks while it is open. */
interface Look {
  readonly signature: string;
  readonly size: number;
  readonly metadata: Metadata;
}

function look(descriptor: number): Look {
  const stats = fstatSync(descriptor, { bigint: true });
  if (!stats.isFile()) throw new Unreadable("it is no file any more");
  return {
    signature: signatureOf(stats),
    size: Number(stats.size),
    metadata: metadataOf(stats),
  };
}
