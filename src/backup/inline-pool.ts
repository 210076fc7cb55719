/** Reads files on this thread, one at each asking. */
import type { FileDigestName } from "../digest/digest.ts";
import type { Bracket } from "./bracket.ts";
import type { FileEvent, FileJob } from "./content.ts";
import type { Pool } from "./pool.ts";
import { storeJob } from "./stream.ts";
import type { StorePack } from "./upload.ts";
import { drive } from "./upload.ts";

export class InlinePool implements Pool {
  readonly #bracket: Bracket;
  readonly #digest: FileDigestName;
  readonly #store: StorePack;
  readonly #queue: FileJob[] = [];

  constructor(bracket: Bracket, digest: FileDigestName, store: StorePack) {
    this.#bracket = bracket;
    this.#digest = digest;
    this.#store = store;
  }

  get pending(): number {
    return this.#queue.length;
  }

  submit(jobs: readonly FileJob[]): void {
    this.#queue.push(...jobs);
  }

  withdraw(): FileJob[] {
    return this.#queue.splice(0);
  }

  async take(): Promise<FileEvent[]> {
    const events: FileEvent[] = [];
    const job = this.#queue.shift();
    if (job !== undefined) {
      const step = storeJob(job, {
        bracket: this.#bracket,
        digest: this.#digest,
        report: (event) => events.push(event),
        mayGoOn: () => {},
      });
      await drive(step, this.#store);
    }
    return events;
  }

  async finish(): Promise<void> {
    await drive(this.#bracket.finish(), this.#store);
  }

  async close(): Promise<void> {}
}
