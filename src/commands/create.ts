/** Making a repository: for `init`, and on first use. */

import { dropEnrolment, writeEnrolment } from "../config/enrolment.ts";
import { askPassphrase, givenPassphrase, hasTerminal } from "../config/passphrase.ts";
import { writePrivate } from "../config/private-file.ts";
import { UsageError } from "../errors.ts";
import type { HostKey, PublicKey, Sizes } from "../format/settings.ts";
import type { Ownership, Unlocked } from "../repository/repository.ts";
import { createRepository, newRepositoryId, newSecret } from "../repository/repository.ts";
import { holdsRepository } from "../repository/settings.ts";
import { makeKeyPair, readIdentity } from "../seal/identity.ts";
import type { Recipient } from "../seal/recipients.ts";
import type { Signer } from "../seal/signature.ts";
import { makeSigningKey, readSigner } from "../seal/signature.ts";
import { canonicalLocation } from "../target/location.ts";
import type { PrunableTarget } from "../target/target.ts";
import type { Environment } from "./environment.ts";
import { identityPath } from "./identities.ts";
import { remember } from "./memory.ts";

/** Where the private key stays: with the repository, which takes a passphrase, or on this machine. */
export type KeyKeeping = "in" | "out";

export interface NewRepository {
  readonly target: PrunableTarget;
  readonly sizes: Sizes;
}

/** A key pair that is made with the repository. */
export interface NewIdentity {
  /** Nothing: the private key is not locked. */
  readonly passphrase: string | undefined;
  readonly keep: KeyKeeping;
}

/** Keys that exist, and the identities among them that are at hand to sign. */
export interface NewRecipients {
  readonly recipients: readonly Recipient[];
  readonly signers: readonly Signer[];
}

/** What is to be told of a new repository, to programs and to people. */
export interface Made {
  readonly event: object;
  readonly text: string;
}

/** @throws {@link UsageError} if the target holds a repository already. */
export async function refuseRepository(target: PrunableTarget): Promise<void> {
  if (await holdsRepository(target)) {
    throw new UsageError(`${target.location} holds a repository already: choose another target`);
  }
}

/** Makes a repository with a key pair of its own, and makes this machine a keeper of it. */
export async function makeOwnRepository(
  wanted: NewRepository,
  { passphrase, keep }: NewIdentity,
  environment: Environment,
): Promise<Made> {
  if (keep === "in" && passphrase === undefined) {
    throw new UsageError(
      "a private key without a passphrase is not kept in the repository: --keep-identity out",
    );
  }
  const { publicKey, privateKey, fingerprint } = await makeKeyPair("varve", passphrase);
  const locked = await readIdentity(privateKey);
  const identity = locked.locked ? await locked.unlock(passphrase ?? "") : locked;
  const repository = newRepositoryId(environment.means.random);
  const path = identityPath(environment, repository);
  // First of all: what is sealed to a key that is lost is lost.
  if (keep === "out") await writePrivate(path, privateKey);
  const unlocked = await makeRepository(
    wanted,
    {
      repository,
      packets: 2,
      recipients: [{ fingerprint, key: publicKey }],
      ...(keep === "in" ? { identity: privateKey } : {}),
      signers: [identity],
    },
    environment,
  );
  const where = keep === "in" ? wanted.target.location : path;
  const lock = passphrase === undefined ? "NOT locked by a passphrase" : "locked by its passphrase";
  const note = keep === "in" ? `in the repository, ${lock}` : lock;
  return describeMade(unlocked, wanted.target.location, {
    identity: where,
    lines: [`private key  ${where}, ${note}`],
  });
}

/** Makes a repository for keys that exist already. */
export async function makeRepositoryFor(
  wanted: NewRepository,
  { recipients, signers }: NewRecipients,
  environment: Environment,
): Promise<Made> {
  const unlocked = await makeRepository(
    wanted,
    {
      repository: newRepositoryId(environment.means.random),
      // One format for all: what one of them cannot read, none gets.
      packets: recipients.every(({ packets }) => packets === 2) ? 2 : 1,
      recipients: recipients.map(publicKeyOf),
      signers,
    },
    environment,
  );
  return describeMade(unlocked, wanted.target.location, {
    identity: undefined,
    lines: recipients.map(
      ({ fingerprint, userIds }) => `readable by  ${fingerprint} ${userIds[0] ?? ""}`,
    ),
  });
}

export function publicKeyOf({ fingerprint, armored }: Recipient): PublicKey {
  return { fingerprint, key: armored };
}

/** Makes it, enrols this machine as its first host and keeper, and remembers both. */
async function makeRepository(
  { target, sizes }: NewRepository,
  owner: Omit<Ownership, "hosts" | "secret">,
  environment: Environment,
): Promise<Unlocked> {
  const { host, means, places } = environment;
  const { publicKey, privateKey, fingerprint } = await makeSigningKey(`varve host ${host}`);
  const keeper: HostKey = { name: host, fingerprint, key: publicKey, keeper: true };
  // The identity's word is enough; without it the keeper's has to do.
  const signers = owner.signers.length > 0 ? owner.signers : [await readSigner(privateKey)];
  const { repository } = owner;
  const secret = newSecret(means.random);
  // First of all: nobody else has the keeper's key.
  await writeEnrolment(places, { repository, host, secret, signingKey: privateKey });
  const unlocked = await createRepository(
    target,
    { ...owner, secret, hosts: [keeper], signers },
    sizes,
    means,
  ).catch(async (error: unknown) => {
    await dropEnrolment(places, repository);
    throw error;
  });
  await remember(unlocked, canonicalLocation(target.location), environment);
  return unlocked;
}

function describeMade(
  { settings: { repository }, fingerprint }: Unlocked,
  target: string,
  { identity, lines }: { readonly identity: string | undefined; readonly lines: string[] },
): Made {
  return {
    event: { event: "created", target, repository, fingerprint, identity },
    text: [
      `made repository ${repository} in ${target}`,
      `fingerprint  ${fingerprint}`,
      ...lines,
      identity === undefined
        ? "Keep the fingerprint with the private key: without the key nothing can be restored."
        : "Keep a copy of both elsewhere: without the private key nothing can be restored.",
    ].join("\n"),
  };
}

/**
 * The passphrase for a new key: given beforehand, or asked for twice.
 *
 * @returns nothing if there is nobody to ask.
 * @throws {@link UsageError} if the two differ.
 */
export async function newPassphrase({
  variables,
}: Pick<Environment, "variables">): Promise<string | undefined> {
  const given = await givenPassphrase(variables);
  if (given !== undefined) return given;
  if (!hasTerminal()) return undefined;
  const first = await askPassphrase("Passphrase for the new private key: ");
  if (first === "")
    throw new UsageError("the passphrase is empty: say --no-passphrase if you mean it");
  const second = await askPassphrase("The same once more: ");
  if (first !== second) throw new UsageError("the two passphrases differ");
  return first;
}

/** @throws {@link UsageError} if there is no passphrase, and nobody to ask. */
export async function neededPassphrase(
  environment: Pick<Environment, "variables">,
): Promise<string> {
  const passphrase = await newPassphrase(environment);
  if (passphrase !== undefined) return passphrase;
  throw new UsageError(
    "no passphrase for the private key, and no terminal to ask on: set VARVE_PASSPHRASE, " +
      "VARVE_PASSPHRASE_FILE or VARVE_PASSPHRASE_COMMAND, or say --no-passphrase",
  );
}
