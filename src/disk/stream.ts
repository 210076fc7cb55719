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
/**
 * A thread that waits in a system call cannot be ended, and a process not without its threads: each
 * wait is so short.
 */
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
 * Waits until there is something to be read, and reads it.
 *
 * @returns how many bytes; 0: the stream has ended.
 * @throws the system's error if it cannot be read.
 */
export function readOn(
  descriptor: number,
  into: Uint8Array,
  system: Pick<Libc, "awaitInput"> | undefined = libc(),
): number {
  for (;;) {
    if (system?.awaitInput(descriptor, WAIT_MS) === false) continue;
    try {
      return readSync(descriptor, into, 0, into.length, null);
    } catch (error) {
      // It does not block, and there is nothing to ask whether it is ready; or somebody else was faster.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(sleeper, 0, 0, WAIT_MS);
    }
  }
}
