/**
 * Private keys that somebody makes without knowing a passphrase: the victim's
 * subkey, locked as it was found, under a primary key of his own. The victim's
 * passphrase unlocks all that is locked of it.
 */
import type { PrivateKey } from "openpgp";
import * as openpgp from "openpgp";

/** How the primary key is there: with its secret, or with a mark that it is elsewhere, as gpg leaves it. */
export type Primary = "bare" | "missing";

export interface Graft {
  /** What the victim is to take for his own, armored. */
  readonly planted: string;
  /** The primary key with its secret, armored: it signs as the planted one. */
  readonly kept: string;
}

/** @param locked - a private key of the victim's, armored. */
export async function graft(locked: string, primary: Primary): Promise<Graft> {
  const victim = await openpgp.readPrivateKey({ armoredKey: locked });
  const { privateKey: own } = await openpgp.generateKey({
    type: "curve25519",
    userIDs: { name: "varve" },
    format: "object",
    config: { v6Keys: true, aeadProtect: true, preferredAEADAlgorithm: openpgp.enums.aead.gcm },
  });
  const kept = own.armor();
  const subkey = victim.subkeys[0]?.keyPacket as openpgp.SecretSubkeyPacket;
  const packets: openpgp.AnyPacket[] = own.toPacketList();
  packets.splice(packets.length - 2, 2, subkey, await bind(own, subkey));
  if (primary === "missing") (own.keyPacket as openpgp.SecretKeyPacket).makeDummy();
  const list = new openpgp.PacketList<openpgp.AnyPacket>();
  list.push(...packets);
  return { planted: new openpgp.PrivateKey(list).armor(), kept };
}

/** The owner of a primary key can bind any subkey for encryption: that takes no word of the subkey's. */
async function bind(
  own: PrivateKey,
  subkey: openpgp.SecretSubkeyPacket,
): Promise<openpgp.SignaturePacket> {
  const { enums } = openpgp;
  const binding = new openpgp.SignaturePacket();
  binding.signatureType = enums.signature.subkeyBinding;
  binding.publicKeyAlgorithm = own.keyPacket.algorithm;
  binding.hashAlgorithm = enums.hash.sha512;
  binding.keyFlags = new Uint8Array([enums.keyFlags.encryptCommunication]);
  const key = own.keyPacket as openpgp.SecretKeyPacket;
  // What a signature is over may also be keys; the types know bytes only.
  await binding.sign(key, { key, bind: subkey } as unknown as Uint8Array, new Date(), false);
  return binding;
}
