/**
 * A repository as restore sees it, laid out by hand: one tape of one run, in
 * packs of a few segments, and an index that can be made to lie.
 */
import type { Cache } from "../../src/cache/cache.ts";
import type { Stretch } from "../../src/cache/segments.ts";
import { loadZstd } from "../../src/compression/zstd.ts";
import { loadDigests } from "../../src/digest/digest.ts";
import type { Metadata } from "../../src/disk/stats.ts";
import { systemRandom } from "../../src/flow.ts";
import type { Content, ContentChunk } from "../../src/format/content.ts";
import { EMPTY_CONTENT } from "../../src/format/content.ts";
import { encodeBase64 } from "../../src/format/fields.ts";
import { encodeLines } from "../../src/format/lines.ts";
import type { RunName } from "../../src/format/names.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { PacketKey } from "../../src/format/secret.ts";
import type { ChunkId, Place } from "../../src/format/table.ts";
import type { DirectoryEntry, Entry, FileEntry, SymlinkEntry } from "../../src/format/tree.ts";
import { encodeEntry } from "../../src/format/tree.ts";
import { segmentHash } from "../../src/pack/segment.ts";
import type { Repository } from "../../src/repository/repository.ts";
import type { ReadingMeans } from "../../src/restore/chunk-source.ts";
import { openPgp } from "../../src/seal/sealing.ts";
import { MemoryTarget } from "../../src/target/memory.ts";

export const SEGMENT_BYTES = 4096;
export const CHUNK_KEY: Uint8Array = new Uint8Array(32).fill(3);
const SESSION_KEY: PacketKey = { packets: 2, key: new Uint8Array(32).fill(5) };
const SEGMENTS_A_PACK = 4;
const RUN = "h/000000000001-0000000000000001" as RunName;

const zstd = await loadZstd();
const digests = await loadDigests(CHUNK_KEY, "fastest");
const { sealer, opener } = openPgp(systemRandom);

/** Metadata that a restore by anybody can set. */
export const COMMON: Metadata = {
  mode: 0o644,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  mtime: 1_600_000_000_123_456_000n,
};

export class Shelf {
  /** Where chunks lie; tests change it. */
  readonly places: Map<ChunkId, Place> = new Map();
  /** Where segments lie, after {@link close}; tests change it. */
  readonly stretches: Stretch[] = [];
  readonly packs: Map<string, Uint8Array> = new Map();
  #tape: Uint8Array = new Uint8Array(0);

  /** Lays chunks in one frame. */
  frame(...pieces: readonly Uint8Array[]): ContentChunk[] {
    const frame = zstd.compress(Buffer.concat(pieces), 1);
    const place = { run: RUN, tape: 0, offset: this.#tape.length, length: frame.length };
    this.#tape = Buffer.concat([this.#tape, frame]);
    let within = 0;
    return pieces.map((piece) => {
      const id = encodeBase64(digests.chunkId(piece)) as ChunkId;
      if (!this.places.has(id)) this.places.set(id, { ...place, within, size: piece.length });
      within += piece.length;
      return { id, size: piece.length };
    });
  }

  /** Lays a content, each piece a frame of its own. */
  content(...pieces: readonly Uint8Array[]): Content {
    const chunks = pieces.flatMap((piece) => this.frame(piece));
    return { ...EMPTY_CONTENT, size: Buffer.concat(pieces).length, chunks };
  }

  file(name: string, ...pieces: readonly Uint8Array[]): FileEntry {
    return { ...COMMON, type: "file", name: rawFromText(name), content: this.content(...pieces) };
  }

  /** Lays a directory; the entries are taken as they come. */
  directory(name: string, ...entries: readonly Entry[]): DirectoryEntry {
    const lines = encodeLines(entries.map(encodeEntry));
    const content = lines.length === 0 ? EMPTY_CONTENT : this.content(lines);
    return { ...COMMON, mode: 0o755, type: "directory", name: rawFromText(name), content };
  }

  /** Seals the tape into packs. */
  close(): this {
    const seal = sealer(SESSION_KEY);
    const plain: Uint8Array[] = [];
    for (let at = 0; at < this.#tape.length; at += SEGMENT_BYTES) {
      plain.push(this.#tape.subarray(at, at + SEGMENT_BYTES));
    }
    // The last one is padded, so that all have one size.
    const sealed = plain.map((bytes) => {
      const whole = new Uint8Array(SEGMENT_BYTES);
      whole.set(bytes);
      const packet = new Uint8Array(seal.sealedSize(whole.length));
      seal.seal(whole, packet);
      return packet;
    });
    for (let first = 0; first < sealed.length; first += SEGMENTS_A_PACK) {
      const segments = sealed.slice(first, first + SEGMENTS_A_PACK);
      const pack = `packs/${RUN}/${first / SEGMENTS_A_PACK}`;
      this.packs.set(pack, Buffer.concat(segments));
      const hashes = Buffer.concat(segments.map(segmentHash));
      const sealedSize = segments[0]?.length ?? 0;
      this.stretches.push({ pack, first, count: segments.length, offset: 0, sealedSize, hashes });
    }
    return this;
  }

  /** What reads it. Only after {@link close}. */
  async means(): Promise<ReadingMeans & { readonly target: MemoryTarget }> {
    const target = new MemoryTarget();
    for (const [name, bytes] of this.packs) await target.create(name, bytes);
    const settings = { sizes: { segment: SEGMENT_BYTES } };
    const segments = {
      holds: (_run: string, _tape: number, first: number, last: number) =>
        count(this.#located(first, last)) === last - first + 1,
      locate: (_run: string, _tape: number, first: number, last: number) =>
        this.#located(first, last),
    };
    const chunks = {
      locate: (id: Uint8Array) => this.places.get(encodeBase64(id) as ChunkId),
    };
    return {
      target,
      repository: { target, settings } as unknown as Repository,
      cache: { chunks, segments } as unknown as Pick<Cache, "chunks" | "segments">,
      keys: { key: async () => SESSION_KEY },
      zstd,
      identify: digests.chunkId,
      opener,
    };
  }

  #located(first: number, last: number): Stretch[] {
    return this.stretches.flatMap((stretch) => {
      const from = Math.max(first, stretch.first);
      const to = Math.min(last + 1, stretch.first + stretch.count);
      if (from >= to) return [];
      const skipped = from - stretch.first;
      const offset = stretch.offset + skipped * stretch.sealedSize;
      const hashes = stretch.hashes.subarray(16 * skipped, 16 * (to - stretch.first));
      return [{ ...stretch, first: from, count: to - from, offset, hashes }];
    });
  }
}

export function symlink(name: string, target: string): SymlinkEntry {
  return { ...COMMON, type: "symlink", name: rawFromText(name), target: rawFromText(target) };
}

function count(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, stretch) => sum + stretch.count, 0);
}
