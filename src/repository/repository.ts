/**
 * A repository: a target with settings, and the keys that every host shares.
 *
 * Settings 0 is created last and makes the repository; an `init` that was cut
 * off before leaves keys that nothing refers to.
 */
import type { Zstd } from "../compression/zstd.ts";
import { UsageError } from "../errors.ts";
import type { RandomSource } from "../flow.ts";
import { identityName } from "../format/names.ts";
import { KEY_BYTES } from "../format/secret.ts";
import type { PublicKey, Settings, Sizes } from "../format/settings.ts";
import { checkSizes } from "../format/settings.ts";
import type { SignedLines } from "../format/signed.ts";
import { openDocument, sealDocument } from "../pack/document.ts";
import type { Opener, Sealer } from "../seal/packet.ts";
import type { Sealing } from "../seal/sealing.ts";
import type { Signer } from "../seal/signature.ts";
import type { Target, WritableTarget } from "../target/target.ts";
import type { DerivedKeys } from "./derived-keys.ts";
import { deriveKeys, indexKey } from "./derived-keys.ts";
import { storeKeys } from "./key-messages.ts";
import type { Outline } from "./settings.ts";
import { holdsRepository, mustBeSigned, readOutline, signedLink } from "./settings.ts";
import { checkSigned, keysOfHost, keysOfKeepers } from "./signatures.ts";

const ID_BYTES = 16;

/** The secret part: what an enrolled host knows. */
export interface Unlocked extends Outline {
  readonly secret: Uint8Array;
}

/** What a new repository is, and who it belongs to. */
export interface Ownership
  extends Pick<Settings, "repository" | "packets" | "recipients" | "hosts"> {
  /** From {@link newSecret}: known beforehand, so that its first host can keep it first. */
  readonly secret: Uint8Array;
  /** An armored private key, locked by its passphrase, to be kept with the repository. */
  readonly identity?: string;
  /** Who sign the first settings: an identity, or a keeper among the hosts. */
  readonly signers: readonly Signer[];
}

/** What a repository works with. */
export interface Means {
  readonly zstd: Zstd;
  readonly random: RandomSource;
  readonly sealing: Sealing;
}

/** `waived`: the user takes what is there, whoever made it. */
export type SignaturePolicy = "required" | "waived";

/** A repository that is open for writing or reading metadata. */
export class Repository<T extends Target = Target> {
  readonly target: T;
  readonly settings: Settings;
  readonly unlocked: Unlocked;
  readonly keys: DerivedKeys;
  readonly zstd: Zstd;
  readonly signatures: SignaturePolicy;
  readonly #sealing: Sealing;
  readonly #sealer: Sealer;
  readonly #opener: Opener;

  constructor(
    target: T,
    unlocked: Unlocked,
    means: Means,
    signatures: SignaturePolicy = "required",
  ) {
    const { settings, secret } = unlocked;
    this.target = target;
    this.settings = settings;
    this.unlocked = unlocked;
    this.keys = deriveKeys(settings.repository, secret);
    this.zstd = means.zstd;
    this.signatures = signatures;
    this.#sealing = means.sealing;
    this.#sealer = means.sealing.sealer(indexKey(this.keys, settings.packets));
    this.#opener = means.sealing.opener(...this.keys.index);
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

  /** @throws {@link CorruptError} unless the host has signed these lines, or signatures are waived. */
  checkHost(name: string, lines: SignedLines, host: string): Promise<void> {
    return this.#check(name, lines, `host ${host}`, keysOfHost(this.settings, host));
  }

  /** The same for a keeper. */
  checkKeeper(name: string, lines: SignedLines): Promise<void> {
    return this.#check(name, lines, "a keeper", keysOfKeepers(this.settings));
  }

  async #check(
    name: string,
    lines: SignedLines,
    who: string,
    keys: readonly PublicKey[],
  ): Promise<void> {
    if (this.signatures === "waived") return;
    await checkSigned(name, lines, { who, keys, verify: this.#sealing.verify });
  }
}

/** An id for a new repository: 32 hexadecimal digits. */
export function newRepositoryId(random: RandomSource): string {
  return Buffer.from(random(ID_BYTES)).toString("hex");
}

/** The repository secret of a new repository. */
export function newSecret(random: RandomSource): Uint8Array {
  return random(KEY_BYTES);
}

/**
 * Makes a repository in an empty target.
 *
 * @throws {@link UsageError} if there is one already, or a size is not allowed.
 */
export async function createRepository(
  target: WritableTarget,
  { identity, signers, secret, ...owner }: Ownership,
  sizes: Sizes,
  { sealing }: Pick<Means, "sealing">,
): Promise<Unlocked> {
  checkSizes(sizes);
  if (await holdsRepository(target)) throw alreadyThere(target);
  const keys = await storeKeys(target, { ...owner, secret, sessions: [] }, sealing);
  if (identity !== undefined) {
    const name = identityName(keys.object);
    if ((await target.create(name, Buffer.from(identity))) === "exists") throw alreadyThere(target);
  }
  const link = await signedLink({ n: 0, sizes, ...owner, keys: [keys] }, signers);
  await mustBeSigned(link, link.settings, sealing.verify);
  if ((await target.create(link.object, link.bytes)) === "exists") throw alreadyThere(target);
  return { ...(await readOutline(target)), secret };
}

function alreadyThere(target: Target): UsageError {
  return new UsageError(
    `${target.location} holds a repository already, or one is being made there`,
  );
}
