/**
 * How long chunks are. The sizes belong to the settings of a repository: with
 * others, the same bytes are cut elsewhere.
 */
import { UsageError } from "../errors.ts";

/** Bytes. Only the last chunk of a stream may be shorter than `min`. */
export interface ChunkSizes {
  readonly min: number;
  /** A power of two. Random data give chunks 1.15 times as long. */
  readonly average: number;
  readonly max: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** The 32 bytes before a cut decide about it: they have to lie in the chunk, with room to spare. */
const LEAST_MIN = 64;
const LARGEST_AVERAGE = 64 * MIB;

/**
 * The sizes around an average: a quarter of it at least, four times at most.
 *
 * @param average - bytes.
 * @throws {@link UsageError} if it is no power of two from 256 bytes to 64 MiB.
 */
export function sizesAround(average: number): ChunkSizes {
  const sizes = { min: average / 4, average, max: average * 4 };
  if (!areSound(sizes)) {
    throw new UsageError(
      `chunks cannot be ${average} bytes on average: choose a power of two from 256 to ${LARGEST_AVERAGE}`,
    );
  }
  return sizes;
}

/** Of files' content. @param average - what the repository's settings say. */
export function contentSizes(average: number): ChunkSizes {
  return sizesAround(average);
}

/** Of trees and content lists: a sixteenth, so that an edited name costs little. */
export function treeSizes(average: number): ChunkSizes {
  return sizesAround(average / 16);
}

/** Whether the scan can work with these sizes. */
export function areSound({ min, average, max }: ChunkSizes): boolean {
  return (
    Number.isInteger(min) &&
    Number.isInteger(Math.log2(average)) &&
    Number.isInteger(max) &&
    LEAST_MIN <= min &&
    min < average &&
    average < max &&
    average <= LARGEST_AVERAGE &&
    max <= 4 * LARGEST_AVERAGE
  );
}
