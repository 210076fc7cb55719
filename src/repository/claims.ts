/**
 * Claims: the chunk ids that are in flight, in memory that all threads of a
 * run share. Asking whether a chunk is known and claiming it are one step, so
 * no two threads store the same chunk.
 *
 * A claim is made first, and the cache asked then. A claim ends after the
 * chunk's pack is stored *and* its cache record is committed: whoever no longer
 * sees the claim sees the record, once it has refreshed its view of the cache.
 * `commits` counts up in between, to say when that is needed.
 *
 * The table is open addressing with linear probing under one lock. It holds
 * what is in flight, not the whole run; should it ever be full, a chunk is
 * stored without a claim, at worst twice.
 */
import { CHUNK_ID_BYTES } from "../format/table.ts";

const LOCK = 0;
const COUNT = 1;
const COMMITS = 2;
const PACKS = 3;
const HEADER_WORDS = 4;
const LOCK_TIMEOUT_MS = 60_000;
const KEY_WORDS = CHUNK_ID_BYTES / 4;

/** Enough for the packs of many workers; 35 bytes a slot. */
const DEFAULT_SLOTS = 2 ** 18;

export class Claims {
  /** What a worker needs to see the same claims: `new Claims(memory)`. */
  readonly memory: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #keys: Uint32Array;
  readonly #used: Uint8Array;
  readonly #mask: number;

  constructor(memory: SharedArrayBuffer = claimMemory(DEFAULT_SLOTS)) {
    const slots = (memory.byteLength - HEADER_WORDS * 4) / (CHUNK_ID_BYTES + 1);
    this.memory = memory;
    this.#header = new Int32Array(memory, 0, HEADER_WORDS);
    this.#keys = new Uint32Array(memory, HEADER_WORDS * 4, slots * KEY_WORDS);
    this.#used = new Uint8Array(memory, HEADER_WORDS * 4 + slots * CHUNK_ID_BYTES, slots);
    this.#mask = slots - 1;
  }

  /** How many ids are claimed. */
  get count(): number {
    return Atomics.load(this.#header, COUNT);
  }

  /** How often stored packs have been entered into the cache. */
  get commits(): number {
    return Atomics.load(this.#header, COMMITS);
  }

  /** Claims an id; false if somebody has. */
  claim(id: Uint8Array): boolean {
    const key = words(id);
    return this.#locked(() => {
      const slot = this.#find(key);
      if (this.#used[slot] === 1) return false;
      if (this.count > this.#mask * 0.75) return true;
      this.#used[slot] = 1;
      this.#keys.set(key, slot * KEY_WORDS);
      Atomics.add(this.#header, COUNT, 1);
      return true;
    });
  }

  /** Gives up a claim because the cache knows the chunk. */
  withdraw(id: Uint8Array): void {
    this.#locked(() => this.#remove(words(id)));
  }

  /** Ends the claims of a pack that is stored and whose cache records are committed. */
  settle(ids: Iterable<Uint8Array>): void {
    Atomics.add(this.#header, COMMITS, 1);
    for (const id of ids) this.withdraw(id);
  }

  /** Numbers the run's packs across threads. */
  nextPack(): number {
    return Atomics.add(this.#header, PACKS, 1);
  }

  /** The slot that holds `key`, or the free one where it would go. */
  #find(key: Uint32Array): number {
    let slot = this.#home(key);
    while (this.#used[slot] === 1 && !this.#holds(slot, key)) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #holds(slot: number, key: Uint32Array): boolean {
    for (let word = 0; word < KEY_WORDS; word++) {
      if (this.#keys[slot * KEY_WORDS + word] !== key[word]) return false;
    }
    return true;
  }

  /** Ids are hashes: any word of theirs is one. */
  #home(key: Uint32Array): number {
    return (key[0] ?? 0) & this.#mask;
  }

  /** Knuth, TAOCP 6.4 algorithm R: what follows moves up, so that no probe ends early. */
  #remove(key: Uint32Array): void {
    let free = this.#find(key);
    if (this.#used[free] !== 1) return;
    for (
      let slot = (free + 1) & this.#mask;
      this.#used[slot] === 1;
      slot = (slot + 1) & this.#mask
    ) {
      const entry = this.#keys.slice(slot * KEY_WORDS, (slot + 1) * KEY_WORDS);
      const home = this.#home(entry);
      // It may move to `free` unless its home lies behind `free`, cyclically.
      if (((slot - home) & this.#mask) < ((slot - free) & this.#mask)) continue;
      this.#keys.set(entry, free * KEY_WORDS);
      free = slot;
    }
    this.#used[free] = 0;
    Atomics.sub(this.#header, COUNT, 1);
  }

  /** @throws Error if whoever has the lock never gives it back: a thread that was ended within. */
  #locked<T>(work: () => T): T {
    while (Atomics.compareExchange(this.#header, LOCK, 0, 1) !== 0) {
      // It is held for microseconds.
      if (Atomics.wait(this.#header, LOCK, 1, LOCK_TIMEOUT_MS) === "timed-out") {
        throw new Error("the claims are locked by a thread that is gone");
      }
    }
    try {
      return work();
    } finally {
      Atomics.store(this.#header, LOCK, 0);
      Atomics.notify(this.#header, LOCK, 1);
    }
  }
}

/**
 * @param slots - a power of two.
 * @throws RangeError if it is none, or so small that a probe would find no free slot.
 */
export function claimMemory(slots: number): SharedArrayBuffer {
  if (slots < 4 || !Number.isInteger(Math.log2(slots))) {
    throw new RangeError(`a table of ${slots} claims: take a power of two from 4 on`);
  }
  return new SharedArrayBuffer(HEADER_WORDS * 4 + slots * (CHUNK_ID_BYTES + 1));
}

/** A copy: ids are bytes at any address. */
function words(id: Uint8Array): Uint32Array {
  const key = new Uint32Array(KEY_WORDS);
  new Uint8Array(key.buffer).set(id);
  return key;
}
