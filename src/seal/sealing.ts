/**
 * How things are sealed, as one argument: a run, a repository and a worker
 * take it whole, so that a simulation can put something quicker in its place.
 */
import type { RandomSource } from "../flow.ts";
import type { PacketKey, PacketVersion } from "../format/secret.ts";
import type { Opener, Sealer } from "./packet.ts";
import { packetOpener, packetSealer } from "./packet.ts";
import { sealTo } from "./recipients.ts";
import { verifySignature } from "./signature.ts";

export interface Sealing {
  /** A message that only the recipients can open. */
  message(
    recipients: readonly string[],
    payload: Uint8Array,
    packets: PacketVersion,
  ): Promise<Uint8Array>;
  /** Seals packets under a session key, or the index key. */
  sealer(key: PacketKey): Sealer;
  /** Opens packets under each key, at most one for each version. */
  opener(...keys: readonly PacketKey[]): Opener;
  /** Whether a detached signature over `bytes` is good, and made by an armored public key. */
  verify(publicKey: string, bytes: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** OpenPGP's messages and packets. @param random - where the packets' prefixes and salts come from. */
export function openPgp(random: RandomSource): Sealing {
  return {
    message: sealTo,
    sealer: (key) => packetSealer(key, random),
    opener: packetOpener,
    verify: verifySignature,
  };
}
