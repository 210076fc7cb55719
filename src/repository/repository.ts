/**
 * A repository: a target with settings, and the keys that every host shares.
 *
 * Settings 0 is created last and makes the repository; an `init` that was cut
 * off before leaves keys that nothing refers to.
 */
import type { Zstd } from "../compression/zstd.ts";
import { AccessError, CorruptError, NotFoundError, UsageError } from "../errors.ts";
import type { RandomSource } from "../flow.ts";
import { identityName, keysName, settingsName } from "../format/names.ts";
import { objectHashOf } from "../format/object-hash.ts";
import { decodeRepositoryKeys, encodeRepositoryKeys, KEY_BYTES } from "../format/secret.ts";
import type { Settings, Sizes } from "../format/settings.ts";
import { checkSizes, decodeSettings, encodeSettings } from "../format/settings.ts";
import { openDocument, sealDocument } from "../pack/document.ts";
import type { Opener, Sealer } from "../seal/packet.ts";
import type { Sealing } from "../seal/sealing.ts";
import type { ObjectInfo, Target, WritableTarget } from "../target/target.ts";
import type { DerivedKeys } from "./derived-keys.ts";
import { deriveKeys } from "./derived-keys.ts";

const MAX_SETTINGS_BYTES = 2 ** 20;
const MAX_KEYS_BYTES = 2 ** 20;
const ID_BYTES = 16;

/** What can be seen of a repository without any key. */
export interface Outline {
  readonly settings: Settings;
  /** SHA-256 of settings 0, in hex. */
  readonly fingerprint: string;
}

/** The secret part: what an enrolled host knows. */
export interface Unlocked extends Outline {
  readonly secret: Uint8Array;
}

/** Opens such messages: an identity. */
export interface MessageOpener {
  open(name: string, message: Uint8Array): Promise<Uint8Array>;
}

/** What a new repository is, and who it belongs to. */
export interface Ownership {
  /** From {@link newRepositoryId}: known beforehand, so that its private key can be kept first. */
  readonly repository: string;
  readonly recipients: readonly string[];
  /** An armored private key, locked by its passphrase, to be kept with the repository. */
  readonly identity?: string;
}

/** A repository that is open for writing or reading metadata. */
export class Repository<T extends Target = Target> {
  readonly target: T;
  readonly settings: Settings;
  readonly fingerprint: string;
  readonly keys: DerivedKeys;
  readonly zstd: Zstd;
  readonly #sealer: Sealer;
  readonly #opener: Opener;

  constructor(target: T, { settings, fingerprint, secret }: Unlocked, means: Means) {
    this.target = target;
    this.settings = settings;
    this.fingerprint = fingerprint;
    this.keys = deriveKeys(settings.repository, secret);
    this.zstd = means.zstd;
    this.#sealer = means.sealing.sealer({ packets: 2, key: this.keys.index });
    this.#opener = means.sealing.opener({ packets: 2, key: this.keys.index });
  }

  get id(): string {
    return this.settings.repository;
  }

  /** Seals JSON lines under the index key. */
  seal(lines: Uint8Array): Uint8Array {
    return sealDocument(lines, this.zstd, this.#sealer);
  }

  /** The inverse of {@link seal}; throws as {@link openDocument} does. */
  open(name: string, document: Uint8Array, limit: number): Uint8Array {
    return openDocument(name, document, { zstd: this.zstd, opener: this.#opener }, limit);
  }
}

/** What a repository works with. */
export interface Means {
  readonly zstd: Zstd;
  readonly random: RandomSource;
  readonly sealing: Sealing;
}

/** Whether a target holds a repository: settings are what makes one. */
export async function holdsRepository(target: Target): Promise<boolean> {
  return (await listAll(target, "settings/")).length > 0;
}

/** An id for a new repository: 32 hexadecimal digits. */
export function newRepositoryId(random: RandomSource): string {
  return Buffer.from(random(ID_BYTES)).toString("hex");
}

/**
 * Makes a repository in an empty target.
 *
 * @throws {@link UsageError} if there is one already, or a size is not allowed.
 */
export async function createRepository(
  target: WritableTarget,
  owner: Ownership,
  sizes: Sizes,
  means: Pick<Means, "random" | "sealing">,
): Promise<Unlocked> {
  checkSizes(sizes);
  const { repository, recipients } = owner;
  const settings: Settings = { repository, n: 0, sizes, recipients };
  const secret = means.random(KEY_BYTES);
  const { index } = deriveKeys(repository, secret);
  const payload = encodeRepositoryKeys({ repository, secret, index });
  const keys = await means.sealing.message(recipients, payload);

  if (await holdsRepository(target)) throw alreadyThere(target);
  const n = (await listAll(target, "keys/")).length;
  await createOrRefuse(target, keysName(n), keys);
  if (owner.identity) {
    await createOrRefuse(target, identityName(n), Buffer.from(owner.identity));
  }
  const bytes = encodeSettings(settings);
  await createOrRefuse(target, settingsName(0), bytes);
  return { settings, fingerprint: objectHashOf(bytes), secret };
}

/**
 * Reads what is public: the settings, whose chain has to be whole.
 *
 * @throws {@link NotFoundError} if the target holds no repository.
 * @throws {@link CorruptError} if the chain of settings is broken.
 */
export async function readOutline(target: Target): Promise<Outline> {
  const names = await listAll(target, "settings/");
  let settings: Settings | undefined;
  let hash: string | undefined;
  let fingerprint = "";
  for (const { name } of names) {
    const bytes = await target.read(name, MAX_SETTINGS_BYTES);
    const next = decodeSettings(name, bytes);
    const n = settings === undefined ? 0 : settings.n + 1;
    if (name !== settingsName(n) || next.n !== n || next.previous !== hash) {
      throw new CorruptError(name, "it does not continue the chain of settings");
    }
    hash = objectHashOf(bytes);
    fingerprint ||= hash;
    settings = next;
  }
  if (settings === undefined) {
    throw new NotFoundError(`${target.location} holds no repository: make one with varve init`);
  }
  return { settings, fingerprint };
}

/**
 * Learns the repository secret from the repository itself, with a private key.
 *
 * @throws {@link AccessError} if nothing is sealed to this key.
 */
export async function unlockRepository(
  target: Target,
  outline: Outline,
  identity: MessageOpener,
): Promise<Unlocked> {
  const repository = outline.settings.repository;
  let refusal: unknown;
  for (const { name } of await listAll(target, "keys/")) {
    if (!name.endsWith(".pgp")) continue;
    try {
      const payload = await identity.open(name, await target.read(name, MAX_KEYS_BYTES));
      const keys = decodeRepositoryKeys(name, payload);
      if (keys.repository === repository) return { ...outline, secret: keys.secret };
    } catch (error) {
      // Other keys may be meant for other people.
      if (!(error instanceof AccessError)) throw error;
      refusal = error;
    }
  }
  throw new AccessError(`${target.location}: this private key does not open the repository`, {
    cause: refusal,
  });
}

/** The private keys that are kept in the repository, armored and locked. */
export async function storedIdentities(target: Target): Promise<string[]> {
  const identities: string[] = [];
  for (const { name } of await listAll(target, "keys/")) {
    if (!name.endsWith(".asc")) continue;
    identities.push(Buffer.from(await target.read(name, MAX_KEYS_BYTES)).toString("utf8"));
  }
  return identities;
}

async function listAll(target: Target, prefix: string): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const info of target.list(prefix)) found.push(info);
  return found;
}

async function createOrRefuse(
  target: WritableTarget,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  if ((await target.create(name, bytes)) === "exists") throw alreadyThere(target);
}

function alreadyThere(target: Target): UsageError {
  return new UsageError(
    `${target.location} holds a repository already, or one is being made there`,
  );
}
