/**
 * Reads files and stores their content: the bracket of the pipe, file by file.
 *
 * What is read is what lies at the path when it is opened, and behind no link
 * below the source. A file that changes while it is read is read once more. If
 * it changes again, it is stored as it was read the last time, and marked.
 */
import type { BigIntStats } from "node:fs";
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import type { FileDigestName } from "../digest/digest.ts";
import { holesOf } from "../disk/holes.ts";
import { atPath, openBelow } from "../disk/long-path.ts";
import { joinPath, systemPath } from "../disk/path.ts";
import type { Holes } from "../format/holes.ts";
import { holeBytes, zeros } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Packing } from "../pack/pack.ts";
import type { Attributes } from "./attributes.ts";
import { attributesOf } from "./attributes.ts";
import type { Bracket } from "./bracket.ts";
import type { StoredChunk } from "./chunk-writer.ts";
import type { Looks } from "./entry.ts";
import { looksOf } from "./entry.ts";
import { identityOf, signatureOf, TICK_MS, unseenFor } from "./signature.ts";
import type { Onlooker } from "./window-reader.ts";
import { readsOf, Unreadable, WindowReader } from "./window-reader.ts";

/** A file to be read. */
export interface FileJob {
  /** The asker's number for it. */
  readonly id: number;
  /** The source. */
  readonly root: RawName;
  /** From the source on; empty if that is the file. */
  readonly path: RawName;
  readonly size: number;
  /** What {@link signatureOf} said when the walk saw it. */
  readonly signature: string;
  /** Then it is no file, and stream.ts reads it. */
  readonly stream?: StreamJob;
}

/** What is read from where a descriptor stands to its end, and how it is to look. */
export interface StreamJob {
  readonly descriptor: number;
  readonly looks: Looks;
}

/** What comes of a job, in this order: `chunks` any number of times, `restart` once at most, one of the others. */
export type FileEvent =
  | { readonly kind: "chunks"; readonly id: number; readonly chunks: readonly StoredChunk[] }
  /** The file changed: what came before does not count. */
  | { readonly kind: "restart"; readonly id: number }
  | { readonly kind: "done"; readonly id: number; readonly reading: Reading }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };

/** A file as it was read. */
export interface Reading extends Attributes {
  readonly digest: string | undefined;
  readonly holes: Holes;
  /** Of what was read; no such file may have been there if it is torn. */
  readonly signature: string;
  readonly torn: boolean;
  /** So little before that a further change may not show: it must be read again next time. */
  readonly isRecent: boolean;
  /** Of what was read, if that is not what the walk saw. */
  readonly looks?: Looks;
}

/** Where events go; called in order. */
export type Report = (event: FileEvent) => void;

/** Chunks of one file are reported by so many: some 64 MiB, so that progress shows. */
const CHUNKS_A_REPORT = 64;
/** O_NONBLOCK: what was a file may be a FIFO by now, and nobody may ever write to it. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/**
 * Zeros cost the digest 0.7 s a GiB. A file with more of them has none: anybody can make
 * one of exabytes, which would keep a backup busy for years.
 */
const MAX_DIGESTED_HOLES = 2 ** 40;

/** Reads one file and stores what the repository lacks of it. */
export function* storeFile(
  job: FileJob,
  bracket: Bracket,
  digest: FileDigestName,
  report: Report,
): Packing<void> {
  let descriptor: number | undefined;
  try {
    descriptor = openFile(job);
    const reading = yield* readTwice(descriptor, job, { bracket, digest, report });
    report({ kind: "done", id: job.id, reading });
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    report({ kind: "failed", id: job.id, message: error.message });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Opens what the walk saw; if that was replaced, what is there now. The path may lead
 * elsewhere by then, so it is not simply believed.
 */
function openFile({ root, path, signature }: FileJob): number {
  const whole = joinPath(root, path);
  const descriptor = open(() => atPath(whole, (short) => openSync(systemPath(short), FLAGS)));
  const found = signatureOf(fstatSync(descriptor, { bigint: true }));
  if (identityOf(found) === identityOf(signature)) return descriptor;
  closeSync(descriptor);
  return open(() => openBelow(root, path, FLAGS));
}

function open(action: () => number): number {
  try {
    return action();
  } catch (error) {
    throw new Unreadable(`cannot open it: ${(error as Error).message}`);
  }
}

/** What a job is done with. */
export interface Means {
  readonly bracket: Bracket;
  readonly digest: FileDigestName;
  readonly report: Report;
}

function* readTwice(descriptor: number, job: FileJob, means: Means): Packing<Reading> {
  // Before it is read: what was a file may be a device by now, which never ends.
  const before = lookLater(descriptor);
  const first = yield* readOnce(descriptor, { id: job.id, look: before }, means);
  if (look(descriptor).signature === before.signature) {
    return readingOf(job, before, { ...first, torn: false });
  }
  means.report({ kind: "restart", id: job.id });
  const seen = lookLater(descriptor);
  const second = yield* readOnce(descriptor, { id: job.id, look: seen }, means);
  const after = look(descriptor);
  const torn = after.signature !== seen.signature;
  return readingOf(job, torn ? after : seen, { ...second, torn });
}

function readingOf(
  job: FileJob,
  { stats, signature, at }: Look,
  read: Read & Pick<Reading, "torn">,
): Reading {
  return {
    ...read,
    signature,
    isRecent: unseenFor(stats, at) > 0,
    ...(signature === job.signature ? {} : { looks: looksOf(stats) }),
  };
}

type Read = Attributes & Pick<Reading, "digest" | "holes">;

/** Reads and stores it from beginning to end. */
function* readOnce(
  descriptor: number,
  { id, look }: { readonly id: number; readonly look: Look },
  { bracket, digest, report }: Means,
): Packing<Read> {
  const attributes = attributesOf(descriptor);
  const holes = findHoles(descriptor, look.stats);
  const skipped = holeBytes(holes);
  const hash = bracket.digests.file(skipped > MAX_DIGESTED_HOLES ? "none" : digest);
  const shape = { size: look.size, holes };
  const reader = new WindowReader(readsOf(descriptor), bracket.chunker.window, shape);
  const onlooker = {
    data: (bytes: Uint8Array) => hash.update(bytes),
    hole: (length: number) => {
      if (skipped <= MAX_DIGESTED_HOLES) for (const block of zeros(length)) hash.update(block);
    },
  };
  yield* storeAll(reader, onlooker, id, { bracket, report });
  return { ...attributes, digest: hash.finish(), holes: reader.passed };
}

/** Cuts what a reader gives, and stores what the repository lacks of it. */
export function* storeAll(
  reader: WindowReader,
  onlooker: Onlooker,
  id: number,
  { bracket: { chunker, chunks }, report }: Pick<Means, "bracket" | "report">,
): Packing<void> {
  let stored: StoredChunk[] = [];
  try {
    while (reader.fill(onlooker)) {
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
}

/** Where they cannot be found they are read, as the zeros that they are. */
function findHoles(descriptor: number, stats: BigIntStats): Holes {
  try {
    return holesOf(descriptor, stats);
  } catch {
    return [];
  }
}

/** A file, as it looks while it is open. */
interface Look {
  readonly stats: BigIntStats;
  readonly signature: string;
  readonly size: number;
  /** When it was looked at, or a little before. */
  readonly at: number;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Looks at a file once a further change would show. Of a tree that was just written that is a
 * tick for the first file, and nothing for the others.
 */
function lookLater(descriptor: number): Look {
  const now = look(descriptor);
  const wait = unseenFor(now.stats, now.at);
  if (wait === 0 || wait > TICK_MS) return now;
  Atomics.wait(sleeper, 0, 0, wait);
  return look(descriptor);
}

function look(descriptor: number): Look {
  const at = Date.now();
  const stats = fstatSync(descriptor, { bigint: true });
  if (!stats.isFile()) throw new Unreadable("it is no file any more");
  const size = Number(stats.size);
  // Holes alone can make it so: no more than that is data on any disk.
  if (!Number.isSafeInteger(size)) throw new Unreadable("it is too long: more than 8 PiB");
  return { stats, signature: signatureOf(stats), size, at };
}
