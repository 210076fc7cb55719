/**
 * Bytes that come once and in order, from standard input or a program's
 * output. They are read synchronously, by whichever thread: descriptors are
 * the process's.
 */
import { fstatSync, readSync } from "node:fs";
import { isatty } from "node:tty";
import { UsageError } from "../errors.ts";
import type { Libc } from "./libc.ts";
import { libc } from "./libc.ts";

/** Where a stream comes from. Nothing of it begins before it is opened. */
export interface StreamSource {
  open(): Stream;
}

export interface Stream {
  readonly descriptor: number;
  /**
   * To be called when all was read: resolves once whoever wrote it has ended well.
   *
   * @throws if that failed, so that what was read may be less than there was to be.
   */
  ended(): Promise<void>;
  /** Ends whoever still writes. Only when nobody reads any more. */
  close(): void;
}

const STANDARD_INPUT = 0;
/** A thread that waits in a system call cannot be asked to end: each wait is so short. */
const WAIT_MS = 50;

/** @throws {@link UsageError} if it cannot be anything to back up. */
export function standardInput(): StreamSource {
  if (isatty(STANDARD_INPUT)) {
    throw new UsageError("nothing is piped in: standard input is the terminal");
  }
  if (fstatSync(STANDARD_INPUT).isDirectory()) {
    throw new UsageError("standard input is a directory: back it up by its path");
  }
  const stream = { descriptor: STANDARD_INPUT, ended: async () => {}, close: () => {} };
  return { open: () => stream };
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Reads a stream: waits until there is something, and gives how many bytes that is; 0: it has ended.
 *
 * @param mayGoOn - is called now and then meanwhile; what it throws ends the wait.
 * @returns what throws the system's error if it cannot be read.
 */
export function readsOn(
  descriptor: number,
  mayGoOn: () => void,
  system: Pick<Libc, "awaitInput"> | undefined = libc(),
): (into: Uint8Array) => number {
  return (into) => {
    for (;;) {
      mayGoOn();
      if (system?.awaitInput(descriptor, WAIT_MS) === false) continue;
      try {
        return readSync(descriptor, into, 0, into.length, null);
      } catch (error) {
        // It does not block, and there is nothing to ask whether it is ready; or somebody else was faster.
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        Atomics.wait(sleeper, 0, 0, WAIT_MS);
      }
    }
  };
}
