/**
 * What says that a file has not changed: size, times in nanoseconds, inode,
 * device. As good as the file system's clock: see {@link unseenFor}.
 */
import type { BigIntStats } from "node:fs";

const FIELD_BYTES = 8;
const IDENTITY_AT = 3 * FIELD_BYTES;
const NANOSECONDS_A_MILLISECOND = 1_000_000;
const NANOSECONDS_A_SECOND = 1_000_000_000n;
/** Linux takes times from its clock's last tick, which is up to 10 ms ago; and two for good measure. */
export const TICK_MS = 20;
/** A file system that keeps whole seconds, or every other. */
const COARSE_TICK_MS = 2000;

/** One character a byte. */
export function signatureOf({ size, mtimeNs, ctimeNs, ino, dev }: BigIntStats): string {
  const fields = Buffer.allocUnsafe(5 * FIELD_BYTES);
  for (const [at, field] of [size, mtimeNs, ctimeNs, ino, dev].entries()) {
    fields.writeBigInt64LE(BigInt.asIntN(64, field), at * FIELD_BYTES);
  }
  return fields.toString("latin1");
}

/** The part that says which file it is, whatever is in it. */
export function identityOf(signature: string): string {
  return signature.slice(IDENTITY_AT);
}

/**
 * How long a file could change, keep its size, and still look the same: its
 * last change is so recent that the next one may get the same time. Git calls
 * that racy. In milliseconds; 0 for most files.
 *
 * @param now - this machine's clock, from before the file was looked at. A file server's clock
 * that is behind by more than a tick defeats this; one that is ahead costs another reading.
 */
export function unseenFor({ ctimeNs }: Pick<BigIntStats, "ctimeNs">, now: number): number {
  const tick = ctimeNs % NANOSECONDS_A_SECOND === 0n ? COARSE_TICK_MS : TICK_MS;
  return Math.max(0, Math.ceil(Number(ctimeNs) / NANOSECONDS_A_MILLISECOND) + tick - now);
}
