/**
 * A document: JSON lines as they are stored. Padding up to a power of two,
 * one zstd frame, sealed as one OpenPGP packet, exactly as a segment is, so
 * that gpg and zstd read both alike. The padding stands in front: zstd frames
 * do not say how long they are.
 */
import type { Zstd } from "../compression/zstd.ts";
import type { Opener, Sealer } from "../seal/packet.ts";
import { fillSkippable, paddedSize, skipPadding } from "./padding.ts";

/** No document is shorter, so that few lines and no lines look the same. */
export const LEAST_DOCUMENT_BYTES = 1024;
/** Documents are small and written once: worth a closer look than chunks are. */
const LEVEL = 6;

/** Turns JSON lines into what is stored. */
export function sealDocument(lines: Uint8Array, zstd: Zstd, sealer: Sealer): Uint8Array {
  const frame = zstd.compress(lines, LEVEL);
  const plain = new Uint8Array(paddedSize(frame.length, LEAST_DOCUMENT_BYTES));
  const padding = plain.length - frame.length;
  fillSkippable(plain.subarray(0, padding));
  plain.set(frame, padding);
  const sealed = new Uint8Array(sealer.sealedSize(plain.length));
  sealer.seal(plain, sealed);
  return sealed;
}

/** How the readers of documents open them. */
export interface DocumentKeys {
  readonly zstd: Zstd;
  readonly opener: Opener;
}

/**
 * The inverse of {@link sealDocument}.
 *
 * @param limit - the most bytes of lines that the caller is ready to hold.
 * @throws {@link CorruptError} in `name` if it is damaged, sealed with another key, or longer.
 */
export function openDocument(
  name: string,
  bytes: Uint8Array,
  { zstd, opener }: DocumentKeys,
  limit: number,
): Uint8Array {
  return zstd.decompress(name, skipPadding(name, opener.open(name, bytes)), limit);
}
