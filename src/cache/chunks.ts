/**
 * Where chunks lie. A chunk is known only while every segment of its frame is
 * (packs.ts sees to that), so what is found here can be read and reused.
 */
import type { Place } from "../format/table.ts";
import { decodePlace, placeRun } from "./codec.ts";
import { Environment } from "./environment.ts";
import { RunNumbers } from "./runs.ts";
import type { Table } from "./table.ts";

export class ChunkTable {
  readonly #table: Table;
  readonly #runs: RunNumbers;

  constructor(table: Table, runs: RunNumbers) {
    this.#table = table;
    this.#runs = runs;
  }

  /** Where the chunk with this id, 32 bytes, lies; nothing if it is not known. */
  locate(id: Uint8Array): Place | undefined {
    const record = this.#table.getRecord(id);
    if (record === undefined) return undefined;
    const run = this.#runs.name(placeRun(record));
    return run === undefined ? undefined : decodePlace(record, run);
  }
}

/**
 * Looks chunks up from a worker thread of the process whose cache it is.
 *
 * A thread that never yields keeps reading an old state: call {@link refresh}
 * with every batch.
 */
export class ChunkReader {
  readonly #environment: Environment;
  readonly #chunks: ChunkTable;

  /** @param path - `Cache.path` of the open cache. */
  constructor(path: string) {
    this.#environment = new Environment(path, "read");
    const runs = new RunNumbers(this.#environment.table("runs"));
    this.#chunks = new ChunkTable(this.#environment.table("chunks"), runs);
  }

  locate(id: Uint8Array): Place | undefined {
    return this.#chunks.locate(id);
  }

  /** From here on sees what other threads have committed. */
  refresh(): void {
    this.#environment.refresh();
  }

  close(): Promise<void> {
    return this.#environment.close();
  }
}
