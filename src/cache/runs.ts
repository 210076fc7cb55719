/**
 * Small local numbers for the names of runs, so that a chunk's place takes 24
 * bytes. A number never changes and is never used again.
 */
import type { RunName } from "../format/names.ts";
import type { Table } from "./table.ts";

const NUMBER_BYTES = 4;

export class RunNumbers {
  readonly #table: Table;
  readonly #names: (RunName | undefined)[] = [];
  readonly #numbers = new Map<RunName, number>();
  /** All numbers below are known to {@link find}. */
  #next = 0;

  constructor(table: Table) {
    this.#table = table;
  }

  name(number: number): RunName | undefined {
    const known = this.#names[number];
    if (known !== undefined) return known;
    const name = this.#table.get(key(number))?.toString("latin1") as RunName | undefined;
    if (name !== undefined) this.#learn(number, name);
    return name;
  }

  /** The run's number; nothing if no record names it. */
  find(run: RunName): number | undefined {
    if (!this.#numbers.has(run)) this.#catchUp();
    return this.#numbers.get(run);
  }

  /** The run's number, a new one if need be. Only within `Environment.write`. */
  assign(run: RunName): number {
    const known = this.find(run);
    if (known !== undefined) return known;
    // `find` has just read all numbers, and within the transaction nobody else assigns one.
    const number = this.#next;
    this.#table.put(key(number), Buffer.from(run, "latin1"));
    this.#learn(number, run);
    this.#next = number + 1;
    return number;
  }

  /** Forgets what a transaction assigned that was not committed. */
  forget(): void {
    this.#names.length = 0;
    this.#numbers.clear();
    this.#next = 0;
  }

  #catchUp(): void {
    for (const bytes of this.#table.keys({ start: key(this.#next) })) {
      const number = bytes.readUInt32BE();
      const name = this.#table.get(bytes)?.toString("latin1") as RunName | undefined;
      if (name !== undefined) this.#learn(number, name);
      // Even if its name has rotted: what lies in that run must not become another's.
      this.#next = number + 1;
    }
  }

  #learn(number: number, name: RunName): void {
    this.#names[number] = name;
    this.#numbers.set(name, number);
  }
}

function key(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(NUMBER_BYTES);
  bytes.writeUInt32BE(number);
  return bytes;
}
