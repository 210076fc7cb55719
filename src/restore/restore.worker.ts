/** Writes units on a thread of its own. */
import { loadZstd } from "../compression/zstd.ts";
import type { DigestEngine } from "../digest/digest.ts";
import { loadDigests } from "../digest/digest.ts";
import { systemRandom } from "../flow.ts";
import { openPgp } from "../seal/sealing.ts";
import { serve } from "../threads.ts";
import type { Unit, UnitOutcome } from "./unit.ts";
import { writeUnit } from "./unit.ts";

/** What a worker begins with. */
export interface RestorePlan {
  /** The key of chunk ids. */
  readonly chunkIdKey: Uint8Array;
  readonly engine: DigestEngine;
}

await serve<RestorePlan, Unit, UnitOutcome>(async ({ chunkIdKey, engine }, { reply }) => {
  const zstd = await loadZstd();
  const { chunkId } = await loadDigests(chunkIdKey, engine);
  const { opener } = openPgp(systemRandom);
  return (unit) => reply(writeUnit(unit, { zstd, opener, identify: chunkId }));
});
