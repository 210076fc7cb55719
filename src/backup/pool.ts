/**
 * Who reads the files: worker threads, or, with none, this thread. Both run
 * the same bracket; the rest of the backup cannot tell them apart.
 */
import type { FileEvent, FileJob } from "./content.ts";

export interface Pool {
  /** Jobs whose last event has not been taken yet. */
  readonly pending: number;
  submit(jobs: readonly FileJob[]): void;
  /** Takes back the jobs that no reader has in hand yet: they are pending no more. */
  withdraw(): FileJob[];
  /** Waits until there are events, or nothing is pending; gives all there are. */
  take(): Promise<FileEvent[]>;
  /** Ends the tapes: when it resolves, all that was submitted is stored. */
  finish(): Promise<void>;
  /** Stops whatever still runs. */
  close(): Promise<void>;
}
