/**
 * Tables on their way into the cache, until there are enough of them to be
 * entered sorted by chunk id. Random ids in a large tree touch one page each,
 * and a page that several chunks of a batch share is written once.
 *
 * Chunks are held as rows of bytes: 56 each, as objects they would be 500.
 */
import type { RunName } from "../format/names.ts";
import type { FrameEntry, PackTable } from "../format/table.ts";
import { CHUNK_ID_BYTES, segmentCount } from "../format/table.ts";
import { encodePlace, PLACE_BYTES } from "./codec.ts";
import type { Stretch } from "./segments.ts";

const ROW_BYTES = CHUNK_ID_BYTES + PLACE_BYTES;
const SORT_BYTES = 6;
const FIRST_ROWS = 1024;

/** A group of segments, and where it is. */
export interface PlacedGroup {
  readonly run: RunName;
  readonly tape: number;
  readonly stretch: Stretch;
}

export class Batch {
  /** The groups of each pack, in table order. */
  readonly packs: Map<string, readonly PlacedGroup[]> = new Map();
  /** The runs of the chunks; their places hold an index into it until they are entered. */
  readonly #runs: RunName[] = [];
  #rows: Buffer = Buffer.allocUnsafe(FIRST_ROWS * ROW_BYTES);
  #count = 0;

  /** How many chunks there are. */
  get size(): number {
    return this.#count;
  }

  /** Adds the groups of a table, whose offsets follow from its order, and returns them. */
  addGroups({ pack, parts }: PackTable): readonly PlacedGroup[] {
    const groups: PlacedGroup[] = [];
    let offset = 0;
    for (const { run, tape, segments } of parts) {
      for (const { first, sealedSize, hashes } of segments) {
        const count = segmentCount({ first, sealedSize, hashes });
        groups.push({ run, tape, stretch: { pack, first, count, offset, sealedSize, hashes } });
        offset += count * sealedSize;
      }
    }
    this.packs.set(pack, groups);
    return groups;
  }

  addFrame(run: RunName, tape: number, { offset, length, chunks }: FrameEntry): void {
    const runNumber = this.#runIndex(run);
    let within = 0;
    for (const { id, size } of chunks) {
      const row = this.#newRow();
      this.#rows.write(id, row, "base64");
      encodePlace(this.#rows, row + CHUNK_ID_BYTES, {
        runNumber,
        tape,
        offset,
        length,
        within,
        size,
      });
      within += size;
    }
  }

  /** Ids and places, sorted by id; `numberOf` gives the local number of a run. */
  *chunks(numberOf: (run: RunName) => number): Generator<[id: Buffer, place: Buffer]> {
    const numbers = this.#runs.map(numberOf);
    for (const index of this.#order()) {
      const row = this.#rows.subarray(index * ROW_BYTES, (index + 1) * ROW_BYTES);
      const place = row.subarray(CHUNK_ID_BYTES);
      const number = numbers[place.readUInt32BE()];
      // In a copy: the row's index must still be there if the batch is read again.
      const entered = Buffer.from(place);
      entered.writeUInt32BE(number as number);
      yield [row.subarray(0, CHUNK_ID_BYTES), entered];
    }
  }

  #order(): Uint32Array {
    const heads = new Float64Array(this.#count);
    for (let row = 0; row < this.#count; row += 1) {
      heads[row] = this.#rows.readUIntBE(row * ROW_BYTES, SORT_BYTES);
    }
    const order = new Uint32Array(this.#count).map((_, index) => index);
    return order.sort((a, b) => (heads[a] as number) - (heads[b] as number));
  }

  #runIndex(run: RunName): number {
    const index = this.#runs.lastIndexOf(run);
    return index < 0 ? this.#runs.push(run) - 1 : index;
  }

  #newRow(): number {
    const row = this.#count * ROW_BYTES;
    if (row === this.#rows.length) {
      const rows = Buffer.allocUnsafe(2 * row);
      this.#rows.copy(rows);
      this.#rows = rows;
    }
    this.#count += 1;
    return row;
  }
}
