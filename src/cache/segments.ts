/**
 * In which packs the segments of a tape lie.
 *
 * One record for each group of a pack's table. Groups of one tape may overlap
 * where gc has copied segments to another pack and the old one is still there.
 * Whether segments are known is asked once for each file of a tree, so the
 * answer comes from sets in memory, which are loaded once for each tape.
 */
import type { RunName } from "../format/names.ts";
import { SEGMENT_HASH_BYTES } from "../format/table.ts";
import type { Span } from "./codec.ts";
import { behindPrefix, decodeSpan, encodeSpan, SPAN_BYTES } from "./codec.ts";
import { NumberSet } from "./holdings.ts";
import type { RunNumbers } from "./runs.ts";
import type { Table } from "./table.ts";
import { FIRST_KEY } from "./table.ts";

/** Of a span: what all groups of one tape have in common. */
const TAPE_BYTES = 6;
const HEADER_BYTES = 10;

/** Segments of one tape that lie end to end in one pack. */
export interface Stretch {
  /** The pack's object name. */
  readonly pack: string;
  /** The number of the first segment. */
  readonly first: number;
  readonly count: number;
  /** Where the first one begins in the pack, in bytes. */
  readonly offset: number;
  /** Sealed bytes of each. */
  readonly sealedSize: number;
  /** `SEGMENT_HASH_BYTES` for each, end to end. */
  readonly hashes: Uint8Array;
}

/** A group of segments by its pack. */
export interface PackedSpan extends Span {
  readonly pack: string;
}

export class SegmentTable {
  readonly #table: Table;
  readonly #runs: RunNumbers;
  readonly #held = new Map<RunName, Map<number, NumberSet>>();

  constructor(table: Table, runs: RunNumbers) {
    this.#table = table;
    this.#runs = runs;
  }

  /** Whether every segment in `[first, last]` is in a known pack. */
  holds(run: RunName, tape: number, first: number, last: number): boolean {
    return this.#holdings(run, tape).has(first, last);
  }

  /**
   * Where segments `[first, last]` lie, in order, each once. What is in no known
   * pack is left out.
   */
  locate(run: RunName, tape: number, first: number, last: number): Stretch[] {
    const stretches: Stretch[] = [];
    const held = this.#holdings(run, tape);
    const runNumber = this.#runs.find(run);
    if (runNumber === undefined) return stretches;
    for (let at = held.next(first); at !== undefined && at <= last; ) {
      const stretch = this.#stretchFrom({ runNumber, tape, first: at, count: last + 1 - at });
      // Held, yet in no record: it has rotted since.
      if (stretch) stretches.push(stretch);
      at = held.next(stretch ? at + stretch.count : at + 1);
    }
    return stretches;
  }

  /** Enters a group; {@link learn} is told apart. Only within `Environment.write`. */
  put(span: Span, stretch: Stretch): void {
    const value = Buffer.allocUnsafe(HEADER_BYTES + stretch.hashes.length);
    value.writeUIntBE(stretch.offset, 0, 6);
    value.writeUInt32BE(stretch.sealedSize, 6);
    value.set(stretch.hashes, HEADER_BYTES);
    this.#table.put(segmentKey(span, stretch.pack), value);
  }

  /** The groups in these packs; reads all keys. */
  groupsOf(packs: ReadonlySet<string>): PackedSpan[] {
    const groups: PackedSpan[] = [];
    for (const key of this.#table.keys({ start: FIRST_KEY })) {
      const pack = packOf(key);
      if (packs.has(pack)) groups.push({ ...decodeSpan(key), pack });
    }
    return groups;
  }

  /** How many packs the groups lie in; reads all keys. */
  countPacks(): number {
    const packs = new Set<string>();
    for (const key of this.#table.keys({ start: FIRST_KEY })) packs.add(packOf(key));
    return packs.size;
  }

  /** Removes a group. {@link forget} must follow. Only within `Environment.write`. */
  remove(group: PackedSpan): void {
    this.#table.remove(segmentKey(group, group.pack));
  }

  /** From here on {@link holds} says yes to these, which are about to be entered. */
  learn(run: RunName, tape: number, group: Pick<Span, "first" | "count">): void {
    this.#holdings(run, tape).add(group.first, group.count);
  }

  /** Forgets what {@link learn} was told that was not committed, and what was removed. */
  forget(): void {
    this.#held.clear();
  }

  /** The segments of a tape in packs other than those in `without`. */
  heldWithout(runNumber: number, tape: number, without: ReadonlySet<string>): NumberSet {
    const set = new NumberSet();
    const start = encodeSpan({ runNumber, tape, first: 0, count: 0 }).subarray(0, TAPE_BYTES);
    const end = behindPrefix(start);
    for (const [key] of this.#table.entries({ start, end })) {
      const { first, count } = decodeSpan(key);
      if (!without.has(packOf(key))) set.add(first, count);
    }
    return set;
  }

  #holdings(run: RunName, tape: number): NumberSet {
    const tapes = this.#held.get(run) ?? new Map<number, NumberSet>();
    const known = tapes.get(tape);
    if (known !== undefined) return known;
    const number = this.#runs.find(run);
    const set = number === undefined ? new NumberSet() : this.heldWithout(number, tape, new Set());
    this.#held.set(run, tapes.set(tape, set));
    return set;
  }

  /** As much of `wanted`, from its first segment on, as lies in one pack. */
  #stretchFrom(wanted: Span): Stretch | undefined {
    const start = encodeSpan({ ...wanted, first: wanted.first + 1, count: 0 });
    const end = encodeSpan({ ...wanted, first: 0, count: 0 });
    // Most often the nearest group in front; a shorter one may lie across a longer.
    for (const [key, value] of this.#table.entries({ start, end, reverse: true })) {
      const { first, count } = decodeSpan(key);
      if (first + count <= wanted.first) continue;
      const skipped = wanted.first - first;
      const taken = Math.min(count - skipped, wanted.count);
      const sealedSize = value.readUInt32BE(6);
      const hashesAt = HEADER_BYTES + skipped * SEGMENT_HASH_BYTES;
      return {
        pack: packOf(key),
        first: wanted.first,
        count: taken,
        offset: value.readUIntBE(0, 6) + skipped * sealedSize,
        sealedSize,
        hashes: value.subarray(hashesAt, hashesAt + taken * SEGMENT_HASH_BYTES),
      };
    }
    return undefined;
  }
}

function segmentKey(span: Span, pack: string): Buffer {
  return Buffer.concat([encodeSpan(span), Buffer.from(pack, "latin1")]);
}

function packOf(key: Buffer): string {
  return key.toString("latin1", SPAN_BYTES);
}
