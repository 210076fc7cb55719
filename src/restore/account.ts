/**
 * What came of a restore so far, and what is done about what fails: with
 * `continue`, what concerns one entry is told as a problem, and the others are
 * restored.
 */
import type { Problem } from "../disk/walk.ts";
import { fileSize } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import type { FileEntry } from "../format/tree.ts";
import { Shortfalls } from "./shortfalls.ts";
import { failureOf } from "./unit.ts";

/** What is there and complete. */
export interface RestoreTotals {
  files: number;
  directories: number;
  /** Symbolic links, FIFOs and devices. */
  others: number;
  /** Bytes of files, holes and all. */
  bytes: number;
  /** What was there already, and was left or kept. */
  kept: number;
}

export interface RestoreListener {
  problem(problem: Problem): void;
  progress(totals: RestoreTotals): void;
  /** Something that was there already, and was left or kept. */
  kept(path: RawName): void;
}

export type OnError = "abort" | "continue";

export class Account {
  readonly totals: RestoreTotals = { files: 0, directories: 0, others: 0, bytes: 0, kept: 0 };
  readonly shortfalls: Shortfalls = new Shortfalls();
  readonly onError: OnError;
  readonly #listener: RestoreListener;

  constructor(onError: OnError, listener: RestoreListener) {
    this.onError = onError;
    this.#listener = listener;
  }

  count(entry: FileEntry): void {
    this.totals.files += 1;
    this.totals.bytes += fileSize(entry);
  }

  keep(path: RawName): void {
    this.totals.kept += 1;
    this.#listener.kept(path);
  }

  /** Does what concerns one entry. @returns nothing if it failed, and others go on. */
  attempt<T>(path: RawName, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      this.fail(path, error);
      return undefined;
    }
  }

  /** @throws what it is, unless it concerns this entry alone and others are to be restored. */
  fail(path: RawName, error: unknown): void {
    const { kind } = failureOf(error);
    if (this.onError === "abort" || kind === "full") throw error;
    this.tell(path, (error as Error).message);
  }

  tell(path: RawName, message: string): void {
    this.#listener.problem({ path, message });
  }

  progress(): void {
    this.#listener.progress(this.totals);
  }
}
