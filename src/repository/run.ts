/**
 * A run of this host: its first two objects, and what it may reuse.
 *
 * The order is the protocol's (DESIGN.md section 6): `begin` is created before
 * `gc/` and `lost/` are listed, so that a run which did not see a pack condemned
 * is seen by the gc that condemned it.
 */
import { CorruptError, NotFoundError, UnavailableError, UsageError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { beginName, runHost, runKeyName, runName } from "../format/names.ts";
import { objectHashOf } from "../format/object-hash.ts";
import { decodeBegin, encodeBegin } from "../format/run.ts";
import type { PacketKey } from "../format/secret.ts";
import { encodeSessionKey, KEY_BYTES } from "../format/secret.ts";
import { decodeSigned } from "../format/signed.ts";
import type { Signer } from "../seal/signature.ts";
import type { Target, WritableTarget } from "../target/target.ts";
import { readHistory } from "./history.ts";
import { readWhole } from "./key-messages.ts";
import type { Means, Repository } from "./repository.ts";
import { signLines } from "./signatures.ts";

const RANDOM_BYTES = 8;
const MAX_BEGIN_BYTES = 2 ** 16;
const MAX_KEY_BYTES = 2 ** 20;

/** A run under way. */
export interface Run {
  readonly name: RunName;
  /** Seals the run's segments and its manifest. Never stored but sealed to the recipients. */
  readonly sessionKey: PacketKey;
  /** Hash of key.pgp. */
  readonly keyHash: string;
}

/** What it takes to begin a run. */
export interface RunMeans extends Pick<Means, "random" | "sealing"> {
  readonly signer: Signer;
}

/** Begins the next run of a host. */
export async function beginNext(
  repository: Repository<WritableTarget>,
  host: string,
  { random, sealing, signer }: RunMeans,
): Promise<Run> {
  const { target, settings } = repository;
  const { next } = await readHistory(target, host);
  const name = runName(host, next, random(RANDOM_BYTES));
  const { packets, recipients } = settings;
  const sessionKey = { packets, key: random(KEY_BYTES) };
  const payload = encodeSessionKey(repository.id, { run: name, key: sessionKey });
  const keys = recipients.map(({ key }) => key);
  const message = await sealing.message(keys, payload, packets);
  const keyHash = objectHashOf(message);
  const begin = { repository: repository.id, run: name, settings: settings.n, key: keyHash };
  await createNew(target, beginName(name), await signLines(encodeBegin(begin), [signer]));
  await createNew(target, runKeyName(name), message);
  await refuseGarbageCollected(target);
  return { name, sessionKey, keyHash };
}

/**
 * The hash of the key.pgp that a run began with, once it is known to be the one that is there:
 * what is sealed under another could be read by nobody.
 *
 * @returns nothing if there is none (any more): the run may have been cut off before it had one.
 * @throws {@link CorruptError} if it is another, or the run's host has not signed its begin.
 */
export async function readRunKey(
  repository: Repository,
  run: RunName,
): Promise<string | undefined> {
  const name = beginName(run);
  const bytes = await readWhole(repository.target, name, MAX_BEGIN_BYTES);
  const lines = decodeSigned(name, bytes);
  const begin = decodeBegin(name, lines.body);
  await repository.checkHost(name, lines, runHost(run));
  if (begin.run !== run || begin.repository !== repository.id) {
    throw new CorruptError(name, "it is the begin of another run");
  }
  const key = runKeyName(run);
  const hash = await hashOf(repository.target, key);
  if (hash !== undefined && hash !== begin.key) {
    throw new CorruptError(key, "it is not the one that its run began with");
  }
  return hash;
}

async function hashOf(target: Target, name: string): Promise<string | undefined> {
  try {
    return objectHashOf(await target.read(name, MAX_KEY_BYTES));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
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
