/** What a cache should know, in plain maps, and a writer of packs to feed both. */
import type { RunName } from "../../src/format/names.ts";
import { packName } from "../../src/format/names.ts";
import type { FrameEntry, PackTable, Place, TapePart } from "../../src/format/table.ts";
import { SEGMENT_HASH_BYTES } from "../../src/format/table.ts";
import { chunkId, SEGMENT, segmentHashes } from "./cache.ts";

/** Chunks are numbered below this. */
export const CHUNKS = 40;
const SEALED = 80;

/** What the cache should know: maps, and no thought of speed. */
export class Model {
  readonly places: Map<number, Place> = new Map();
  /** Where each segment lies, by `run/tape/number`. */
  readonly segments: Map<string, Map<string, number>> = new Map();
  readonly unindexed: Map<string, PackTable> = new Map();
  readonly indexes: Set<string> = new Set();

  add(table: PackTable): void {
    let offset = 0;
    for (const { run, tape, segments } of table.parts) {
      for (const { first, hashes } of segments) {
        for (let n = first; n < first + hashes.length / SEGMENT_HASH_BYTES; n += 1) {
          const key = `${run}/${tape}/${n}`;
          this.segments.set(key, (this.segments.get(key) ?? new Map()).set(table.pack, offset));
          offset += SEALED;
        }
      }
    }
    for (const part of table.parts) for (const frame of part.frames) this.#addFrame(part, frame);
  }

  #addFrame({ run, tape }: TapePart, { offset, length, chunks }: FrameEntry): void {
    let within = 0;
    for (const { id, size } of chunks) {
      const n = Array.from({ length: CHUNKS }, (_, n) => n).find((n) => chunkId(n) === id) ?? -1;
      const place = { run, tape, offset, length, within, size };
      if (this.holds(place) && !this.places.has(n)) this.places.set(n, place);
      within += size;
    }
  }

  remove(packs: readonly string[]): void {
    for (const homes of this.segments.values()) for (const pack of packs) homes.delete(pack);
    for (const pack of packs) this.unindexed.delete(pack);
    for (const [n, place] of this.places) if (!this.holds(place)) this.places.delete(n);
  }

  holds({ run, tape, offset, length }: Omit<Place, "within" | "size">): boolean {
    for (let n = Math.floor(offset / SEGMENT); n * SEGMENT < offset + length; n += 1) {
      if (!this.segments.get(`${run}/${tape}/${n}`)?.size) return false;
    }
    return true;
  }
}

/** Tapes that grow, and the packs cut from them. */
export class Writer {
  readonly tables: PackTable[] = [];
  readonly #tapes = new Map<string, { end: number; cut: number; waiting: FrameEntry[] }>();
  #packs = 0;

  /** Lays frames of `lengths` on each tape, then packs the segments that are full. */
  pack(run: RunName, laid: ReadonlyMap<number, readonly (readonly [number, number])[]>): PackTable {
    const parts = [...laid].map(([tape, frames]) => this.#part(run, tape, frames));
    this.#packs += 1;
    const table = { pack: packName(run, this.#packs), parts };
    this.tables.push(table);
    return table;
  }

  /** A pack that repeats segments of earlier ones, as gc writes them. */
  repack(from: PackTable, run: RunName): PackTable {
    const parts = from.parts.map((part) => ({ ...part, frames: [] })).reverse();
    this.#packs += 1;
    const table = { pack: packName(run, this.#packs), parts };
    this.tables.push(table);
    return table;
  }

  #part(run: RunName, tape: number, frames: readonly (readonly [number, number])[]): TapePart {
    const key = `${run}/${tape}`;
    const state = this.#tapes.get(key) ?? { end: 0, cut: 0, waiting: [] };
    this.#tapes.set(key, state);
    for (const [length, chunk] of frames) {
      const chunks = [chunk, (chunk + 1) % CHUNKS].map((n) => ({ id: chunkId(n), size: 10 + n }));
      state.waiting.push({ offset: state.end, length, chunks });
      state.end += length;
    }
    const first = state.cut;
    state.cut = Math.max(first + 1, Math.floor(state.end / SEGMENT));
    const ready = state.waiting.filter(
      ({ offset, length }) => offset + length <= state.cut * SEGMENT,
    );
    state.waiting = state.waiting.filter((frame) => !ready.includes(frame));
    const hashes = segmentHashes(run, tape, first, state.cut - first);
    return { run, tape, segments: [{ first, sealedSize: SEALED, hashes }], frames: ready };
  }
}
