/** OpenPGP keys for tests: the examples of RFC 9580, new ones, and what varve makes of them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import type { KeyID, KeyOptions, PublicKey } from "openpgp";
import { armor, enums, generateKey, readMessage } from "openpgp";
import { UsageError } from "../../src/errors.ts";
import type { Identity } from "../../src/seal/identity.ts";
import { readIdentity } from "../../src/seal/identity.ts";
import type { Recipient } from "../../src/seal/recipients.ts";
import { readRecipients } from "../../src/seal/recipients.ts";

const file = new URL("../../../test/vectors/rfc9580.json", import.meta.url);
const examples: Record<string, string> = JSON.parse(readFileSync(file, "utf8"));

/** The bytes of an example of the appendix: `A.3`, say. */
export function example(section: string): Uint8Array {
  const [, base64] = Object.entries(examples).find(([title]) => title.startsWith(section)) ?? [];
  if (base64 === undefined) throw new Error(`no example ${section}`);
  return new Uint8Array(Buffer.from(base64, "base64"));
}

export const publicBlock = (bytes: Uint8Array): string => armor(enums.armor.publicKey, bytes);
export const privateBlock = (bytes: Uint8Array): string => armor(enums.armor.privateKey, bytes);

/** The identity of a private key, unlocked by the passphrase if it is locked. */
export async function identityOf(armored: string, passphrase = ""): Promise<Identity> {
  const identity = await readIdentity(armored);
  return identity.locked ? identity.unlock(passphrase) : identity;
}

/** A new public key by OpenPGP.js, as any other tool might have made it. */
export async function keyWith(options: Partial<KeyOptions>): Promise<PublicKey> {
  const { publicKey } = await generateKey({
    type: "curve25519",
    userIDs: { name: "somebody" },
    ...options,
    format: "object",
  });
  return publicKey;
}

/** The recipient of a text with one key. */
export async function onlyRecipient(armored: string, now: Date = new Date()): Promise<Recipient> {
  const [recipient, ...others] = await readRecipients(armored, now);
  assert.ok(recipient);
  assert.equal(others.length, 0);
  return recipient;
}

/** That no recipients are read from a text, and why. */
export function refuses(armored: string, problem: RegExp, now: Date = new Date()): Promise<void> {
  return assert.rejects(
    readRecipients(armored, now),
    (error: unknown) => error instanceof UsageError && problem.test(error.message),
  );
}

/** Version and address of each session key packet, and the version of what follows. */
export async function outline(message: Uint8Array): Promise<{ keys: string[]; sealed: unknown }> {
  const { packets } = await readMessage({ binaryMessage: message });
  const parts = [...packets] as unknown as { version: number; publicKeyID?: KeyID }[];
  const sealed = parts.pop();
  return {
    keys: parts.map(({ version, publicKeyID }) => `${version} ${publicKeyID?.toHex()}`),
    sealed: sealed?.version,
  };
}

/** The error of a promise that must fail, with all that it would print checked for `secret`. */
export async function failure(promise: Promise<unknown>, secret: string): Promise<unknown> {
  const error = await promise.then(
    () => assert.fail("it did not fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(!inspect(error, { depth: 9 }).includes(secret));
  return error;
}

/** That a promise fails with an error of this class that says this, and nowhere `secret`. */
export async function rejects(
  promise: Promise<unknown>,
  kind: new (...args: never[]) => Error,
  problem: RegExp,
  secret = "PRIVATE KEY",
): Promise<void> {
  const error = await failure(promise, secret);
  assert.ok(error instanceof kind, inspect(error));
  assert.match(error.message, problem);
}
