/**
 * How things are sealed, as one argument: a run, a repository and a worker
 * take it whole, so that a simulation can put something quicker in its place.
 */
import type { RandomSource } from "../flow.ts";
import type { PacketVersion } from "../format/secret.ts";
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
  /** Whether a detached signature over `bytes` is good. */
  verify(publicKey: string, bytes: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /** Seals packets under a session key, or the index key. */
  sealer(key: Uint8Array): Sealer;
  opener(key: Uint8Array): Opener;
}

/** OpenPGP's messages, signatures and packets. @param random - where the packets' salts come from. */
export function openPgp(random: RandomSource): Sealing {
  return {
    message: sealTo,
    verify: verifySignature,
    sealer: (key) => packetSealer(key, random),
    opener: packetOpener,
  };
}
