/**
 * The private half: makes key pairs, and opens with them what recipients.ts
 * sealed. A locked identity cannot open anything; unlocking gives another one
 * that can, so that forgetting to unlock does not compile.
 *
 * What it opens comes from a hostile store. Only messages whose integrity is
 * protected are opened, and none may unfold to more than {@link MAX_PAYLOAD}.
 */
import type { Message, PrivateKey } from "openpgp";
import { AccessError, CorruptError, UsageError } from "../errors.ts";

/** A private key that is ready to open messages. */
export interface Identity {
  readonly locked: false;
  /** Hexadecimal, lower case; the public half has the same. */
  readonly fingerprint: string;

  /**
   * The payload of a message from `sealTo`.
   *
   * @param name - of the object that is read, for the error message.
   * @throws {@link AccessError} if the message is sealed to other keys only.
   * @throws {@link CorruptError} if it is anything else than an intact message.
   */
  open(name: string, message: Uint8Array): Promise<Uint8Array>;
}

/** A private key behind a passphrase. */
export interface LockedIdentity {
  readonly locked: true;
  readonly fingerprint: string;

  /**
   * @throws {@link AccessError} if the passphrase is wrong.
   * @throws {@link UsageError} if the key asks for more memory than there is.
   */
  unlock(passphrase: string): Promise<Identity>;
}

/** Both halves of a new key, armored. */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
  readonly fingerprint: string;
}

/** The most bytes that a message may unfold to when it is opened. */
const MAX_PAYLOAD = 64 * 1024 * 1024;

const USER_ID = /^\P{Cc}{1,200}$/u;

/**
 * Makes a key pair: version 6 (RFC 9580), Ed25519 with an X25519 subkey, asking
 * for AES-256-GCM. It never expires: an expired recipient stops all backups.
 *
 * A passphrase is stretched by Argon2id over 64 MiB, the "uniformly safe" choice
 * of RFC 9106. The older iterated hashes cost an attacker's hardware far less,
 * and a tool that lacks Argon2 lacks version 6 too.
 *
 * @param userId - whose or what it is, as other tools will show it.
 * @param passphrase - locks the private key; without one it is bare.
 * @throws {@link UsageError} for a user id or a passphrase that is empty, and a
 * user id that is long or would spoil a line of output.
 */
export async function makeKeyPair(userId: string, passphrase?: string): Promise<KeyPair> {
  // OpenPGP.js takes an empty one for none, and would leave the key bare.
  if (passphrase === "") throw new UsageError("the passphrase is empty");
  if (!USER_ID.test(userId)) {
    throw new UsageError("a user id has 1 to 200 characters, none of them control characters");
  }
  const { enums, generateKey, readKey } = await import("openpgp");
  const pair = await generateKey({
    type: "curve25519",
    userIDs: { name: userId },
    ...(passphrase === undefined ? {} : { passphrase }),
    format: "armored",
    config: {
      v6Keys: true,
      aeadProtect: true,
      preferredAEADAlgorithm: enums.aead.gcm,
      s2kType: enums.s2k.argon2,
    },
  });
  const fingerprint = (await readKey({ armoredKey: pair.publicKey })).getFingerprint();
  return { publicKey: pair.publicKey, privateKey: pair.privateKey, fingerprint };
}

/**
 * Reads an armored private key.
 *
 * @throws {@link UsageError} if it is none.
 */
export async function readIdentity(armored: string): Promise<Identity | LockedIdentity> {
  const { readPrivateKey } = await import("openpgp");
  let key: PrivateKey;
  try {
    key = await readPrivateKey({ armoredKey: armored });
  } catch {
    // The cause is left out: it might quote the key.
    throw new UsageError("not an armored OpenPGP private key");
  }
  return key.isDecrypted() ? unlocked(key) : locked(key);
}

function locked(key: PrivateKey): LockedIdentity {
  const fingerprint = key.getFingerprint();
  return {
    locked: true,
    fingerprint,
    async unlock(passphrase) {
      const { decryptKey } = await import("openpgp");
      try {
        return unlocked(await decryptKey({ privateKey: key, passphrase }));
      } catch (error) {
        if (outOfMemory(error)) {
          throw new UsageError(
            `no memory for unlocking the key ${fingerprint}: use another machine`,
          );
        }
        // The other failures read differently by mode and platform, and are one.
        throw new AccessError(`this passphrase does not unlock the key ${fingerprint}`);
      }
    },
  };
}

/** Whether Argon2 could not have the memory that the key's owner once had. */
function outOfMemory(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.name === "Argon2OutOfMemoryError";
}

function unlocked(key: PrivateKey): Identity {
  const fingerprint = key.getFingerprint();
  const ids = new Set(key.getKeyIDs().map((id) => id.toHex()));
  return {
    locked: false,
    fingerprint,
    async open(name, message) {
      const { decrypt } = await import("openpgp");
      const sealed = await readSealed(name, message);
      const addressed = sealed.getEncryptionKeyIDs();
      if (addressed.length === 0) throw new CorruptError(name, "it is sealed to no key at all");
      if (!addressed.some((id) => ids.has(id.toHex()))) {
        throw new AccessError(
          `${name} is not sealed to the key ${fingerprint}: use one that it is`,
        );
      }
      try {
        const opened = await decrypt({
          message: sealed,
          decryptionKeys: key,
          format: "binary",
          config: { maxDecompressedMessageSize: MAX_PAYLOAD },
        });
        return opened.data;
      } catch (error) {
        throw new CorruptError(name, "changed since it was sealed", { cause: error });
      }
    },
  };
}

async function readSealed(name: string, message: Uint8Array): Promise<Message<Uint8Array>> {
  const { readMessage } = await import("openpgp");
  try {
    return await readMessage({ binaryMessage: message });
  } catch (error) {
    throw new CorruptError(name, "not an OpenPGP message", { cause: error });
  }
}
