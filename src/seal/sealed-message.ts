/**
 * A message to be opened, before any key is used: it comes from a hostile
 * store. Only keys may open it: a message that takes a passphrase as well would
 * have its opener ask the user for one.
 */
import type { Message } from "openpgp";
import { CorruptError } from "../errors.ts";

/** The most bytes that a message may unfold to when it is opened. */
export const MAX_PAYLOAD: number = 64 * 1024 * 1024;

/** @throws {@link CorruptError} if it is anything else than a message that is sealed to keys. */
export async function readSealed(name: string, bytes: Uint8Array): Promise<Message<Uint8Array>> {
  const { enums, readMessage } = await import("openpgp");
  let message: Message<Uint8Array>;
  try {
    message = await readMessage({ binaryMessage: bytes });
  } catch (error) {
    throw new CorruptError(name, "not an OpenPGP message", { cause: error });
  }
  if (message.packets.filterByTag(enums.packet.symEncryptedSessionKey).length > 0) {
    throw new CorruptError(name, "it is sealed to a passphrase");
  }
  if (message.getEncryptionKeyIDs().length === 0) {
    throw new CorruptError(name, "it is sealed to no key at all");
  }
  return message;
}

/** Whether a message is SEIPDv2, which GnuPG does not know. OpenPGP.js does not declare the version. */
export async function isVersion2(message: Message<Uint8Array>): Promise<boolean> {
  const { enums } = await import("openpgp");
  const sealed = message.packets.filterByTag(enums.packet.symEncryptedIntegrityProtectedData);
  return sealed.some((packet) => "version" in packet && packet.version === 2);
}
