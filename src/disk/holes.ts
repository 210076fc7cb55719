/**
 * Holes: stretches of a file that were never written, read as zeros, and take
 * no room. They are found by SEEK_DATA and SEEK_HOLE (lseek(2)).
 */
import type { Holes } from "../format/holes.ts";
import { MAX_HOLES } from "../format/holes.ts";
import { libc } from "./libc.ts";

const BLOCK_BYTES = 512n;

/**
 * The holes of an open file. Where it has more than a list may have, the others count as data.
 *
 * @param stats - as fstat has just seen it: a file whose blocks fill it is not looked at further.
 * @throws the system's error.
 */
export function holesOf(
  descriptor: number,
  { size, blocks }: { readonly size: bigint; readonly blocks: bigint },
): Holes {
  const system = libc();
  if (system === undefined || blocks * BLOCK_BYTES >= size) return [];
  const end = Number(size);
  const holes: [number, number][] = [];
  for (let at = 0; at < end && holes.length < MAX_HOLES; ) {
    const from = system.seek(descriptor, at, "hole") ?? end;
    // Behind the last byte every file has one.
    if (from >= end) break;
    at = Math.min(system.seek(descriptor, from, "data") ?? end, end);
    if (at > from) holes.push([from, at - from]);
  }
  return holes;
}
