/** Caches in scratch directories, and a repository's packs to fill them with. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CacheIdentity } from "../../src/cache/cache.ts";
import type { RunName } from "../../src/format/names.ts";
import { packName, runName } from "../../src/format/names.ts";
import type { ChunkId, FrameEntry, PackTable } from "../../src/format/table.ts";
import { SEGMENT_HASH_BYTES } from "../../src/format/table.ts";

export const SEGMENT = 64;
export const IDENTITY: CacheIdentity = {
  repository: "repository-1",
  host: "ada",
  segmentSize: SEGMENT,
};
export const RUN: RunName = testRun(1);

const made: string[] = [];

process.once("exit", () => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

export function cacheDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "varve-test-cache-"));
  made.push(path);
  return path;
}

export function testRun(sequence: number): RunName {
  return runName("ada", sequence, new Uint8Array(8));
}

/** The id of chunk `n`, as bytes. */
export function idBytes(n: number): Buffer {
  return createHash("sha256").update(`chunk ${n}`).digest();
}

export function chunkId(n: number): ChunkId {
  return idBytes(n).toString("base64") as ChunkId;
}

/** Hashes of `count` segments of a tape from `first` on, each its own. */
export function segmentHashes(run: RunName, tape: number, first: number, count: number): Buffer {
  const each = Array.from({ length: count }, (_, index) =>
    createHash("md5")
      .update(`${run} ${tape} ${first + index}`)
      .digest(),
  );
  return Buffer.concat(each, count * SEGMENT_HASH_BYTES);
}

/** A frame of one chunk that lies in segment `n` of its tape alone. */
export function frameIn(n: number): FrameEntry {
  return { offset: n * SEGMENT, length: SEGMENT, chunks: [{ id: chunkId(n), size: 100 }] };
}

/** Pack `n`: segments `[first, first + count)` of a run's tape 0, a chunk of its own in each. */
export function packOf(n: number, first: number, count: number, run: RunName = RUN): PackTable {
  const hashes = segmentHashes(run, 0, first, count);
  const frames = Array.from({ length: count }, (_, index) => frameIn(first + index));
  const segments = [{ first, sealedSize: 80, hashes }];
  return { pack: packName(run, n), parts: [{ run, tape: 0, segments, frames }] };
}
