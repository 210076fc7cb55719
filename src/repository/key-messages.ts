/**
 * `keys/`: the repository secret, sealed to those who can read, and session
 * keys of earlier runs that were sealed once more. Of the messages there only
 * those count that the settings name by their hash; anybody could have sealed
 * a secret of his own to the same public keys.
 */
import { AccessError, CorruptError, NotFoundError } from "../errors.ts";
import { keysName } from "../format/names.ts";
import { objectHashOf } from "../format/object-hash.ts";
import type { RepositoryKeys, RunKey } from "../format/secret.ts";
import { decodeRepositoryKeys, encodeRepositoryKeys } from "../format/secret.ts";
import type { KeyMessage, Settings } from "../format/settings.ts";
import type { Sealing } from "../seal/sealing.ts";
import type { Target, WritableTarget } from "../target/target.ts";
import { deriveKeys } from "./derived-keys.ts";
import type { Outline } from "./settings.ts";
import { listAll } from "./settings.ts";

/** 100 bytes for each run whose session key is in it. */
const MAX_KEYS_BYTES = 2 ** 26;
const ATTEMPTS = 8;

/** Opens such messages: an identity. */
export interface MessageOpener {
  /** @throws {@link AccessError} if the message is sealed to others only. */
  open(name: string, message: Uint8Array): Promise<Uint8Array>;
}

/**
 * The same opener, which opens each object once only: a smartcard wants to be touched for each
 * time. What it has opened stays in memory.
 */
export function openingOnce<T extends MessageOpener>(opener: T): T {
  const opened = new Map<string, Promise<Uint8Array>>();
  return {
    ...opener,
    open(name: string, message: Uint8Array): Promise<Uint8Array> {
      const payload = opened.get(name) ?? opener.open(name, message);
      opened.set(name, payload);
      return payload;
    },
  };
}

/** What is to be sealed, and to whom. */
export interface KeyContents extends Pick<Settings, "repository" | "packets" | "recipients"> {
  readonly secret: Uint8Array;
  readonly sessions: readonly RunKey[];
}

/**
 * Stores a new key message under the next free number.
 *
 * @returns it, for settings to name: before they do, nobody believes it.
 */
export async function storeKeys(
  target: WritableTarget,
  contents: KeyContents,
  sealing: Pick<Sealing, "message">,
): Promise<KeyMessage> {
  const { repository, packets, recipients, secret, sessions } = contents;
  const { index } = deriveKeys(repository, secret);
  const message = await sealing.message(
    recipients.map(({ key }) => key),
    encodeRepositoryKeys({ repository, secret, index, sessions }),
    packets,
  );
  // Other numbers may be taken by an init that was cut off, or by whoever can write.
  let n = await nextNumber(target);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1, n += 1) {
    const object = keysName(n);
    if ((await target.create(object, message)) === "created") {
      return { object, hash: objectHashOf(message), sessions: sessions.length };
    }
  }
  throw new AccessError(`${target.location}: others make keys/ all the time`);
}

/**
 * Opens a key message.
 *
 * @throws {@link CorruptError} if it is missing, or not the one that the settings name.
 * @throws {@link AccessError} if it is not sealed to this identity.
 */
export async function openKeys(
  target: Target,
  repository: string,
  { object, hash }: KeyMessage,
  identity: MessageOpener,
): Promise<RepositoryKeys> {
  const message = await readWhole(target, object, MAX_KEYS_BYTES);
  if (objectHashOf(message) !== hash) {
    throw new CorruptError(object, "it is not the one that the settings name");
  }
  return decodeRepositoryKeys(object, await identity.open(object, message), repository);
}

/** Reads an object that has to be there. @throws {@link CorruptError} if it is not. */
export async function readWhole(target: Target, name: string, limit: number): Promise<Uint8Array> {
  try {
    return await target.read(name, limit);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new CorruptError(name, "it is missing", { cause: error });
  }
}

/**
 * Learns the repository secret from the repository itself, with a private key.
 *
 * @throws {@link AccessError} if nothing is sealed to this key.
 */
export async function openSecret(
  target: Target,
  { settings }: Outline,
  identity: MessageOpener & { readonly fingerprint: string },
): Promise<Uint8Array> {
  const { recipients, keys, repository } = settings;
  const isReader = recipients.some(({ fingerprint }) => fingerprint === identity.fingerprint);
  let reason = "nothing is sealed to it";
  let damage: CorruptError | undefined;
  for (const message of keys.toReversed()) {
    try {
      return (await openKeys(target, repository, message, identity)).secret;
    } catch (error) {
      if (error instanceof CorruptError) damage ??= error;
      else if (error instanceof AccessError) reason = error.message;
      else throw error;
      // Each may cost a passphrase, or a touch of a card, and the newest is sealed to all who can
      // read now. Only if it is damaged, or this identity can read no more, an older one may do.
      if (isReader && error instanceof AccessError) break;
    }
  }
  if (damage !== undefined) throw damage;
  throw new AccessError(`${target.location}: this private key does not open it: ${reason}`);
}

/** The private keys that are kept in the repository, armored and locked; who put them there is not known. */
export async function storedIdentities(target: Target): Promise<string[]> {
  const identities: string[] = [];
  for (const { name } of await listAll(target, "keys/")) {
    if (!name.endsWith(".asc")) continue;
    identities.push(Buffer.from(await target.read(name, MAX_KEYS_BYTES)).toString("utf8"));
  }
  return identities;
}

async function nextNumber(target: Target): Promise<number> {
  let next = 0;
  for (const { name } of await listAll(target, "keys/")) {
    const n = Number(/^keys\/(\d{8,15})\./.exec(name)?.[1] ?? -1);
    next = Math.max(next, n + 1);
  }
  return next;
}
