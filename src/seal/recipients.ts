/**
 * Those who can read: their OpenPGP public keys, and messages sealed to them.
 *
 * A message is complete and self-contained: any tool of RFC 9580 that holds one
 * of the private keys opens it. It is SEIPDv2 with AES-256-GCM and nothing
 * else; a key that does not ask for that is refused, for its owner's tool may
 * be unable to read it.
 *
 * OpenPGP.js is loaded on first use: that takes 40 to 60 ms, which commands and
 * workers that need no key should not pay.
 */
import { randomBytes } from "node:crypto";
import type { PublicKey } from "openpgp";
import { UsageError } from "../errors.ts";
import { KEY_BYTES } from "./message-key.ts";

/** What can be said about a recipient without the private key. */
export interface Recipient {
  /** Hexadecimal, lower case. */
  readonly fingerprint: string;
  /** As the key states them: they prove nothing. */
  readonly userIds: readonly string[];
}

/** OpenPGP.js skips its checks of time for `null`; not all of its types tell. */
const ANY_TIME = null as unknown as Date;

/**
 * Checks that varve can seal to an armored public key.
 *
 * @throws {@link UsageError} if it is no public key, if it is a private one,
 * cannot be encrypted to, or does not ask for SEIPDv2 with AES-256-GCM.
 */
export async function readRecipient(armored: string): Promise<Recipient> {
  const key = await readPublicKey(armored);
  return { fingerprint: key.getFingerprint(), userIds: key.getUserIDs() };
}

/**
 * Seals `payload` to everybody in `recipients`, under a session key of its own.
 *
 * No clock is asked: keys that have expired, or seem to be of the future, are
 * sealed to like any other. Who may read is settled by the repository's
 * settings, and a host with a wrong clock has to make its backups too.
 *
 * @param recipients - armored public keys, at least one.
 * @returns a binary OpenPGP message, about 190 bytes longer than the payload
 * for one recipient, and 110 for each further one.
 * @throws {@link UsageError} as {@link readRecipient}.
 */
export async function sealTo(
  recipients: readonly string[],
  payload: Uint8Array,
): Promise<Uint8Array> {
  if (recipients.length === 0) throw new UsageError("nobody to seal to: name a recipient");
  const { createMessage, encrypt, enums } = await import("openpgp");
  return encrypt({
    message: await createMessage({ binary: payload, date: new Date(0) }),
    encryptionKeys: await Promise.all(recipients.map(readPublicKey)),
    // Without an explicit one OpenPGP.js settles on what all keys prefer, which
    // may be OCB in plain JavaScript.
    sessionKey: { data: randomBytes(KEY_BYTES), algorithm: "aes256", aeadAlgorithm: "gcm" },
    date: ANY_TIME,
    format: "binary",
    config: { preferredCompressionAlgorithm: enums.compression.uncompressed },
  });
}

async function readPublicKey(armored: string): Promise<PublicKey> {
  const { readKey } = await import("openpgp");
  let key: PublicKey;
  try {
    key = await readKey({ armoredKey: armored });
  } catch (error) {
    throw new UsageError("not an armored OpenPGP public key", { cause: error });
  }
  const fingerprint = key.getFingerprint();
  // It would be published with the settings.
  if (key.isPrivate()) {
    throw new UsageError(`${fingerprint} is a private key: give its public half to the repository`);
  }
  let asks: boolean;
  try {
    await key.getEncryptionKey(undefined, ANY_TIME);
    asks = await asksForGcm(key);
  } catch (error) {
    throw new UsageError(`the key ${fingerprint} cannot be encrypted to`, { cause: error });
  }
  if (!asks) throw new UsageError(`the key ${fingerprint} does not ask for AES-256-GCM`);
  return key;
}

/** Whether the owner's tool says that it reads what we write. */
async function asksForGcm(key: PublicKey): Promise<boolean> {
  const { enums, generateSessionKey } = await import("openpgp");
  const agreed = await generateSessionKey({
    encryptionKeys: key,
    date: ANY_TIME,
    config: {
      preferredSymmetricAlgorithm: enums.symmetric.aes256,
      preferredAEADAlgorithm: enums.aead.gcm,
    },
  });
  return agreed.algorithm === "aes256" && agreed.aeadAlgorithm === "gcm";
}
