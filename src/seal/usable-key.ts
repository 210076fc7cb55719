/**
 * What of a public key counts for sealing to it: its latest own signatures that
 * hold, and the user ids and subkeys that they vouch for. Everything else is
 * left out: what other people signed, pictures, subkeys that nobody may seal to
 * any more. What is left is small, and leaves OpenPGP.js no choice but the
 * subkeys that were good when the recipient was named.
 *
 * Signatures are judged without a clock, for those of the machine that made the
 * key and of this one differ. Only expiry is held against the time.
 */
import type { Config, Key, PublicKey, SignaturePacket, Subkey } from "openpgp";
import { UsageError } from "../errors.ts";
import { ANY_TIME, describeKey } from "./key-text.ts";

/** Types of signatures, RFC 9580 section 5.2.1. */
const CERTIFICATION = 0x10;
const SUBKEY_BINDING = 0x18;
const DIRECT_KEY = 0x1f;

/** Key flags, 5.2.3.29. */
const SIGNS = 0x02;
const ENCRYPTS = 0x04 | 0x08;

type Packet = ReturnType<Key["toPacketList"]>[number];

/**
 * The part of `key` that is sealed to.
 *
 * @throws {@link UsageError} if there is none, naming the key and the reason.
 */
export async function usableKey(key: Key, now: Date): Promise<PublicKey> {
  const refusal = (problem: string) => new UsageError(`the key ${describeKey(key)} ${problem}`);
  // It would be published with the settings.
  if (key.isPrivate()) throw refusal("is a private key: give its public half to the repository");
  if (await key.isRevoked(undefined, undefined, ANY_TIME)) throw refusal("was revoked");
  const expires = await key.getExpirationTime();
  if (expires === null) throw refusal("has no user id that it signed itself, or revoked them all");
  if (expires <= now) throw refusal(`expired on ${day(expires)}`);

  const { config } = await import("openpgp");
  const { usable, flaw } = await usablePart(key, now);
  if (await canSealTo(usable, config)) return usable;
  if (flaw !== undefined) throw refusal(flaw);
  throw refusal(
    (await canSealTo(usable, ofAnyStrength(config)))
      ? "is too weak: RSA shorter than 2047 bits, DSA, ElGamal or an unsafe curve"
      : "can only sign: it has no subkey for encryption that varve knows",
  );
}

async function canSealTo(key: PublicKey, config: Config): Promise<boolean> {
  return key.getEncryptionKey(undefined, ANY_TIME, undefined, config).then(
    () => true,
    () => false,
  );
}

function ofAnyStrength(config: Config): Config {
  const rejectPublicKeyAlgorithms: Config["rejectPublicKeyAlgorithms"] = new Set();
  const rejectCurves: Config["rejectCurves"] = new Set();
  return { ...config, minRSABits: 0, rejectPublicKeyAlgorithms, rejectCurves };
}

interface UsablePart {
  readonly usable: PublicKey;
  /** Why a subkey for encryption is not among it. */
  readonly flaw: string | undefined;
}

async function usablePart(key: Key, now: Date): Promise<UsablePart> {
  const { PacketList, PublicKey } = await import("openpgp");
  const counting = new Set<Packet>([key.keyPacket]);
  for (const packet of await statements(key)) counting.add(packet);
  let flaw: string | undefined;
  for (const subkey of key.subkeys) {
    const binding = await latest(key, subkey.bindingSignatures, {
      type: SUBKEY_BINDING,
      about: { bind: subkey.keyPacket },
    });
    if (binding === undefined) continue;
    const found = await flawOf(subkey, binding, now);
    if (found === undefined) counting.add(subkey.keyPacket).add(binding);
    else if (uses(binding, ENCRYPTS)) flaw = `has an encryption subkey that ${found}`;
  }
  const packets = new PacketList<Packet>();
  packets.push(...key.toPacketList().filter((packet) => counting.has(packet)));
  return { usable: new PublicKey(packets), flaw };
}

/** What a key says of itself as a whole, and the user ids that it stands by. */
async function statements(key: Key): Promise<Packet[]> {
  const direct = key
    .toPacketList()
    .filter((packet): packet is SignaturePacket => typeOf(packet) === DIRECT_KEY);
  const whole = await latest(key, direct, { type: DIRECT_KEY, about: {} });
  const packets: Packet[] = whole === undefined ? [] : [whole];
  for (const user of key.users) {
    const { userID, selfCertifications } = user;
    if (userID === null) continue;
    const claim = { type: CERTIFICATION, about: { userID } } as const;
    const certification = await latest(key, selfCertifications, claim);
    if (certification === undefined) continue;
    if (await user.isRevoked(certification, key.keyPacket, ANY_TIME)) continue;
    packets.push(userID, certification);
  }
  return packets;
}

function typeOf(packet: Packet): number | null {
  return "signatureType" in packet ? packet.signatureType : null;
}

/** Why nobody seals to a subkey, or checks signatures with it. */
async function flawOf(
  subkey: Subkey,
  binding: SignaturePacket,
  now: Date,
): Promise<string | undefined> {
  const primary = subkey.mainKey.keyPacket;
  if (await subkey.isRevoked(binding, primary, ANY_TIME)) return "was revoked";
  if (!uses(binding, ENCRYPTS)) return uses(binding, SIGNS) ? undefined : "has another use";
  const expires = await subkey.getExpirationTime(ANY_TIME);
  return expires === null || expires > now ? undefined : `expired on ${day(expires)}`;
}

function uses(binding: SignaturePacket, flags: number): boolean {
  return ((binding.keyFlags?.[0] ?? 0) & flags) !== 0;
}

/** What a signature should be, and about what. */
interface Claim {
  readonly type: typeof CERTIFICATION | typeof SUBKEY_BINDING | typeof DIRECT_KEY;
  readonly about: object;
}

/** The latest of the signatures that `key` itself made and that hold. */
async function latest(
  key: Key,
  signatures: readonly SignaturePacket[],
  { type, about }: Claim,
): Promise<SignaturePacket | undefined> {
  const data = { key: key.keyPacket, ...about };
  let found: SignaturePacket | undefined;
  for (const signature of signatures) {
    if (found !== undefined && Number(signature.created) <= Number(found.created)) continue;
    try {
      await signature.verify(key.keyPacket, type, data, ANY_TIME);
      found = signature;
    } catch {
      // Somebody else's, or damaged.
    }
  }
  return found;
}

/** `2026-07-31`. */
function day(time: Date | number): string {
  return new Date(time).toISOString().slice(0, 10);
}
