/**
 * Detached signatures over bytes: one binary OpenPGP packet each, which
 * `gpg --verify` checks as well where the key is of version 4.
 *
 * A signature says that the holder of a key stood by these bytes, and nothing
 * about when: no clock is asked. A host whose clock runs fast has forged
 * nothing, and what a key signed holds on after the key has expired. What is
 * not signed is the signature packet itself: somebody else can change parts of
 * it that do not count, so no two signatures are to be compared by their bytes.
 */
import type { Key, PrivateKey, SecretKeyPacket } from "openpgp";
import { AccessError, UsageError } from "../errors.ts";
import { ANY_TIME, readOnlyKey } from "./key-text.ts";
import { packetBounds } from "./packet-bounds.ts";
import { checkUserId } from "./user-id.ts";

const MAX_SIGNATURE = 16 * 1024;
/** Over bytes as they are; other types are over text, keys, or nothing (RFC 9580 section 5.2.1). */
const BINARY_DOCUMENT = 0;
/** SHA-256, SHA-384, SHA-512, SHA3-256 and SHA3-512 (9.5). */
const HASHES: ReadonlySet<number | null> = new Set([8, 9, 10, 12, 14]);
/** A repository's hosts and recipients. */
const MAX_KNOWN_KEYS = 64;

/** Both halves of a host's key, armored. */
export interface SigningKey {
  readonly publicKey: string;
  readonly privateKey: string;
  readonly fingerprint: string;
}

/** A host's key, ready to sign. */
export interface Signer {
  readonly fingerprint: string;
  /** A detached signature over `bytes`, dated now. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/**
 * Makes a host's key: version 4, Ed25519 as gpg knows it, for signing only,
 * without subkeys or a passphrase. It never expires.
 *
 * @throws {@link UsageError} for a user id that is no line of 1 to 200 characters.
 */
export async function makeSigningKey(userId: string): Promise<SigningKey> {
  checkUserId(userId);
  const { generateKey, readKey } = await import("openpgp");
  const { publicKey, privateKey } = await generateKey({
    type: "ecc",
    curve: "ed25519Legacy",
    userIDs: { name: userId },
    subkeys: [],
    format: "armored",
    config: { v6Keys: false, aeadProtect: false },
  });
  const fingerprint = (await readKey({ armoredKey: publicKey })).getFingerprint();
  return { publicKey, privateKey, fingerprint };
}

/**
 * Reads a host's private key.
 *
 * @throws {@link UsageError} if it is none, is locked, or cannot sign.
 */
export async function readSigner(armoredPrivate: string): Promise<Signer> {
  const key = await readOnlyKey(armoredPrivate);
  const fingerprint = key.getFingerprint();
  if (!key.isPrivate()) throw new UsageError(`the key ${fingerprint} is a public key`);
  if (!key.keyPacket.isDecrypted()) throw new UsageError(`the key ${fingerprint} is locked`);
  const sign = (bytes: Uint8Array) => signWith(key, bytes);
  try {
    await sign(new Uint8Array());
  } catch (error) {
    throw new UsageError(`the key ${fingerprint} cannot sign`, { cause: error });
  }
  return { fingerprint, sign };
}

/**
 * A detached signature over `bytes` by the newest subkey that can sign, or else
 * by the primary key.
 *
 * @throws {@link AccessError} if none can: it has expired, is for another use, or
 * its secret part is not there.
 */
export async function signWith(key: PrivateKey, bytes: Uint8Array): Promise<Uint8Array> {
  const { createMessage, sign } = await import("openpgp");
  // To a clock that is behind, a key is of the future, and could not sign yet.
  const newest = Math.max(...key.getKeys().map((one) => one.getCreationTime().getTime()));
  const date = new Date(Math.max(Date.now(), newest));
  for (const candidate of signingOrder(key)) {
    const id = candidate.getKeyID();
    if (!(await canSign(key, id, date))) continue;
    return sign({
      message: await createMessage({ binary: bytes, date }),
      signingKeys: key,
      signingKeyIDs: id,
      detached: true,
      date,
      format: "binary",
    });
  }
  throw new AccessError(
    `the key ${key.getFingerprint()} cannot sign: what could has expired, or is not there`,
  );
}

type KeyID = ReturnType<Key["getKeyID"]>;

/** The parts of a key whose secrets are there: subkeys from the newest on, then the primary key. */
function signingOrder(key: PrivateKey): ReturnType<PrivateKey["getKeys"]> {
  const [primary, ...subkeys] = key.getKeys();
  subkeys.sort((a, b) => b.getCreationTime().getTime() - a.getCreationTime().getTime());
  return [...subkeys, ...(primary ? [primary] : [])].filter(({ keyPacket }) => {
    const secret = keyPacket as SecretKeyPacket;
    return !secret.isMissingSecretKeyMaterial() && secret.isDecrypted();
  });
}

function canSign(key: Key, id: KeyID, date: Date): Promise<boolean> {
  return key.getSigningKey(id, date).then(
    () => true,
    () => false,
  );
}

/**
 * Whether `signature` is one detached signature over exactly these bytes, made
 * by the key or by a signing subkey that it vouches for, with algorithms that
 * are still safe.
 *
 * @param publicKey - armored; what else it is, and whatever `signature` is,
 * gives false and never an error.
 */
export async function verifySignature(
  publicKey: string,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (!isOnePacket(signature)) return false;
  const { createMessage, readSignature } = await import("openpgp");
  try {
    const key = await knownKey(publicKey);
    const [packet] = (await readSignature({ binarySignature: signature })).packets;
    if (packet?.signatureType !== BINARY_DOCUMENT || !HASHES.has(packet.hashAlgorithm)) {
      return false;
    }
    const [signer] = key.getKeys(packet.issuerKeyID);
    if (signer === undefined) return false;
    const [literal] = (await createMessage({ binary: bytes })).packets;
    // Not OpenPGP.js's own `verify`: it holds the key's dates against the signature's.
    await packet.verify(signer.keyPacket, BINARY_DOCUMENT, literal as object, ANY_TIME, true);
    return await canSign(key, signer.getKeyID(), ANY_TIME);
  } catch {
    return false;
  }
}

/** Of packets that it does not know, OpenPGP.js would take no notice. */
function isOnePacket(bytes: Uint8Array): boolean {
  return bytes.length <= MAX_SIGNATURE && packetBounds(bytes)?.length === 1;
}

/** One key verifies thousands of signatures; parsed anew, each would check its self-signatures again. */
const knownKeys = new Map<string, Key>();

async function knownKey(armored: string): Promise<Key> {
  const known = knownKeys.get(armored);
  if (known !== undefined) return known;
  const key = await readOnlyKey(armored);
  const [oldest] = knownKeys.keys();
  if (knownKeys.size >= MAX_KNOWN_KEYS && oldest !== undefined) knownKeys.delete(oldest);
  knownKeys.set(armored, key);
  return key;
}
