/** From what the user says of keys to recipients: files, or keys in gpg's keyring. */
import { readFile, stat } from "node:fs/promises";
import { AccessError, UsageError, VarveError } from "../errors.ts";
import { exportKeys, secretKeys } from "../seal/gpg.ts";
import type { Recipient } from "../seal/recipients.ts";
import { readRecipients } from "../seal/recipients.ts";
import type { Signer } from "../seal/signature.ts";
import type { Environment } from "./environment.ts";
import { gpgIdentityOf, namedIdentity } from "./identities.ts";

const MAX_FILE_BYTES = 2 ** 20;

/**
 * The keys that are meant, each once.
 *
 * @param given - files, or what gpg finds keys by.
 * @throws {@link UsageError} if one is no key that can be sealed to, and says why.
 * @throws {@link NotFoundError} if there is none.
 */
export async function findRecipients(given: readonly string[]): Promise<Recipient[]> {
  const found = new Map<string, Recipient>();
  for (const name of given) {
    const armored = (await keyFile(name)) ?? (await exportKeys(name));
    for (const recipient of await explained(name, readRecipients(armored, new Date()))) {
      found.set(recipient.fingerprint, recipient);
    }
  }
  return [...found.values()];
}

/**
 * The identity at hand that can sign for these keys, or none: by the file that is named, else
 * gpg's, which may not be allowed to use it now.
 */
export async function signersAmong(
  recipients: readonly Recipient[],
  environment: Environment,
): Promise<Signer[]> {
  const fingerprints = recipients.map(({ fingerprint }) => fingerprint);
  const named = await namedIdentity(environment);
  if (named !== undefined && fingerprints.includes(named.fingerprint)) return [named];
  const [held] = await secretKeys(fingerprints);
  const recipient = recipients.find(({ fingerprint }) => fingerprint === held);
  if (recipient === undefined) return [];
  const identity = await gpgIdentityOf(recipient, environment);
  try {
    // Whether it signs is only known once it has.
    await identity.sign(Buffer.from("varve\n"));
    return [identity];
  } catch (error) {
    if (!(error instanceof VarveError)) throw error;
    environment.tell(`${error.message}: a keeper's signature has to do`);
    return [];
  }
}

/** What a file holds, if there is one of this name. */
async function keyFile(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new UsageError(`${path} is too long for a key`);
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof VarveError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new AccessError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** With what was said in front: of several keys one may be wrong. */
async function explained<T>(name: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${name}: ${error.message}`, { cause: error });
  }
}
