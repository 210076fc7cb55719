/**
 * Segments: a tape cut every so many bytes, whatever the data, each piece
 * sealed by itself. Only a tape's last segment is shorter. That hides how long
 * chunks are, and lets gc copy a segment that it cannot open.
 */
import { createHash } from "node:crypto";
import { CorruptError } from "../errors.ts";
import { SEGMENT_HASH_BYTES } from "../format/table.ts";
import type { Opener } from "../seal/packet.ts";

/** A tape's last segment is padded to a power of two, and to no less. */
export const LEAST_SEGMENT_BYTES = 4096;

/** What a table keeps of a sealed segment: the first bytes of its SHA-256. */
export function segmentHash(sealed: Uint8Array): Uint8Array {
  return createHash("sha256").update(sealed).digest().subarray(0, SEGMENT_HASH_BYTES);
}

/**
 * Checks a sealed segment against its hash, before anything else looks at it, and opens it.
 *
 * @param name - the segment, for error messages.
 * @throws {@link CorruptError} if it is not what was stored.
 */
export function openSegment(
  name: string,
  sealed: Uint8Array,
  hash: Uint8Array,
  opener: Opener,
): Uint8Array {
  if (Buffer.compare(segmentHash(sealed), hash) !== 0) {
    throw new CorruptError(name, "its bytes are not the ones that were stored");
  }
  return opener.open(name, sealed);
}
