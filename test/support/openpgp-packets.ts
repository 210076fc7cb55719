/**
 * Packets by OpenPGP.js: made by its own `encrypt`, opened by its own `decrypt`,
 * or with an inside of our choosing. For `encrypt` would not seal nonsense; and
 * what it seals to version 2 it cuts, from 512 bytes on, into partial lengths, of
 * which varve's reader takes none.
 */
import type { Config, SessionKey } from "openpgp";
import {
  config,
  createMessage,
  decrypt,
  encrypt,
  enums,
  readMessage,
  SymEncryptedIntegrityProtectedDataPacket,
} from "openpgp";
import type { PacketKey, PacketVersion } from "../../src/format/secret.ts";
import { framed, sessionKey } from "./packets.ts";

/** What the packet has beyond its declared type. */
interface Internals {
  version: number;
  aeadAlgorithm: number;
  packets: { write(): Uint8Array };
  encrypt(cipher: number, key: Uint8Array, settings: Config): Promise<boolean>;
  write(): Uint8Array | PendingBytes;
}

/** A stream of its own kind as long as AEAD chunks are being sealed. */
interface PendingBytes {
  readToEnd(join: (parts: Uint8Array[]) => Uint8Array): Promise<Uint8Array>;
}

/** A key as OpenPGP.js takes it. */
export function elsewhereKey({ packets, key }: PacketKey): SessionKey {
  const session: SessionKey = { data: key, algorithm: "aes256" };
  return packets === 1 ? session : { ...session, aeadAlgorithm: "gcm" };
}

/** `plain` as OpenPGP.js seals it, by default without compression. */
export async function encryptedElsewhere(
  plain: Uint8Array,
  key: SessionKey,
  settings: Partial<Config> = {},
): Promise<Uint8Array> {
  const message = await createMessage({ binary: plain });
  return encrypt({ message, sessionKey: key, format: "binary", config: settings });
}

/** What OpenPGP.js finds in a packet. */
export async function openedElsewhere(packet: Uint8Array, key: PacketKey): Promise<Uint8Array> {
  const message = await readMessage({ binaryMessage: packet });
  const sessionKeys = elsewhereKey(key);
  const { data } = await decrypt({ message, sessionKeys, format: "binary" });
  return new Uint8Array(data);
}

/**
 * A packet around `inside`, under the tests' session key; AEAD chunks, where
 * there are any, have 2^(`chunkOctet` + 6) bytes.
 */
export async function sealedElsewhere(
  packets: PacketVersion,
  inside: Uint8Array,
  chunkOctet = 11,
): Promise<Uint8Array> {
  const packet = new SymEncryptedIntegrityProtectedDataPacket() as unknown as Internals;
  packet.version = packets;
  packet.aeadAlgorithm = enums.aead.gcm;
  packet.packets = { write: () => inside };
  await packet.encrypt(enums.symmetric.aes256, sessionKey, {
    ...config,
    aeadChunkSizeByte: chunkOctet,
  });
  const body = packet.write();
  return framed(
    body instanceof Uint8Array ? body : await body.readToEnd((parts) => Buffer.concat(parts)),
  );
}
