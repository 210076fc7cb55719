/**
 * Packets by OpenPGP.js whose inside is of our choosing. Its `encrypt` cuts
 * every literal and sealed packet from 512 bytes on into partial lengths,
 * varve's reader takes none; and it would not seal nonsense.
 */

import type { Config } from "openpgp";
import { config, enums, SymEncryptedIntegrityProtectedDataPacket } from "openpgp";
import { framed, sessionKey } from "./packets.ts";

/** What the packet has beyond its declared type. */
interface Internals {
  version: number;
  aeadAlgorithm: number;
  packets: { write(): Uint8Array };
  encrypt(cipher: number, key: Uint8Array, settings: Config): Promise<boolean>;
  /** A stream of its own kind as long as the chunks are being sealed. */
  write(): { readToEnd(join: (parts: Uint8Array[]) => Uint8Array): Promise<Uint8Array> };
}

/** `inside` sealed under the tests' session key, in AEAD chunks of 2^(`chunkOctet` + 6) bytes. */
export async function sealedElsewhere(inside: Uint8Array, chunkOctet: number): Promise<Uint8Array> {
  const packet = new SymEncryptedIntegrityProtectedDataPacket() as unknown as Internals;
  packet.version = 2;
  packet.aeadAlgorithm = enums.aead.gcm;
  packet.packets = { write: () => inside };
  await packet.encrypt(enums.symmetric.aes256, sessionKey, {
    ...config,
    aeadChunkSizeByte: chunkOctet,
  });
  return framed(await packet.write().readToEnd((parts) => Buffer.concat(parts)));
}
