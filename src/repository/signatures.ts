/**
 * Whose word counts. Signed lines are believed once one of the keys that may
 * sign them has; until then nothing of them is looked at.
 */
import { CorruptError } from "../errors.ts";
import type { PublicKey, Settings } from "../format/settings.ts";
import type { SignedLines } from "../format/signed.ts";
import { encodeSigned } from "../format/signed.ts";
import type { Sealing } from "../seal/sealing.ts";
import type { Signer } from "../seal/signature.ts";

/** Whether a detached signature over `bytes` is good, and by an armored public key. */
export type Verify = Sealing["verify"];

/** The keys that sign for a host. */
export function keysOfHost({ hosts }: Pick<Settings, "hosts">, host: string): PublicKey[] {
  return hosts.filter(({ name }) => name === host);
}

/** The keys that sign what keepers say. */
export function keysOfKeepers({ hosts }: Pick<Settings, "hosts">): PublicKey[] {
  return hosts.filter(({ keeper }) => keeper);
}

/** Signs a body: what is stored. */
export async function signLines(body: Uint8Array, signers: readonly Signer[]): Promise<Uint8Array> {
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      by: signer.fingerprint,
      signature: await signer.sign(body),
    })),
  );
  return encodeSigned({ body, signatures });
}

/** Whether one of `keys` has signed these lines. */
export async function isSigned(
  { body, signatures }: SignedLines,
  keys: readonly PublicKey[],
  verify: Verify,
): Promise<boolean> {
  for (const { by, signature } of signatures) {
    for (const { fingerprint, key } of keys) {
      if (fingerprint === by && (await verify(key, body, signature))) return true;
    }
  }
  return false;
}

/**
 * @param who - may sign the lines, for the error message.
 * @throws {@link CorruptError} if none of `keys` has.
 */
export async function checkSigned(
  name: string,
  lines: SignedLines,
  { who, keys, verify }: { who: string; keys: readonly PublicKey[]; verify: Verify },
): Promise<void> {
  if (await isSigned(lines, keys, verify)) return;
  const problem = lines.signatures.length === 0 ? "it is not signed" : "its signature is not good";
  throw new CorruptError(name, `${problem}: it should be by ${who}`);
}
