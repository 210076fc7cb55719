/**
 * What lies in the repository's packs, as this cache knows it: the only way
 * for chunks and segments to be entered, and to be removed.
 *
 * The invariant: a chunk is known only while every segment of its frame is in
 * a known pack. A frame may begin in one pack and end in the next, so the packs
 * of a tape are added in tape order; a chunk whose frame lacks a segment is not
 * entered, and will be stored again where a file holds it.
 *
 * A chunk that is known keeps its place.
 */
import { randomUUID } from "node:crypto";
import { UnavailableError } from "../errors.ts";
import { decodeLines } from "../format/lines.ts";
import type { PackTable } from "../format/table.ts";
import { decodeTables, encodeTable } from "../format/table.ts";
import type { PlacedGroup } from "./batch.ts";
import { Batch } from "./batch.ts";
import { decodeExtent } from "./codec.ts";
import type { Environment } from "./environment.ts";
import type { NumberSet } from "./holdings.ts";
import type { RunNumbers } from "./runs.ts";
import type { PackedSpan, SegmentTable } from "./segments.ts";
import type { Table } from "./table.ts";
import { FIRST_KEY } from "./table.ts";

/**
 * Chunks entered in one transaction. They take 14 MB, and each may touch a page of 4 KiB of its
 * own: LMDB holds up to 512 MB of those. With 100,000 the fourth million took twice as long.
 */
const BATCH_CHUNKS = 250_000;
/** Packs entered in one transaction: their hashes are 4 KB each, at 64 KiB a segment. */
const BATCH_PACKS = 4096;
const REMOVED_AT_ONCE = 10_000;
const NOTHING = new Uint8Array(0);
/** States' own names have no spaces. */
const BEGINNING_KEY = Buffer.from(" beginning");

/** An index object's name and what it lists. */
export interface IndexContents {
  readonly name: string;
  readonly tables: Iterable<PackTable>;
}

export class PackIndex {
  readonly #environment: Environment;
  readonly #segmentSize: number;
  readonly #runs: RunNumbers;
  readonly #segments: SegmentTable;
  readonly #chunks: Table;
  readonly #unindexed: Table;
  readonly #indexes: Table;
  readonly #state: Table;
  /** Which beginning of the cache this process has open. */
  #beginning: string;

  /** @param segmentSize - bytes of a tape in one segment. */
  constructor(
    environment: Environment,
    segmentSize: number,
    { runs, segments }: { runs: RunNumbers; segments: SegmentTable },
  ) {
    this.#environment = environment;
    this.#segmentSize = segmentSize;
    this.#runs = runs;
    this.#segments = segments;
    this.#chunks = environment.table("chunks");
    this.#unindexed = environment.table("unindexed");
    this.#indexes = environment.table("indexes");
    this.#state = environment.table("state");
    this.#beginning = beginningOf(this.#state);
  }

  /**
   * Enters a pack that this host has just stored, and that no index object
   * lists yet. When it returns, every thread finds its chunks.
   *
   * @throws {@link UnavailableError} if it cannot be written; then nothing of it is.
   */
  add(table: PackTable): void {
    const batch = new Batch();
    this.#collect(batch, table);
    this.#write(() => {
      this.#enter(batch);
      this.#unindexed.put(Buffer.from(table.pack), encodeTable(table));
    });
  }

  /** Packs that were added and that no index object lists, oldest run first, in order. */
  *unindexed(): Generator<PackTable> {
    for (const [pack, bytes] of this.#unindexed.entries({ start: FIRST_KEY })) {
      yield* decodeTables(decodeLines(`the cache's table of ${pack.toString()}`, bytes));
    }
  }

  /**
   * Records an index object that this host has just written, of packs that were added before.
   *
   * @throws {@link UnavailableError} if it cannot be written; then they count as unlisted still.
   */
  listed(name: string, packs: Iterable<string>): void {
    this.#environment.write(() => {
      for (const pack of packs) this.#unindexed.remove(Buffer.from(pack));
      this.#indexes.put(Buffer.from(name), NOTHING);
    });
  }

  /**
   * Enters what index objects list, those of a run in order. Each name is
   * recorded with or after all that its object lists.
   *
   * @throws {@link UnavailableError} if it cannot be written. What was entered until then stays.
   */
  async addIndexes(indexes: AsyncIterable<IndexContents> | Iterable<IndexContents>): Promise<void> {
    try {
      await this.#addIndexes(indexes);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** The index objects that were entered, sorted by name. */
  *indexNames(): Generator<string> {
    for (const name of this.#indexes.keys({ start: FIRST_KEY })) yield name.toString();
  }

  /**
   * Forgets packs that are gone or condemned, and every chunk that needs one of
   * their segments. Reads all that is known: for once in a gc.
   *
   * @throws {@link UnavailableError} if it cannot be written. Nothing is then known that is gone
   * and was unknown before; remove them again.
   */
  remove(packs: Iterable<string>): void {
    const gone = new Set(packs);
    const groups = this.#segments.groupsOf(gone);
    const left = this.#leftOf(groups, gone);
    let ids: Buffer[] = [];
    const flush = () => {
      this.#write(() => {
        for (const id of ids) this.#chunks.remove(id);
      });
      ids = [];
    };
    for (const [id, value] of this.#chunks.entries({ start: FIRST_KEY })) {
      const extent = decodeExtent(value);
      const held = left.get(tapeKey(extent));
      if (held === undefined || held.has(...this.#segmentsOf(extent))) continue;
      ids.push(id);
      if (ids.length === REMOVED_AT_ONCE) flush();
    }
    flush();
    // Behind the chunks: cut off in between, it leaves segments without chunks, never the other way.
    this.#write(() => {
      for (const group of groups) this.#segments.remove(group);
      for (const pack of gone) this.#unindexed.remove(Buffer.from(pack));
    });
    this.#segments.forget();
  }

  async #addIndexes(
    indexes: AsyncIterable<IndexContents> | Iterable<IndexContents>,
  ): Promise<void> {
    let batch = new Batch();
    let names: string[] = [];
    const flush = () => {
      this.#environment.write(() => this.#enterIndexed(batch, names));
      batch = new Batch();
      names = [];
    };
    for await (const { name, tables } of indexes) {
      for (const table of tables) {
        this.#collect(batch, table);
        if (batch.size >= BATCH_CHUNKS || batch.packs.size >= BATCH_PACKS) flush();
      }
      names.push(name);
    }
    flush();
  }

  #collect(batch: Batch, table: PackTable): void {
    for (const { run, tape, stretch } of batch.addGroups(table)) {
      this.#segments.learn(run, tape, stretch);
    }
    for (const { run, tape, frames } of table.parts) {
      for (const frame of frames) {
        const [first, last] = this.#segmentsOf(frame);
        if (this.#segments.holds(run, tape, first, last)) batch.addFrame(run, tape, frame);
      }
    }
  }

  /** Within `Environment.write`: whoever has the cache open elsewhere enters no more. */
  beginAnew(): void {
    this.#beginning = randomUUID();
    this.#state.put(BEGINNING_KEY, Buffer.from(this.#beginning));
  }

  /**
   * @throws {@link UnavailableError} if another process has begun the cache anew: what this one
   * remembers of it, and would enter chunks by, is no longer there.
   */
  #enter(batch: Batch): void {
    if (beginningOf(this.#state) !== this.#beginning) {
      throw new UnavailableError(
        "the cache was begun anew while this run was under way, by another command: try again",
      );
    }
    for (const groups of batch.packs.values()) {
      for (const group of groups) this.#enterGroup(group);
    }
    for (const [id, place] of batch.chunks((run) => this.#runs.assign(run))) {
      this.#chunks.putNew(id, place);
    }
  }

  #enterIndexed(batch: Batch, names: readonly string[]): void {
    this.#enter(batch);
    for (const pack of batch.packs.keys()) this.#unindexed.remove(Buffer.from(pack));
    for (const name of names) this.#indexes.put(Buffer.from(name), NOTHING);
  }

  #enterGroup({ run, tape, stretch }: PlacedGroup): void {
    const { first, count } = stretch;
    this.#segments.put({ runNumber: this.#runs.assign(run), tape, first, count }, stretch);
  }

  /** What is left of the tapes of these groups without the packs that are gone. */
  #leftOf(groups: readonly PackedSpan[], gone: ReadonlySet<string>): Map<string, NumberSet> {
    const left = new Map<string, NumberSet>();
    for (const span of groups) {
      const key = tapeKey(span);
      if (left.has(key)) continue;
      left.set(key, this.#segments.heldWithout(span.runNumber, span.tape, gone));
    }
    return left;
  }

  #segmentsOf({ offset, length }: { offset: number; length: number }): [number, number] {
    const first = Math.floor(offset / this.#segmentSize);
    const last = Math.floor((offset + Math.max(length, 1) - 1) / this.#segmentSize);
    return [first, last];
  }

  #write(action: () => void): void {
    try {
      this.#environment.write(action);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Looks everything up anew: runs and segments may have learnt what is not on the disk. */
  forget(): void {
    this.#runs.forget();
    this.#segments.forget();
  }
}

function beginningOf(state: Table): string {
  return state.get(BEGINNING_KEY)?.toString() ?? "the first";
}

function tapeKey({ runNumber, tape }: { runNumber: number; tape: number }): string {
  return `${runNumber}/${tape}`;
}
