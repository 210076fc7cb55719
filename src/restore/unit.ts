/**
 * A unit of restore: neighbouring frames of one tape, and where the chunks in
 * them go. Opens, decompresses, verifies and writes; synchronous, on whatever
 * thread. Nothing is written that was not verified, and no file has its own
 * name before it is complete.
 */
import { closeSync, constants, openSync, rmSync, writeSync } from "node:fs";
import type { Zstd } from "../compression/zstd.ts";
import type { Metadata } from "../disk/metadata.ts";
import { applyToFile } from "../disk/metadata.ts";
import { systemPath } from "../disk/path.ts";
import type { Refusal } from "../disk/xattrs.ts";
import { AccessError, CorruptError, UnavailableError, UsageError, VarveError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { PacketKey } from "../format/secret.ts";
import type { ChunkId, Place } from "../format/table.ts";
import { chunkOf, frameLimit } from "../pack/frame.ts";
import type { Opener } from "../seal/packet.ts";
import { fileFailure, systemCode } from "../target/file-failure.ts";
import { verifyChunk } from "./chunk-source.ts";
import type { FetchedStretch } from "./fetch.ts";
import type { Placed } from "./layout.ts";
import { piecesOf } from "./layout.ts";
import type { OpenTape, Segment } from "./open-segments.ts";
import { frameName, frameOf, segmentsOf } from "./open-segments.ts";
import type { Clash } from "./settle.ts";
import { settle } from "./settle.ts";

/** Where a chunk goes. */
export interface Destination extends Placed {
  /** The number of the file in its batch. */
  readonly file: number;
  /** What is written to: it has another name until it is complete. */
  readonly path: RawName;
  /** The file's own name as people know it. */
  readonly shown: RawName;
  /** The chunk is all of the file, which is made with it; else the file is there. */
  readonly whole?: WholeFile;
}

/** What completes a file. */
export interface WholeFile {
  /** The file's own name. */
  readonly path: RawName;
  readonly metadata: Metadata;
  readonly clash: Clash;
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
  readonly key: PacketKey;
}

/** What went wrong, in a form that goes from thread to thread. */
export interface Failure {
  /**
   * The stored bytes are damaged; something is in the way; the file may not be written; it cannot
   * be; nothing can be written any more.
   */
  readonly kind: "corrupt" | "usage" | "access" | "unavailable" | "full";
  readonly message: string;
}

export interface UnitFailure extends Failure {
  readonly file: number;
}

/** Metadata of a file that the system refused; its content is there. */
export interface UnitRefusal {
  readonly file: number;
  readonly refusals: readonly Refusal[];
}

/** What was not as it should be. */
export interface UnitOutcome {
  readonly failures: UnitFailure[];
  readonly refused: UnitRefusal[];
}

export interface UnitMeans {
  readonly zstd: Zstd;
  readonly opener: (key: PacketKey) => Opener;
  readonly identify: (bytes: Uint8Array) => Uint8Array;
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const WRITE = constants.O_WRONLY | constants.O_NOFOLLOW;
const NEW_FILE_MODE = 0o600;
/** The file system takes nothing more, of whatever file. */
const FULL = ["ENOSPC", "EDQUOT", "EROFS"];

/** Writes the chunks of a unit; what fails is told for each file that it fails for. */
export function writeUnit(unit: Unit, means: UnitMeans): UnitOutcome {
  const outcome: UnitOutcome = { failures: [], refused: [] };
  const segments = new Map<number, Segment>();
  for (const stretch of unit.stretches) {
    for (const [number, segment] of segmentsOf(stretch)) segments.set(number, segment);
  }
  const tape: OpenTape = {
    segmentSize: unit.segmentSize,
    opener: means.opener(unit.key),
    segment: (number) => segments.get(number),
  };
  for (const frame of unit.frames) {
    attempt(destinationsOf(frame), outcome, () => writeFrame(frame, tape, means, outcome));
    // Frames come in order: what lies before is not needed again, and holds memory.
    const first = Math.floor(frame[0].place.offset / unit.segmentSize);
    for (const number of segments.keys()) {
      if (number >= first) break;
      segments.delete(number);
    }
  }
  return outcome;
}

/** Where the chunks of a frame go. */
export function destinationsOf(frame: WantedFrame): Destination[] {
  return frame.flatMap(({ destinations }) => destinations);
}

/** @throws what it is, if it is a fault of varve's own. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof VarveError)) throw error;
  const { message } = error;
  if (FULL.includes(systemCode(error.cause) ?? "")) return { kind: "full", message };
  if (error instanceof CorruptError) return { kind: "corrupt", message };
  if (error instanceof UsageError) return { kind: "usage", message };
  return { kind: error instanceof AccessError ? "access" : "unavailable", message };
}

/** The inverse of {@link failureOf}; a file that is damaged is named. */
export function errorOf(path: RawName, failure: Failure | undefined): Error {
  const { kind, message } = failure ?? { kind: "unavailable", message: "" };
  switch (kind) {
    case "corrupt":
      return new CorruptError(`the file "${displayName(path)}"`, message);
    case "usage":
      return new UsageError(message);
    case "access":
      return new AccessError(message);
    default:
      return new UnavailableError(message);
  }
}

function writeFrame(
  frame: WantedFrame,
  tape: OpenTape,
  means: UnitMeans,
  outcome: UnitOutcome,
): void {
  const [{ place }] = frame;
  const name = frameName(place);
  const limit = Math.max(...frame.map((chunk) => frameLimit(chunk.place)));
  const content = means.zstd.decompress(name, frameOf(tape, place), limit);
  for (const { id, place, destinations } of frame) {
    attempt(destinations, outcome, () => {
      const data = chunkOf(name, content, place);
      verifyChunk(id, data, means.identify);
      for (const destination of destinations) {
        attempt([destination], outcome, () => {
          const refusals = writeTo(destination, data);
          const { file } = destination;
          if (refusals.length > 0) outcome.refused.push({ file, refusals });
        });
      }
    });
  }
}

function writeTo(destination: Destination, data: Uint8Array): Refusal[] {
  const { path, shown, whole } = destination;
  try {
    const descriptor = openSync(systemPath(path), whole ? CREATE : WRITE, NEW_FILE_MODE);
    let refusals: Refusal[] = [];
    try {
      for (const { within, length, at } of piecesOf(destination, data.length)) {
        writeAll(descriptor, data.subarray(within, within + length), at);
      }
      if (whole) refusals = applyToFile(descriptor, whole.metadata);
    } finally {
      closeSync(descriptor);
    }
    if (whole) settle(path, whole.path, { clash: whole.clash, shown });
    return refusals;
  } catch (error) {
    if (whole) rmSync(systemPath(path), { force: true });
    throw fileFailure(error, `write ${displayName(shown)}`);
  }
}

function writeAll(descriptor: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, at + done);
  }
}

/** Runs a step; a failure is told for each file that it was for. */
function attempt(
  destinations: readonly Destination[],
  { failures }: UnitOutcome,
  step: () => void,
): void {
  try {
    step();
  } catch (error) {
    const failure = failureOf(error);
    for (const { file } of destinations) failures.push({ file, ...failure });
  }
}
