/** Signatures that OpenPGP.js would not make by itself, by keys that it has. */
import type { PrivateKey } from "openpgp";
import { config, createMessage, enums, PacketList, SignaturePacket } from "openpgp";

export interface Odd {
  readonly type?: enums.signature;
  readonly hash?: enums.hash;
  readonly date?: Date;
  /** Of the signature, in seconds. */
  readonly expires?: number;
  /** The fingerprint of the subkey that signs, in place of the primary key. */
  readonly subkey?: string;
  readonly notations?: SignaturePacket["rawNotations"];
  /** A subpacket that is signed, behind its length. */
  readonly subpacket?: Uint8Array;
}

/** A detached signature over `bytes`, or over the first user id if it is a certification. */
export async function oddSignature(
  key: PrivateKey,
  bytes: Uint8Array,
  odd: Odd = {},
): Promise<Uint8Array> {
  const { type = enums.signature.binary, hash = enums.hash.sha512 } = odd;
  const signer = key.getKeys().find((one) => one.getFingerprint() === odd.subkey) ?? key;
  const packet = new SignaturePacket();
  packet.signatureType = type;
  packet.publicKeyAlgorithm = signer.keyPacket.algorithm;
  packet.hashAlgorithm = hash;
  packet.rawNotations = [...(odd.notations ?? [])];
  packet.signatureExpirationTime = odd.expires ?? null;
  if (odd.subpacket !== undefined) addSubpacket(packet, odd.subpacket);
  const isCertification = type === enums.signature.certGeneric;
  const data = isCertification
    ? { userID: key.users[0]?.userID, key: key.keyPacket }
    : (await createMessage({ binary: bytes })).packets[0];
  const sign = packet.sign as unknown as (...args: unknown[]) => Promise<void>;
  await sign.call(packet, signer.keyPacket, data, odd.date ?? new Date(), true, {
    ...config,
    // It adds a salt, which it has only for hashes that it would use.
    nonDeterministicSignaturesViaNotation: false,
  });
  const packets = new PacketList<SignaturePacket>();
  packets.push(packet);
  return packets.write();
}

interface Internals {
  writeHashedSubPackets(): Uint8Array;
}

function addSubpacket(packet: SignaturePacket, body: Uint8Array): void {
  const internals = packet as unknown as Internals;
  const write = internals.writeHashedSubPackets.bind(packet);
  internals.writeHashedSubPackets = () => {
    const all = Buffer.concat([write(), Uint8Array.of(body.length), body]);
    all.writeUInt16BE(all.length - 2);
    return new Uint8Array(all);
  };
}
