/**
 * The private half: makes key pairs, opens with them what recipients.ts sealed,
 * and signs. A locked identity can do nothing; unlocking gives another one that
 * can, so that forgetting to unlock does not compile. gpg.ts has identities
 * whose secrets stay with gpg.
 *
 * What it opens comes from a hostile store. Only messages whose integrity is
 * protected are opened, and none may unfold to more than {@link MAX_PAYLOAD}.
 */
import type { PrivateKey, SecretKeyPacket } from "openpgp";
import { AccessError, CorruptError, UsageError } from "../errors.ts";
import { readOnlyKey } from "./key-text.ts";
import { MAX_PAYLOAD, readSealed } from "./sealed-message.ts";
import { signWith } from "./signature.ts";
import { checkUserId } from "./user-id.ts";

/** A private key that is ready to open messages and to sign. */
export interface Identity {
  readonly locked: false;
  /** Hexadecimal, lower case; the public half has the same. */
  readonly fingerprint: string;
  /** The public half, armored: what its own signatures are held against. */
  readonly publicKey: string;

  /**
   * The payload of a message from `sealTo`.
   *
   * @param name - of the object that is read, for the error message.
   * @throws {@link AccessError} if the message is sealed to other keys only.
   * @throws {@link CorruptError} if it is anything else than an intact message.
   */
  open(name: string, message: Uint8Array): Promise<Uint8Array>;

  /**
   * A detached OpenPGP signature over `bytes`: binary, one packet.
   *
   * @throws {@link AccessError} if the key cannot sign.
   */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A private key behind a passphrase. */
export interface LockedIdentity {
  readonly locked: true;
  readonly fingerprint: string;
  /**
   * Whether each of its secrets is there, and locked. Else the passphrase proves little: somebody
   * may have put a locked subkey that he found under a primary key of his own.
   */
  readonly whole: boolean;

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
  checkUserId(userId);
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
 * Reads an armored private key, by whatever tool: also one that has expired, for
 * old messages, and one of gpg's whose primary secret is kept elsewhere.
 *
 * @throws {@link UsageError} if it is none, if there are several, or if it holds
 * no secret at all.
 */
export async function readIdentity(armored: string): Promise<Identity | LockedIdentity> {
  const key = await readOnlyKey(armored);
  const fingerprint = key.getFingerprint();
  if (!key.isPrivate()) {
    throw new UsageError(`the key ${fingerprint} is a public key: this takes its private half`);
  }
  const secrets = secretsOf(key);
  if (secrets.length === 0) {
    throw new UsageError(
      `no secret of the key ${fingerprint} is in the text, only marks of where it is: ` +
        "on a smartcard, or another machine",
    );
  }
  return secrets.every((secret) => secret.isDecrypted()) ? unlocked(key) : locked(key);
}

/** The packets of a key that hold a secret. gpg marks the place of those that it keeps elsewhere. */
function secretsOf(key: PrivateKey): SecretKeyPacket[] {
  return key
    .getKeys()
    .map(({ keyPacket }) => keyPacket as SecretKeyPacket)
    .filter((secret) => !secret.isMissingSecretKeyMaterial());
}

function locked(key: PrivateKey): LockedIdentity {
  const fingerprint = key.getFingerprint();
  return {
    locked: true,
    fingerprint,
    whole: key
      .getKeys()
      .map(({ keyPacket }) => keyPacket as SecretKeyPacket)
      .every((secret) => !secret.isMissingSecretKeyMaterial() && !secret.isDecrypted()),
    async unlock(passphrase) {
      try {
        return unlocked(await unlockedCopy(key, passphrase));
      } catch (error) {
        if (error instanceof Error && error.name === "Argon2OutOfMemoryError") {
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

/** Not OpenPGP.js's `decryptKey`: that fails where gpg keeps the primary secret elsewhere. */
async function unlockedCopy(key: PrivateKey, passphrase: string): Promise<PrivateKey> {
  const { readPrivateKey } = await import("openpgp");
  const copy = await readPrivateKey({ binaryKey: key.write() });
  // One after the other: each may take as much memory as Argon2 was told to.
  for (const secret of secretsOf(copy)) {
    if (!secret.isDecrypted()) await secret.decrypt(passphrase);
    // The public half of a secret that is not locked with it could have been replaced.
    await secret.validate();
  }
  return copy;
}

function unlocked(key: PrivateKey): Identity {
  const fingerprint = key.getFingerprint();
  const ids = new Set(secretsOf(key).map((secret) => secret.getKeyID().toHex()));
  return {
    locked: false,
    fingerprint,
    publicKey: key.toPublic().armor(),
    sign: (bytes) => signWith(key, bytes),
    async open(name, message) {
      const { decrypt } = await import("openpgp");
      const sealed = await readSealed(name, message);
      if (!sealed.getEncryptionKeyIDs().some((id) => ids.has(id.toHex()))) {
        throw new AccessError(
          `${name} is not sealed to the key ${fingerprint}, or not to a secret of it that is here`,
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
