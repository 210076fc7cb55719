/**
 * The session keys of runs, opened with the identity: one message a run, and
 * each only once. They are in memory only.
 *
 * Where the settings name messages that hold many at once, these are opened
 * first: a new recipient can read no others of old runs, and a smartcard
 * wants to be touched for each.
 */
import { AccessError, CorruptError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { runKeyName } from "../format/names.ts";
import { objectHashOf } from "../format/object-hash.ts";
import type { PacketKey } from "../format/secret.ts";
import { decodeSessionKey } from "../format/secret.ts";
import type { MessageOpener } from "./key-messages.ts";
import { openKeys, readWhole } from "./key-messages.ts";
import type { Repository } from "./repository.ts";
import { readRunKey } from "./run.ts";

const MAX_MESSAGE_BYTES = 2 ** 20;

export class SessionKeys {
  readonly #repository: Repository;
  readonly #identity: MessageOpener;
  readonly #hashes: ReadonlyMap<RunName, string>;
  readonly #keys = new Map<RunName, Promise<PacketKey>>();
  #resealed: Promise<ReadonlyMap<RunName, PacketKey>> | undefined;

  /** @param hashes - of each run's key.pgp, as signed ends give them (chain.ts). */
  constructor(
    repository: Repository,
    identity: MessageOpener,
    hashes: ReadonlyMap<RunName, string>,
  ) {
    this.#repository = repository;
    this.#identity = identity;
    this.#hashes = hashes;
  }

  /**
   * The key of a run.
   *
   * @throws {@link AccessError} if it is not sealed to this identity.
   * @throws {@link CorruptError} if it is damaged, or another run's, or no end vouches for it.
   */
  key(run: RunName): Promise<PacketKey> {
    let key = this.#keys.get(run);
    if (key === undefined) {
      key = this.#find(run);
      this.#keys.set(run, key);
    }
    return key;
  }

  async #find(run: RunName): Promise<PacketKey> {
    this.#resealed ??= this.#openResealed();
    return (await this.#resealed).get(run) ?? (await this.#open(run));
  }

  async #open(run: RunName): Promise<PacketKey> {
    const { target, id } = this.#repository;
    const name = runKeyName(run);
    const message = await readWhole(target, name, MAX_MESSAGE_BYTES);
    await this.#check(name, run, objectHashOf(message));
    const payload = await this.#identity.open(name, message).catch(explain);
    return decodeSessionKey(name, payload, { repository: id, run });
  }

  /** Before it is opened: whoever can write could have sealed a key of his own. */
  async #check(name: string, run: RunName, hash: string): Promise<void> {
    if (this.#repository.signatures === "waived") return;
    // An end may be lost, or spoilt: the run's own begin says it too.
    const signed = this.#hashes.get(run) ?? (await readRunKey(this.#repository, run));
    if (signed === undefined) throw new CorruptError(name, "no snapshot vouches for it");
    if (signed !== hash) throw new CorruptError(name, "it is not the one that was signed for");
  }

  async #openResealed(): Promise<Map<RunName, PacketKey>> {
    const { target, id, settings } = this.#repository;
    const keys = new Map<RunName, PacketKey>();
    for (const message of settings.keys.filter(({ sessions }) => sessions > 0)) {
      try {
        const { sessions } = await openKeys(target, id, message, this.#identity);
        for (const { run, key } of sessions) keys.set(run, key);
      } catch (error) {
        // Sealed to others, or lost: each run has a message of its own besides.
        if (!(error instanceof AccessError || error instanceof CorruptError)) throw error;
      }
    }
    return keys;
  }
}

/** Whoever was added as a recipient may not know that a new snapshot needs what old runs stored. */
function explain(error: unknown): never {
  if (!(error instanceof AccessError)) throw error;
  throw new AccessError(
    `${error.message}. If it became a recipient later: varve key add-recipient --past, with a key that can`,
    { cause: error },
  );
}
