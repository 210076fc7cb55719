/** What somebody can do who can write to the store: put, take away and swap objects of a directory. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { settingsName } from "../../src/format/names.ts";
import type { Settings } from "../../src/format/settings.ts";
import { encodeSettings } from "../../src/format/settings.ts";
import { readOutline } from "../../src/repository/settings.ts";
import { signLines } from "../../src/repository/signatures.ts";
import type { Signer } from "../../src/seal/signature.ts";
import { makeSigningKey, readSigner } from "../../src/seal/signature.ts";
import { DirectoryTarget } from "../../src/target/directory.ts";

export function take(target: string, name: string): Uint8Array {
  return readFileSync(join(target, name));
}

/** Puts an object there, whatever is there. */
export function put(target: string, name: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(target, name)), { recursive: true });
  writeFileSync(join(target, name), bytes);
}

export function remove(target: string, name: string): void {
  rmSync(join(target, name));
}

/** Each in the other's place. */
export function swap(target: string, one: string, other: string): void {
  const bytes = take(target, one);
  put(target, one, take(target, other));
  put(target, other, bytes);
}

/** Somebody whom nobody knows. */
export async function makeStranger(): Promise<Signer & { readonly publicKey: string }> {
  const { privateKey, publicKey } = await makeSigningKey("a stranger");
  return { ...(await readSigner(privateKey)), publicKey };
}

/** Puts settings behind the last ones, as if they went on from there. @returns their name. */
export async function plantSettings(
  target: string,
  change: Partial<Settings>,
  signers: readonly Signer[],
): Promise<string> {
  const { settings, chain } = await readOutline(await DirectoryTarget.open(target));
  const previous = chain.at(-1)?.hash ?? "";
  const next = { ...settings, n: settings.n + 1, previous, ...change };
  const name = settingsName(next.n);
  put(target, name, await signLines(encodeSettings(next), signers));
  return name;
}
