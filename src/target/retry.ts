/**
 * A target that asks again, and settles what an unknown reply left open.
 *
 * When a create throws {@link UnavailableError}, it may have been done all the
 * same. It is tried again, and if the name is then taken, the object is read
 * back: our bytes mean "created", any others "exists".
 *
 * *Why that is right.* Bytes under a name never change and a name is never
 * reused, so one look at any later time tells whose they are. If a lost
 * attempt of ours was done, every later look finds our bytes; if not, either a
 * later attempt creates them or somebody else's stay for ever. An attempt that
 * arrives late, after all is settled, finds the name taken. And a reply that
 * was not lost is never doubted: "exists" at the first attempt is the answer,
 * even if the bytes are the same. If every attempt fails, nobody knows, and it
 * may still arrive.
 *
 * What it cannot tell apart is two writers with equal bytes: after a lost
 * reply both may be told "created". Where that matters, as in a commit, the
 * bytes say who wrote them. What does not read back as our bytes, for whatever
 * reason, is not ours: the writer that is told so starts anew, which is safe.
 *
 * Reading, listing and deleting may be done twice without harm.
 */
import { promises as timers } from "node:timers";
import { CorruptError, NotFoundError, UnavailableError } from "../errors.ts";
import type { Creation, ObjectInfo, PrunableTarget } from "./target.ts";

/** See the head of this file. */
export class SettledTarget implements PrunableTarget {
  readonly #inner: PrunableTarget;
  readonly #delays: readonly number[];

  /**
   * @param delays - milliseconds before each further attempt; as many as there
   * are delays. Zeros take no time at all.
   */
  constructor(inner: PrunableTarget, delays: readonly number[]) {
    this.#inner = inner;
    this.#delays = delays;
  }

  get location(): string {
    return this.#inner.location;
  }

  read(name: string, limit: number): Promise<Uint8Array> {
    return this.#persist(() => this.#inner.read(name, limit));
  }

  readRange(name: string, offset: number, length: number): Promise<Uint8Array> {
    return this.#persist(() => this.#inner.readRange(name, offset, length));
  }

  /** Goes on behind the last name it yielded; every name is a fresh start for the delays. */
  async *list(prefix: string, after = ""): AsyncGenerator<ObjectInfo> {
    let last = after;
    let failures = 0;
    for (;;) {
      try {
        for await (const info of this.#inner.list(prefix, last)) {
          last = info.name;
          failures = 0;
          yield info;
        }
        return;
      } catch (error) {
        await this.#pause(failures++, error);
      }
    }
  }

  async create(name: string, bytes: Uint8Array): Promise<Creation> {
    let attempts = 0;
    const creation = await this.#persist(() => {
      attempts += 1;
      return this.#inner.create(name, bytes);
    });
    if (creation === "created" || attempts === 1) return creation;
    return (await this.#holds(name, bytes)) ? "created" : "exists";
  }

  remove(names: readonly string[]): Promise<void> {
    return this.#persist(() => this.#inner.remove(names));
  }

  async #holds(name: string, bytes: Uint8Array): Promise<boolean> {
    try {
      return Buffer.compare(await this.read(name, bytes.length), bytes) === 0;
    } catch (error) {
      if (error instanceof CorruptError || error instanceof NotFoundError) return false;
      throw error;
    }
  }

  async #persist<T>(attempt: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt();
      } catch (error) {
        await this.#pause(failures, error);
      }
    }
  }

  /** Waits before the next attempt, or throws `error` if there is to be none. */
  async #pause(failures: number, error: unknown): Promise<void> {
    const delay = this.#delays[failures];
    if (delay === undefined || !(error instanceof UnavailableError)) throw error;
    if (delay > 0) await timers.setTimeout(delay);
  }
}
