/**
 * The session keys of runs, opened with the identity: one message a run, and
 * each only once. They are in memory only.
 */
import type { RunName } from "../format/names.ts";
import { runKeyName } from "../format/names.ts";
import { decodeSessionKey } from "../format/secret.ts";
import type { MessageOpener, Repository } from "./repository.ts";

const MAX_MESSAGE_BYTES = 2 ** 20;

export class SessionKeys {
  readonly #repository: Repository;
  readonly #identity: MessageOpener;
  readonly #keys = new Map<RunName, Promise<Uint8Array>>();

  constructor(repository: Repository, identity: MessageOpener) {
    this.#repository = repository;
    this.#identity = identity;
  }

  /**
   * The key of a run.
   *
   * @throws {@link AccessError} if it is not sealed to this identity.
   * @throws {@link CorruptError} if it is damaged, or another run's.
   */
  key(run: RunName): Promise<Uint8Array> {
    let key = this.#keys.get(run);
    if (key === undefined) {
      key = this.#open(run);
      this.#keys.set(run, key);
    }
    return key;
  }

  async #open(run: RunName): Promise<Uint8Array> {
    const { target, id } = this.#repository;
    const name = runKeyName(run);
    const message = await target.read(name, MAX_MESSAGE_BYTES);
    const payload = await this.#identity.open(name, message);
    return decodeSessionKey(name, payload, { repository: id, run }).key;
  }
}
