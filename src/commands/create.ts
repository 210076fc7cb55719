/** Making a repository with a key pair of its own: for `init`, and on first use. */

import { askPassphrase, givenPassphrase, hasTerminal } from "../config/passphrase.ts";
import { writePrivate } from "../config/private-file.ts";
import { UsageError } from "../errors.ts";
import type { Sizes } from "../format/settings.ts";
import type { Unlocked } from "../repository/repository.ts";
import { createRepository, holdsRepository, newRepositoryId } from "../repository/repository.ts";
import { makeKeyPair } from "../seal/identity.ts";
import type { PrunableTarget } from "../target/target.ts";
import type { Environment } from "./session.ts";
import { identityPath, rememberHost } from "./session.ts";

/** Where the private key stays: with the repository, which takes a passphrase, or on this machine. */
export type KeyKeeping = "in" | "out";

export interface NewRepository {
  readonly target: PrunableTarget;
  readonly sizes: Sizes;
  /** Nothing: the private key is not locked. */
  readonly passphrase: string | undefined;
  readonly keep: KeyKeeping;
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

/** Makes a repository and enrols this machine. */
export async function makeRepository(
  { target, sizes, passphrase, keep }: NewRepository,
  environment: Environment,
): Promise<Made> {
  if (keep === "in" && passphrase === undefined) {
    throw new UsageError(
      "a private key without a passphrase is not kept in the repository: --keep-identity out",
    );
  }
  const { publicKey, privateKey } = await makeKeyPair("varve", passphrase);
  const repository = newRepositoryId(environment.means.random);
  const owner = { repository, recipients: [publicKey] };
  if (keep === "in") {
    const unlocked = await createRepository(
      target,
      { ...owner, identity: privateKey },
      sizes,
      environment.means,
    );
    await rememberHost(unlocked, environment);
    return describeMade(unlocked, target.location, {
      identity: target.location,
      note: "in the repository, locked by its passphrase",
    });
  }
  // First of all: what is sealed to a key that is lost is lost.
  const identity = identityPath(environment, repository);
  await writePrivate(identity, privateKey);
  const unlocked = await createRepository(target, owner, sizes, environment.means);
  await rememberHost(unlocked, environment);
  const note = passphrase === undefined ? "NOT locked by a passphrase" : "locked by its passphrase";
  return describeMade(unlocked, target.location, { identity, note });
}

function describeMade(
  { settings: { repository }, fingerprint }: Unlocked,
  target: string,
  { identity, note }: { readonly identity: string; readonly note: string },
): Made {
  return {
    event: { event: "created", target, repository, fingerprint, identity },
    text: [
      `made repository ${repository} in ${target}`,
      `fingerprint  ${fingerprint}`,
      `private key  ${identity}, ${note}`,
      "Keep a copy of both elsewhere: without the private key nothing can be restored.",
    ].join("\n"),
  };
}

/**
 * The passphrase for a new key: given beforehand, or asked for twice.
 *
 * @returns nothing if there is nobody to ask.
 * @throws {@link UsageError} if the two differ.
 */
export async function newPassphrase({ variables }: Environment): Promise<string | undefined> {
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
