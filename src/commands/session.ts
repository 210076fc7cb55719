/**
 * What commands have in common: from flags and environment to an open
 * repository, as a host that writes or as somebody who can read.
 */
import { hostname } from "node:os";
import { join } from "node:path";
import { Cache } from "../cache/cache.ts";
import { loadZstd } from "../compression/zstd.ts";
import { readEnrolment, writeEnrolment } from "../config/enrolment.ts";
import { askPassphrase, givenPassphrase, hasTerminal } from "../config/passphrase.ts";
import type { Places, Variables } from "../config/places.ts";
import { placesOf } from "../config/places.ts";
import { readPrivate } from "../config/private-file.ts";
import type { DigestEngine } from "../digest/digest.ts";
import { AccessError, NotFoundError, UsageError, VarveError } from "../errors.ts";
import { systemRandom } from "../flow.ts";
import { hostName } from "../format/names.ts";
import type { Means, Outline, Unlocked } from "../repository/repository.ts";
import {
  Repository,
  readOutline,
  storedIdentities,
  unlockRepository,
} from "../repository/repository.ts";
import type { Identity } from "../seal/identity.ts";
import { readIdentity } from "../seal/identity.ts";
import { openPgp } from "../seal/sealing.ts";
import { openTarget } from "../target/location.ts";
import type { PrunableTarget, WritableTarget } from "../target/target.ts";

/** The process, as far as commands look at it. */
export interface Environment {
  readonly variables: Variables;
  readonly places: Places;
  readonly host: string;
  readonly engine: DigestEngine;
  readonly means: Means;
}

/** @throws {@link UsageError} if a variable makes no sense. */
export async function readEnvironment(variables: Variables): Promise<Environment> {
  const digests = variables["VARVE_DIGESTS"] || "fastest";
  if (digests !== "fastest" && digests !== "hash-wasm") {
    throw new UsageError(`VARVE_DIGESTS should be fastest or hash-wasm, not "${digests}"`);
  }
  return {
    variables,
    places: placesOf(variables),
    host: hostName(hostname()),
    engine: digests,
    means: { zstd: await loadZstd(), random: systemRandom, sealing: openPgp(systemRandom) },
  };
}

/** Opens the target at an address, or the default one. */
export async function reachTarget(
  address: string | undefined,
  { places }: Environment,
): Promise<PrunableTarget> {
  try {
    return await openTarget(address ?? places.defaultTarget);
  } catch (error) {
    const isEmbedded = address === undefined && places.isEmbedded;
    if (!isEmbedded || !(error instanceof NotFoundError)) throw error;
    throw new NotFoundError(
      `nothing has been backed up to ${places.defaultTarget} yet: varve backup PATH makes a repository there`,
      { cause: error },
    );
  }
}

/** Opens a repository as a host of it: without a private key, once this machine is enrolled. */
export async function openAsHost(
  target: PrunableTarget,
  environment: Environment,
): Promise<Repository<WritableTarget>> {
  const outline = await readOutline(target);
  const unlocked =
    (await enrolled(outline, environment)) ?? (await enrol(target, outline, environment));
  return new Repository(target, unlocked, environment.means);
}

/** A repository and the identity that reads what is in it. */
export interface Readable {
  readonly repository: Repository<WritableTarget>;
  readonly identity: Identity;
}

/** Opens a repository for reading what was backed up. */
export async function openAsReader(
  target: PrunableTarget,
  environment: Environment,
): Promise<Readable> {
  const outline = await readOutline(target);
  const identity = await findIdentity(target, outline, environment);
  const unlocked =
    (await enrolled(outline, environment)) ?? (await unlockRepository(target, outline, identity));
  return { repository: new Repository(target, unlocked, environment.means), identity };
}

/**
 * Opens the cache of what a host has in a repository; where its directory
 * cannot be used, one in a temporary directory does.
 *
 * @param warn - is told so.
 */
export async function openCache(
  repository: Repository,
  host: string,
  { places }: Environment,
  warn: (text: string) => void,
): Promise<Cache> {
  const segmentSize = repository.settings.sizes.segment;
  const identity = { repository: repository.id, host, segmentSize };
  try {
    return await Cache.open(join(places.cache, repository.id, host), identity);
  } catch (error) {
    if (!(error instanceof VarveError)) throw error;
    warn(`${error.message} Going on with a temporary cache, which is slower.`);
    return Cache.temporary(identity);
  }
}

/** @throws {@link AccessError} if another repository answers under the same id. */
async function enrolled(outline: Outline, { places }: Environment): Promise<Unlocked | undefined> {
  const enrolment = await readEnrolment(places, outline.settings.repository);
  if (enrolment === undefined) return undefined;
  if (enrolment.fingerprint !== outline.fingerprint) {
    throw new AccessError(
      `the repository's fingerprint is ${outline.fingerprint}, and was ${enrolment.fingerprint}: ` +
        "somebody has put another repository in its place",
    );
  }
  return { ...outline, secret: enrolment.secret };
}

/** Makes this machine a host, with the private key: from then on it does without. */
async function enrol(
  target: PrunableTarget,
  outline: Outline,
  environment: Environment,
): Promise<Unlocked> {
  const identity = await findIdentity(target, outline, environment);
  const unlocked = await unlockRepository(target, outline, identity);
  await rememberHost(unlocked, environment);
  return unlocked;
}

/** Keeps what this machine needs as a host of the repository. */
export function rememberHost(unlocked: Unlocked, { places }: Environment): Promise<void> {
  const { settings, fingerprint, secret } = unlocked;
  return writeEnrolment(places, { repository: settings.repository, fingerprint, secret });
}

/** Where a private key is kept that is not in its repository. */
export function identityPath({ places }: Environment, repository: string): string {
  return join(places.identities, `${repository}.asc`);
}

/**
 * Finds and unlocks the private key: the file that VARVE_IDENTITY names, else
 * the one kept on this machine, else the one kept in the repository.
 */
async function findIdentity(
  target: PrunableTarget,
  outline: Outline,
  environment: Environment,
): Promise<Identity> {
  const named = environment.variables["VARVE_IDENTITY"];
  const path = named || identityPath(environment, outline.settings.repository);
  const text = await readPrivate(path);
  if (text === undefined && named) throw new NotFoundError(`there is no ${named} (VARVE_IDENTITY)`);
  const armored = text ?? (await storedIdentities(target))[0];
  const isStored = text === undefined;
  if (armored === undefined) {
    throw new AccessError(
      `reading ${target.location} takes its private key: name its file in VARVE_IDENTITY`,
    );
  }
  const identity = await readIdentity(armored);
  // No varve keeps a bare key in a repository. Who did wants us to take the repository for ours.
  if (isStored && !identity.locked) {
    throw new AccessError(
      `the private key in ${target.location} is not locked: somebody else put it there. ` +
        "Name the file of yours in VARVE_IDENTITY.",
    );
  }
  return identity.locked ? identity.unlock(await passphrase(environment)) : identity;
}

async function passphrase({ variables }: Environment): Promise<string> {
  const given = await givenPassphrase(variables);
  if (given !== undefined) return given;
  if (hasTerminal()) return askPassphrase("Passphrase of the private key: ");
  throw new UsageError(
    "the private key is locked and there is no terminal to ask on: " +
      "set VARVE_PASSPHRASE, VARVE_PASSPHRASE_FILE or VARVE_PASSPHRASE_COMMAND",
  );
}
