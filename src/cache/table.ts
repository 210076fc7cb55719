/**
 * A table of checked records, sorted by key.
 *
 * LMDB checks nothing that it reads, so each record ends with the CRC-32 of its
 * key and value. What has rotted is never believed: it counts as missing, and
 * the worst that follows is that something is read or stored again. A look-up
 * takes a tenth longer for it.
 */
import { crc32 } from "node:zlib";
import type { Database } from "lmdb";

const CHECKSUM_BYTES = 4;
const CRC_POLYNOMIAL = 0xedb88320;
const CRC_TABLE: Int32Array = crcTable();
/** Up to here a loop is faster than zlib behind a native call. */
const SHORT_BYTES = 256;
/** The first page of a range is one entry, for readers that want no more; each next one is double. */
const FIRST_PAGE = 1;
const LAST_PAGE = 256;
/** lmdb-js hands out views of the map itself from 16 MiB on, and those do not survive its growth. */
const MAX_VALUE_BYTES: number = 8 * 2 ** 20;

/** Keys from `start` on up to but without `end`. */
export interface KeyRange {
  readonly start: Uint8Array;
  readonly end?: Uint8Array | undefined;
  /** Leaves `start` itself out. */
  readonly exclusiveStart?: boolean;
  /** Takes `end` in. */
  readonly inclusiveEnd?: boolean;
  /** Backwards: from `start` down to but without `end`. */
  readonly reverse?: boolean;
}

export class Table {
  readonly #database: Database<Buffer, Uint8Array>;
  readonly #damaged: () => void;

  constructor(database: Database<Buffer, Uint8Array>, damaged: () => void) {
    this.#database = database;
    this.#damaged = damaged;
  }

  /** How many records there are, rotten ones among them. */
  get size(): number {
    return (this.#database.getStats() as { entryCount: number }).entryCount;
  }

  /** The value under a key, in bytes of the caller's own. */
  get(key: Uint8Array): Buffer | undefined {
    const record = this.getRecord(key);
    return record === undefined ? undefined : valuePart(record);
  }

  /** The same with the checksum still on, which is checked: cutting it off costs a fifth of a look-up. */
  getRecord(key: Uint8Array): Buffer | undefined {
    const record = this.#database.getBinary(key);
    return record === undefined || this.#isSound(key, record) ? record : undefined;
  }

  /** Only within {@link Environment.write}. */
  put(key: Uint8Array, value: Uint8Array): void {
    this.#database.putSync(key, record(key, value));
  }

  /** Puts it unless the key is taken. Only within {@link Environment.write}. */
  putNew(key: Uint8Array, value: Uint8Array): void {
    this.#database.putSync(key, record(key, value), { noOverwrite: true });
  }

  /** Only within {@link Environment.write}. */
  remove(key: Uint8Array): void {
    this.#database.removeSync(key);
  }

  /** Removes all records. Only within {@link Environment.write}. */
  clear(): void {
    this.#database.clearSync();
  }

  /**
   * Sorted entries. They are read a page at a time, so that a slow reader holds
   * no snapshot, and what is written meanwhile may or may not appear.
   */
  *entries(range: KeyRange): Generator<[key: Buffer, value: Buffer]> {
    for (const [key, record] of this.records(range)) {
      if (this.#isSound(key, record)) yield [key, valuePart(record)];
    }
  }

  /** The same without checking, and with the checksums still on: see {@link isSound}. */
  *records(range: KeyRange): Generator<[key: Buffer, record: Buffer]> {
    const read = (options: object) => [...this.#database.getRange(options)];
    for (const { key, value } of paged(range, read, (entry) => entry.key)) {
      yield [asBuffer(key), value];
    }
  }

  /** Sorted keys, unchecked: a rotten one leads nowhere. */
  *keys(range: KeyRange): Generator<Buffer> {
    const read = (options: object) => [...this.#database.getKeys(options)];
    for (const key of paged(range, read, (key) => key)) yield asBuffer(key);
  }

  #isSound(key: Uint8Array, record: Buffer): boolean {
    const sound = isSound(key, record);
    if (!sound) this.#damaged();
    return sound;
  }
}

function* paged<T>(
  range: KeyRange,
  read: (options: object) => T[],
  keyOf: (entry: T) => Uint8Array,
): Generator<T> {
  let { start, exclusiveStart = false } = range;
  for (let limit = FIRST_PAGE; ; limit = Math.min(2 * limit, LAST_PAGE)) {
    const page = read({ ...range, start, exclusiveStart, limit });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return;
    start = keyOf(last);
    exclusiveStart = true;
  }
}

/** Every key is longer than this or greater. */
export const FIRST_KEY: Uint8Array = Uint8Array.of(0);

function record(key: Uint8Array, value: Uint8Array): Buffer {
  if (value.length > MAX_VALUE_BYTES) {
    throw new RangeError(`a record of ${value.length} bytes is too long for the cache`);
  }
  const bytes = Buffer.allocUnsafe(value.length + CHECKSUM_BYTES);
  bytes.set(value);
  bytes.writeUInt32BE(checksum(key, bytes), value.length);
  return bytes;
}

/** Whether a record ends with the checksum of its key and value. */
export function isSound(key: Uint8Array, record: Buffer): boolean {
  const length = record.length - CHECKSUM_BYTES;
  return length >= 0 && checksum(key, record) === record.readUInt32BE(length);
}

export function valuePart(record: Buffer): Buffer {
  return record.subarray(0, record.length - CHECKSUM_BYTES);
}

function checksum(key: Uint8Array, record: Buffer): number {
  return extend(extend(0, key, key.length), record, record.length - CHECKSUM_BYTES);
}

/** CRC-32 over the first `length` bytes, behind those of `crc`. */
function extend(crc: number, bytes: Uint8Array, length: number): number {
  if (length > SHORT_BYTES) return crc32(bytes.subarray(0, length), crc);
  let state = ~crc;
  for (let at = 0; at < length; at += 1) {
    state = (CRC_TABLE[(state ^ (bytes[at] as number)) & 0xff] as number) ^ (state >>> 8);
  }
  return ~state >>> 0;
}

function crcTable(): Int32Array {
  return new Int32Array(256).map((_, byte) => {
    let state = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      state = state & 1 ? (state >>> 1) ^ CRC_POLYNOMIAL : state >>> 1;
    }
    return state;
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
