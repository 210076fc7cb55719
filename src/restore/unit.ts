/**
 * A unit of restore: neighbouring frames of one tape, and where the chunks in
 * them go. Opens, decompresses, verifies and writes; synchronous, on whatever
 * thread. Nothing is written that was not verified.
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { Zstd } from "../compression/zstd.ts";
import type { FileMetadata } from "../disk/metadata.ts";
import { applyToFile } from "../disk/metadata.ts";
import { systemPath } from "../disk/path.ts";
import { VarveError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import type { ChunkId, Place } from "../format/table.ts";
import { chunkOf, frameLimit } from "../pack/frame.ts";
import type { Opener } from "../seal/packet.ts";
import { verifyChunk } from "./chunk-source.ts";
import type { FetchedStretch } from "./fetch.ts";
import type { OpenSegments } from "./open-segments.ts";
import { frameOf, openStretch } from "./open-segments.ts";

/** Where a chunk goes. */
export interface Destination {
  /** The number of the file in its batch. */
  readonly file: number;
  readonly path: RawName;
  /** Where in the file. */
  readonly at: number;
  /** The chunk is all of the file, which is made with it; else the file is there. */
  readonly whole?: FileMetadata;
}

export interface WantedChunk {
  readonly id: ChunkId;
  readonly place: Place;
  readonly destinations: readonly Destination[];
}

/** Chunks by frame, in the order of the tape. */
export type WantedFrame = readonly [WantedChunk, ...WantedChunk[]];

export interface Unit {
  readonly frames: readonly WantedFrame[];
  readonly stretches: readonly FetchedStretch[];
  readonly segmentSize: number;
  /** The session key of the run that all of it belongs to. */
  readonly key: Uint8Array;
}

/** What a unit failed at, for a file. */
export interface UnitFailure {
  readonly file: number;
  readonly message: string;
  /** The bytes are damaged, rather than that they could not be written. */
  readonly isDamage: boolean;
}

export interface UnitMeans {
  readonly zstd: Zstd;
  readonly opener: (key: Uint8Array) => Opener;
  readonly identify: (bytes: Uint8Array) => Uint8Array;
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const WRITE = constants.O_WRONLY | constants.O_NOFOLLOW;
const NEW_FILE_MODE = 0o600;

/** Writes the chunks of a unit; what fails is told for each file. */
export function writeUnit(unit: Unit, means: UnitMeans): UnitFailure[] {
  const failures: UnitFailure[] = [];
  const segments: OpenSegments = new Map();
  const open = means.opener(unit.key);
  for (const stretch of unit.stretches) {
    attempt(everyDestination(unit), failures, () => openStretch(stretch, open, segments));
  }
  // Files that failed above are reported once: without their segments nothing is written.
  if (failures.length > 0) return failures;
  for (const frame of unit.frames) {
    const [{ place }] = frame;
    const name = `the frame at ${place.offset} of tape ${place.tape} of run ${place.run}`;
    const limit = Math.max(...frame.map((chunk) => frameLimit(chunk.place)));
    attempt(
      frame.flatMap(({ destinations }) => destinations),
      failures,
      () => {
        const bytes = frameOf(segments, place, unit.segmentSize);
        const content = means.zstd.decompress(name, bytes, limit);
        for (const chunk of frame) {
          const data = chunkOf(name, content, chunk.place);
          attempt(chunk.destinations, failures, () => writeChunk(chunk, data, means, failures));
        }
      },
    );
  }
  return failures;
}

function writeChunk(
  chunk: WantedChunk,
  data: Uint8Array,
  { identify }: UnitMeans,
  failures: UnitFailure[],
): void {
  verifyChunk(chunk.id, data, identify);
  for (const destination of chunk.destinations) {
    attempt([destination], failures, () => writeTo(destination, data));
  }
}

function writeTo({ path, at, whole }: Destination, data: Uint8Array): void {
  const descriptor = openSync(systemPath(path), whole ? CREATE : WRITE, NEW_FILE_MODE);
  try {
    for (let done = 0; done < data.length; ) {
      done += writeSync(descriptor, data, done, data.length - done, at + done);
    }
    if (whole) applyToFile(descriptor, whole);
  } finally {
    closeSync(descriptor);
  }
}

function everyDestination({ frames }: Unit): Destination[] {
  return frames.flat().flatMap(({ destinations }) => destinations);
}

/** Runs a step; a failure is told for each file that it was for. */
function attempt(
  destinations: readonly Destination[],
  failures: UnitFailure[],
  step: () => void,
): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isDamage = error instanceof VarveError;
    for (const { file } of destinations) failures.push({ file, message: error.message, isDamage });
  }
}
