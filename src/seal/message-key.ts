/**
 * The key of one SEIPDv2 packet, derived from the session key, the packet's
 * salt and its cipher suite; and the AEAD chunks under it (RFC 9580 section
 * 5.13.2). The nonces are derived too: four bytes of them, the others count.
 *
 * The one invariant: a salt is never used twice under a session key, for GCM is
 * broken by a nonce that repeats. packet.ts draws the salts.
 */

import type { CipherGCM, DecipherGCM, KeyObject } from "node:crypto";
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { KEY_BYTES } from "../format/secret.ts";

export const SALT_BYTES = 32;
export const TAG_BYTES = 16;

const CIPHER = "aes-256-gcm";
const TAG = { authTagLength: TAG_BYTES };
const NONCE_BYTES = 12;
const COUNTER_BYTES = 8;

/** Begins the chunks of one packet, each under its number and its associated data. */
export interface MessageKey {
  cipher(chunk: number, associated: Uint8Array): CipherGCM;
  decipher(chunk: number, associated: Uint8Array): DecipherGCM;
}

/**
 * @param secret - the session key.
 * @param suite - the packet's type octet, version, cipher, mode and chunk size.
 */
export function deriveMessageKey(
  secret: KeyObject,
  salt: Uint8Array,
  suite: Uint8Array,
): MessageKey {
  const derived = hkdfSync("sha256", secret, salt, suite, KEY_BYTES + NONCE_BYTES - COUNTER_BYTES);
  const key = new Uint8Array(derived, 0, KEY_BYTES);
  const nonce = new Uint8Array(NONCE_BYTES);
  nonce.set(new Uint8Array(derived, KEY_BYTES));
  const counter = new DataView(nonce.buffer, NONCE_BYTES - COUNTER_BYTES);

  // node:crypto copies the nonce when a cipher begins, so that one array serves all.
  return {
    cipher(chunk, associated) {
      counter.setBigUint64(0, BigInt(chunk));
      return createCipheriv(CIPHER, key, nonce, TAG).setAAD(associated);
    },
    decipher(chunk, associated) {
      counter.setBigUint64(0, BigInt(chunk));
      return createDecipheriv(CIPHER, key, nonce, TAG).setAAD(associated);
    },
  };
}
