/**
 * Finding the private key: the file that VARVE_IDENTITY names, else the one
 * that is kept on this machine, else gpg's, else the one kept in the repository.
 */
import { join } from "node:path";
import { askPassphrase, givenPassphrase, hasTerminal } from "../config/passphrase.ts";
import { readPrivate } from "../config/private-file.ts";
import { AccessError, NotFoundError, UsageError } from "../errors.ts";
import { storedIdentities } from "../repository/key-messages.ts";
import type { Outline } from "../repository/settings.ts";
import { exportKeys, gpgIdentity, secretKeys } from "../seal/gpg.ts";
import type { Identity, LockedIdentity } from "../seal/identity.ts";
import { readIdentity } from "../seal/identity.ts";
import type { Recipient } from "../seal/recipients.ts";
import type { Target } from "../target/target.ts";
import type { Environment } from "./environment.ts";

/** What VARVE_IDENTITY says for the keys that gpg holds. */
const GPG = "gpg";

/** Where a private key is kept that is not in its repository. */
export function identityPath({ places }: Environment, repository: string): string {
  return join(places.identities, `${repository}.asc`);
}

/**
 * Finds and unlocks the private key of a repository.
 *
 * @throws {@link AccessError} if there is none, or the passphrase is wrong.
 */
export async function findIdentity(
  target: Target,
  outline: Outline,
  environment: Environment,
): Promise<Identity> {
  if (environment.variables["VARVE_IDENTITY"] === GPG) return await neededGpg(outline, environment);
  const named = await namedIdentity(environment);
  if (named !== undefined) return named;
  const text = await readPrivate(identityPath(environment, outline.settings.repository));
  const kept = text === undefined ? undefined : await readIdentity(text);
  const { recipients } = outline.settings;
  const isReader = recipients.some(({ fingerprint }) => fingerprint === kept?.fingerprint);
  if (kept !== undefined && isReader) return await unlock(kept, environment);
  // One that can read no more opens what is old, where there is no other.
  const other = await ofGpg(outline, environment);
  if (other !== undefined) return other;
  return await (kept === undefined
    ? stored(target, outline, environment)
    : unlock(kept, environment));
}

/**
 * The identity in the file that VARVE_IDENTITY names; nothing if it names none.
 *
 * @throws {@link NotFoundError} if there is no such file.
 */
export async function namedIdentity(environment: Environment): Promise<Identity | undefined> {
  const named = environment.variables["VARVE_IDENTITY"];
  if (!named || named === GPG) return undefined;
  const text = await readPrivate(named);
  if (text === undefined) throw new NotFoundError(`there is no ${named} (VARVE_IDENTITY)`);
  return await unlock(await readIdentity(text), environment);
}

async function neededGpg(outline: Outline, environment: Environment): Promise<Identity> {
  const identity = await ofGpg(outline, environment);
  if (identity !== undefined) return identity;
  throw new AccessError("gpg holds none of the private keys that can read this repository");
}

async function ofGpg(
  { settings }: Outline,
  environment: Environment,
): Promise<Identity | undefined> {
  const [held] = await secretKeys(settings.recipients.map(({ fingerprint }) => fingerprint));
  const known = settings.recipients.find(({ fingerprint }) => fingerprint === held);
  if (known === undefined) return undefined;
  return await gpgIdentityOf({ fingerprint: known.fingerprint, armored: known.key }, environment);
}

/**
 * An identity of gpg's.
 *
 * @param recipient - as the repository has it: what is signed has to be good by that. What the
 * repository is believed by is the key in the keyring, for settings may lie about it.
 */
export async function gpgIdentityOf(
  recipient: Pick<Recipient, "fingerprint" | "armored">,
  { variables }: Pick<Environment, "variables">,
): Promise<Identity> {
  const publicKey = await exportKeys(recipient.fingerprint);
  return { ...gpgIdentity(recipient, await givenPassphrase(variables)), publicKey };
}

async function stored(
  target: Target,
  { settings }: Outline,
  environment: Environment,
): Promise<Identity> {
  const found = await readStored(target);
  if (found.length === 0) {
    throw new AccessError(
      `reading ${target.location} takes its private key: name its file in VARVE_IDENTITY, or have it in gpg`,
    );
  }
  // No varve keeps a bare secret in a repository. Who did wants us to take the repository for ours.
  const locked = found.filter((identity) => identity.locked && identity.whole);
  const readers = new Set(settings.recipients.map(({ fingerprint }) => fingerprint));
  const identity = locked.find(({ fingerprint }) => readers.has(fingerprint)) ?? locked[0];
  if (identity !== undefined) return await unlock(identity, environment);
  throw new AccessError(
    `the private key in ${target.location} is not locked: somebody else put it there. ` +
      "Name the file of yours in VARVE_IDENTITY.",
  );
}

/** The private keys in a repository; anybody can put others beside them, or what is none. */
async function readStored(target: Target): Promise<(Identity | LockedIdentity)[]> {
  const found: (Identity | LockedIdentity)[] = [];
  for (const armored of await storedIdentities(target)) {
    try {
      found.push(await readIdentity(armored));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
  return found;
}

async function unlock(
  identity: Identity | LockedIdentity,
  environment: Environment,
): Promise<Identity> {
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
