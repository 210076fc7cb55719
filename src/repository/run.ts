/**
 * A run of this host: its first two objects, and what it may reuse.
 *
 * The order is the protocol's (DESIGN.md section 6): `begin` is created before
 * `gc/` and `lost/` are listed, so that a run which did not see a pack condemned
 * is seen by the gc that condemned it.
 */
import { UnavailableError, UsageError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { beginName, runKeyName, runName } from "../format/names.ts";
import { objectHashOf } from "../format/object-hash.ts";
import { encodeBegin } from "../format/run.ts";
import type { PacketKey } from "../format/secret.ts";
import { encodeSessionKey, KEY_BYTES } from "../format/secret.ts";
import type { WritableTarget } from "../target/target.ts";
import { readHistory } from "./history.ts";
import type { Means, Repository } from "./repository.ts";

const RANDOM_BYTES = 8;

/** A run under way. */
export interface Run {
  readonly name: RunName;
  /** Seals the run's segments and its manifest. Never stored but sealed to the recipients. */
  readonly sessionKey: PacketKey;
  /** Hash of key.pgp. */
  readonly keyHash: string;
}

/** Begins the next run of a host. */
export async function beginNext(
  repository: Repository<WritableTarget>,
  host: string,
  { random, sealing }: Pick<Means, "random" | "sealing">,
): Promise<Run> {
  const { target, settings } = repository;
  const { next } = await readHistory(target, host);
  const name = runName(host, next, random(RANDOM_BYTES));
  const begin = encodeBegin({ repository: repository.id, run: name, settings: settings.n });
  await createNew(target, beginName(name), begin);
  const { packets, recipients } = settings;
  const sessionKey = { packets, key: random(KEY_BYTES) };
  const payload = encodeSessionKey(repository.id, { run: name, key: sessionKey });
  const keys = recipients.map(({ key }) => key);
  const message = await sealing.message(keys, payload, packets);
  await createNew(target, runKeyName(name), message);
  await refuseGarbageCollected(target);
  return { name, sessionKey, keyHash: objectHashOf(message) };
}

/** Creates an object under a name that only this run can have given. */
export async function createNew(
  target: WritableTarget,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  if ((await target.create(name, bytes)) === "exists") {
    throw new UnavailableError(`${name} was created by somebody else meanwhile: try again`);
  }
}

/** This version writes no epochs of gc and cannot tell what they took away. */
async function refuseGarbageCollected(target: WritableTarget): Promise<void> {
  for (const prefix of ["gc/", "lost/"]) {
    for await (const { name } of target.list(prefix)) {
      throw new UsageError(
        `${name} was made by a newer varve: this one cannot write here any more`,
      );
    }
  }
}
