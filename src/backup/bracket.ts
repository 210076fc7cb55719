/**
 * The bracket of the pipe: cut, identify, claim, compress, tape, seal, put
 * together for one tape. Each worker thread has one, and the main thread has
 * one for trees; with no workers at all the main thread has both.
 */
import type { Chunker } from "../chunker/chunker.ts";
import { createChunker } from "../chunker/chunker.ts";
import type { ChunkSizes } from "../chunker/sizes.ts";
import type { Level, Zstd } from "../compression/zstd.ts";
import type { DigestEngine, Digests } from "../digest/digest.ts";
import { loadDigests } from "../digest/digest.ts";
import type { RunName } from "../format/names.ts";
import { packName } from "../format/names.ts";
import type { PacketKey } from "../format/secret.ts";
import type { Sizes } from "../format/settings.ts";
import { sealDocument } from "../pack/document.ts";
import { FrameWriter } from "../pack/frame.ts";
import type { Packing } from "../pack/pack.ts";
import { PackWriter, packBufferSize } from "../pack/pack.ts";
import { TapeWriter } from "../pack/tape.ts";
import { Claims } from "../repository/claims.ts";
import type { DerivedKeys } from "../repository/derived-keys.ts";
import { indexKey } from "../repository/derived-keys.ts";
import type { Sealing } from "../seal/sealing.ts";
import type { KnownChunks } from "./chunk-writer.ts";
import { ChunkWriter } from "./chunk-writer.ts";

/** What a bracket is for: numbers, strings and bytes, so that it can cross to a thread. */
export interface BracketPlan {
  readonly run: RunName;
  readonly tape: number;
  readonly sizes: Sizes;
  readonly keys: DerivedKeys;
  readonly sessionKey: PacketKey;
  /** zstd's. */
  readonly level: Level;
  readonly engine: DigestEngine;
  /** What {@link Claims} share. */
  readonly claims: SharedArrayBuffer;
}

/** What a bracket works with. */
export interface BracketMeans {
  readonly zstd: Zstd;
  readonly sealing: Sealing;
  readonly known: KnownChunks;
}

export interface Bracket {
  readonly chunker: Chunker;
  readonly digests: Digests;
  readonly chunks: ChunkWriter;
  /** Sees to it that all that was put is in a pack; the tape goes on. */
  flush(): Packing<void>;
  /** Lays what waits to share a frame, ends the tape and closes the last pack. */
  finish(): Packing<void>;
}

/** How much of a file is read at once: a window holds several of the largest chunks. */
const WINDOW_CHUNKS = 2;

/** Makes a bracket ready on this thread. */
export async function openBracket(
  plan: BracketPlan,
  chunkSizes: ChunkSizes,
  { zstd, sealing, known }: BracketMeans,
): Promise<Bracket> {
  const claims = new Claims(plan.claims);
  const indexSealer = sealing.sealer(indexKey(plan.keys, plan.sessionKey.packets));
  const { run, tape, sizes } = plan;
  const pack = new PackWriter(
    {
      run,
      tape,
      packSize: sizes.pack,
      sealer: sealing.sealer(plan.sessionKey),
      sealTable: (lines) => sealDocument(lines, zstd, indexSealer),
      nextPack: () => packName(run, claims.nextPack()),
    },
    new Uint8Array(packBufferSize(sizes.pack)),
  );
  const tapeWriter = new TapeWriter(pack, sizes.segment);
  const frames = new FrameWriter(tapeWriter, zstd, plan.level);
  const digests = await loadDigests(plan.keys.chunkId, plan.engine);
  return {
    chunker: createChunker(plan.keys.gear, chunkSizes, WINDOW_CHUNKS * chunkSizes.max),
    digests,
    chunks: new ChunkWriter(
      digests.chunkId,
      { claims, known },
      { run, tape, segmentSize: sizes.segment, frames },
    ),
    *flush() {
      yield* frames.flush();
      yield* tapeWriter.flush();
    },
    *finish() {
      yield* frames.flush();
      yield* tapeWriter.finish();
    },
  };
}
