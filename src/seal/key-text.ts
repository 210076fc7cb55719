/**
 * Text with OpenPGP keys in it, as `gpg --export --armor` writes it: cut into
 * keys. A text gives all of its keys or none: to pass over one would leave out
 * a recipient that its owner counts on.
 */
import type { Key } from "openpgp";
import { UsageError } from "../errors.ts";
import type { PacketBounds } from "./packet-bounds.ts";
import { packetBounds } from "./packet-bounds.ts";

/** Enough for 100 keys without other people's signatures. */
const MAX_TEXT = 2 ** 20;
const MAX_KEYS = 100;

/** The packets that a key begins with (RFC 9580 section 5). */
const SECRET_KEY = 5;
const PUBLIC_KEY = 6;
const USER_ID = 13;

/**
 * OpenPGP.js skips its checks of time for `null`; not all of its types tell.
 */
export const ANY_TIME: Date = null as unknown as Date;

/**
 * Reads armored keys, public or private: one block or several, one or several in each.
 *
 * Nothing is believed of them yet: neither signatures nor dates are checked.
 *
 * @throws {@link UsageError} if there is anything else, too much of it, or a key
 * that OpenPGP.js cannot read. No error quotes the text or has a cause that
 * might: it may be a private key.
 */
export async function readKeyText(armored: string): Promise<Key[]> {
  if (armored.length > MAX_TEXT) {
    throw new UsageError(`the text of the keys is longer than ${MAX_TEXT} characters`);
  }
  const blocks = armored.split(/^(?=-----BEGIN )/m).filter((part) => part.startsWith("-----"));
  const keys: Key[] = [];
  for (const block of blocks) {
    const bytes = await readBlock(block);
    for (const packets of keysIn(bytes)) {
      if (keys.length === MAX_KEYS) throw new UsageError(`there are more than ${MAX_KEYS} keys`);
      keys.push(await readOne(bytes, packets));
    }
  }
  if (keys.length === 0) throw notKeys();
  return keys;
}

/** Reads a text that has exactly one key, as {@link readKeyText} does. */
export async function readOnlyKey(armored: string): Promise<Key> {
  const [key, ...others] = await readKeyText(armored);
  if (key === undefined) throw notKeys();
  if (others.length > 0) {
    const fingerprints = [key, ...others].map((one) => one.getFingerprint());
    throw new UsageError(`there are several keys: give one alone of ${fingerprints.join(", ")}`);
  }
  return key;
}

/** The fingerprint of the one key in a text. @throws as {@link readOnlyKey}. */
export async function fingerprintOf(armored: string): Promise<string> {
  return (await readOnlyKey(armored)).getFingerprint();
}

/** How errors call a key: its fingerprint and the first of its user ids. */
export function describeKey(key: Key): string {
  const [userId] = key.getUserIDs();
  return userId === undefined ? key.getFingerprint() : `${key.getFingerprint()} (${userId})`;
}

async function readBlock(block: string): Promise<Uint8Array> {
  const { enums, unarmor } = await import("openpgp");
  try {
    const { type, data } = await unarmor(block);
    if (type !== enums.armor.publicKey && type !== enums.armor.privateKey) throw notKeys();
    // A stream only where the text was one.
    return data as unknown as Uint8Array;
  } catch {
    throw notKeys();
  }
}

/** The packets of each key. */
function keysIn(bytes: Uint8Array): PacketBounds[][] {
  const keys: PacketBounds[][] = [];
  for (const packet of packetBounds(bytes) ?? []) {
    if (packet.type === PUBLIC_KEY || packet.type === SECRET_KEY) keys.push([]);
    const last = keys.at(-1);
    if (last === undefined) throw notKeys();
    last.push(packet);
  }
  if (keys.length === 0) throw notKeys();
  return keys;
}

async function readOne(bytes: Uint8Array, packets: readonly PacketBounds[]): Promise<Key> {
  const { readKey } = await import("openpgp");
  const [first, last] = [packets[0], packets.at(-1)];
  try {
    return await readKey({ binaryKey: bytes.subarray(first?.start, last?.end) });
  } catch {
    throw new UsageError(
      `the key ${userIdIn(bytes, packets)} is damaged, or of a kind that varve cannot use: ` +
        "it takes versions 4 and 6, with RSA or an elliptic curve",
    );
  }
}

/** As it stands there: OpenPGP.js could not make a key of it. */
function userIdIn(bytes: Uint8Array, packets: readonly PacketBounds[]): string {
  const packet = packets.find(({ type }) => type === USER_ID);
  if (packet === undefined) return "without a user id";
  return `of ${Buffer.from(bytes.subarray(packet.body, packet.end)).toString("utf8")}`;
}

function notKeys(): UsageError {
  return new UsageError("not an armored OpenPGP key");
}
