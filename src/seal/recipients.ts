/**
 * Those who can read: their OpenPGP public keys, and messages sealed to them.
 *
 * A message is complete and self-contained: any tool that holds one of the
 * private keys opens it. It is SEIPDv1 with AES-256, which gpg reads as well as
 * everybody else; or SEIPDv2 with AES-256-GCM where all keys ask for that, for
 * the tool of an owner whose key does not may be unable to read it.
 *
 * OpenPGP.js is loaded on first use: that takes 40 to 60 ms, which commands and
 * workers that need no key should not pay.
 */
import { randomBytes } from "node:crypto";
import type { Key, PublicKey } from "openpgp";
import { UsageError } from "../errors.ts";
import type { PacketVersion } from "../format/secret.ts";
import { KEY_BYTES } from "../format/secret.ts";
import { ANY_TIME, describeKey, readKeyText, readOnlyKey } from "./key-text.ts";
import { usableKey } from "./usable-key.ts";

/** What can be said about a recipient without the private key. */
export interface Recipient {
  /** Hexadecimal, lower case: 40 digits, or 64 for a key of version 6. */
  readonly fingerprint: string;
  /** As the key states them: they prove nothing. */
  readonly userIds: readonly string[];
  /** The key with what counts of it, as it goes into the settings. */
  readonly armored: string;
  /** The format that the key asks for: 2 only where it says so. */
  readonly packets: PacketVersion;
}

/**
 * Reads armored public keys: one block or several, one key or several in each.
 *
 * @param now - what keys and subkeys must not have expired at.
 * @throws {@link UsageError} if one of them cannot be sealed to, naming it and
 * the reason; if there are other things, none at all, or one of them twice.
 */
export async function readRecipients(armored: string, now: Date): Promise<Recipient[]> {
  const recipients: Recipient[] = [];
  const seen = new Set<string>();
  for (const key of await readKeyText(armored)) {
    const usable = await usableKey(key, now);
    const fingerprint = usable.getFingerprint();
    if (seen.has(fingerprint)) throw new UsageError(`the key ${describeKey(key)} is there twice`);
    seen.add(fingerprint);
    recipients.push(await describe(usable));
  }
  return recipients;
}

async function describe(key: Key): Promise<Recipient> {
  return {
    fingerprint: key.getFingerprint(),
    userIds: key.getUserIDs(),
    armored: key.armor(),
    packets: (await asksForGcm(key)) ? 2 : 1,
  };
}

/** A recipient as the settings have it: whether it has expired since is no longer asked. */
export async function knownRecipient(armored: string): Promise<Recipient> {
  return await describe(await readOnlyKey(armored));
}

/**
 * Seals `payload` to everybody in `recipients`, under a session key of its own.
 *
 * No clock is asked: keys that have expired, or seem to be of the future, are
 * sealed to like any other. Who may read is settled by the repository's
 * settings, and a host with a wrong clock has to make its backups too.
 *
 * @param recipients - armored public keys, at least one, as {@link readRecipients}
 * gives them.
 * @returns a binary OpenPGP message, longer than the payload by 50 to 90 bytes,
 * and for each recipient by 85 to 110 with an elliptic curve, 270 to 530 with RSA.
 * @throws {@link UsageError} if one of them is no key to seal to, or does not ask
 * for packets of version 2 where they are to be made.
 */
export async function sealTo(
  recipients: readonly string[],
  payload: Uint8Array,
  packets: PacketVersion,
): Promise<Uint8Array> {
  if (recipients.length === 0) throw new UsageError("nobody to seal to: name a recipient");
  const { createMessage, encrypt, enums } = await import("openpgp");
  const encryptionKeys = await Promise.all(
    recipients.map((armored) => readEncryptionKey(armored, packets)),
  );
  return encrypt({
    message: await createMessage({ binary: payload, date: new Date(0) }),
    encryptionKeys,
    // Without an explicit one OpenPGP.js settles on what all keys prefer, which
    // may be OCB in plain JavaScript. The name of the mode makes it version 2.
    sessionKey: {
      data: randomBytes(KEY_BYTES),
      algorithm: "aes256",
      ...(packets === 2 ? { aeadAlgorithm: "gcm" } : {}),
    },
    date: ANY_TIME,
    format: "binary",
    config: { preferredCompressionAlgorithm: enums.compression.uncompressed },
  });
}

async function readEncryptionKey(armored: string, packets: PacketVersion): Promise<PublicKey> {
  const key = await readOnlyKey(armored);
  if (key.isPrivate()) throw new UsageError(`the key ${describeKey(key)} is a private key`);
  try {
    await key.getEncryptionKey(undefined, ANY_TIME);
  } catch (error) {
    throw new UsageError(`the key ${describeKey(key)} cannot be encrypted to`, { cause: error });
  }
  if (packets === 2 && !(await asksForGcm(key))) {
    throw new UsageError(`the key ${describeKey(key)} does not ask for AES-256-GCM`);
  }
  return key;
}

/**
 * Whether the owner's tool says that it reads SEIPDv2 with AES-256-GCM. gpg's own
 * mark of AEAD is another and means other packets.
 */
async function asksForGcm(key: Key): Promise<boolean> {
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
