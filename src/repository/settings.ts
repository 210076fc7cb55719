/**
 * The settings of a repository, as the target has them: a chain of objects,
 * each of which holds the hash of the one before it, and is signed by somebody
 * whom that one names.
 *
 * The chain proves only that nothing was put in between. That it is the right
 * repository's, and the newest, is what a machine remembers (trust.ts).
 */
import { AccessError, CorruptError, NotFoundError, UnavailableError } from "../errors.ts";
import { settingsName } from "../format/names.ts";
import type { ObjectHash } from "../format/object-hash.ts";
import { objectHashOf } from "../format/object-hash.ts";
import type { PublicKey, Settings, Sizes } from "../format/settings.ts";
import { decodeSettings, encodeSettings } from "../format/settings.ts";
import type { SignedLines } from "../format/signed.ts";
import { decodeSigned } from "../format/signed.ts";
import type { Signer } from "../seal/signature.ts";
import type { ObjectInfo, Target, WritableTarget } from "../target/target.ts";
import type { Verify } from "./signatures.ts";
import { isSigned, keysOfKeepers, signLines } from "./signatures.ts";

const MAX_SETTINGS_BYTES = 2 ** 24;

/** One object of the chain. */
export interface SettingsLink extends ObjectHash {
  readonly settings: Settings;
  readonly lines: SignedLines;
}

/** What can be seen of a repository without any key. */
export interface Outline {
  /** The last of the chain: they hold. */
  readonly settings: Settings;
  /** SHA-256 of settings 0, in hex. */
  readonly fingerprint: string;
  /** From number 0 on. */
  readonly chain: readonly SettingsLink[];
}

/** Whether a target holds a repository: settings are what makes one. */
export async function holdsRepository(target: Target): Promise<boolean> {
  return (await listAll(target, "settings/")).length > 0;
}

/**
 * Reads what is public: the settings, whose chain has to be whole. Signatures are not looked at.
 *
 * @throws {@link NotFoundError} if the target holds no repository.
 * @throws {@link CorruptError} if the chain of settings is broken.
 */
export async function readOutline(target: Target): Promise<Outline> {
  const chain: SettingsLink[] = [];
  for (const { name } of await listAll(target, "settings/")) {
    const link = decodeLink(name, await target.read(name, MAX_SETTINGS_BYTES));
    const last = chain.at(-1);
    const { n, previous, repository, sizes } = link.settings;
    const isNext = name === settingsName(chain.length) && n === chain.length;
    const isSame = last === undefined || last.settings.repository === repository;
    if (!isNext || !isSame || previous !== last?.hash) {
      // It may be the one before that is not what it was.
      const from = last === undefined ? "" : ` from ${last.object} on`;
      throw new CorruptError(name, `it does not continue the chain of settings${from}`);
    }
    if (last !== undefined) checkSame(name, last.settings.sizes, sizes);
    chain.push(link);
  }
  return outlineOf(target, chain);
}

/** What is stored could not be read by other sizes. */
function checkSame(name: string, before: Sizes, after: Sizes): void {
  if (before.chunk === after.chunk && before.segment === after.segment) return;
  throw new CorruptError(name, "it changes the size of chunks or segments");
}

function outlineOf(target: Target, chain: readonly SettingsLink[]): Outline {
  const [first] = chain;
  const last = chain.at(-1);
  if (first === undefined || last === undefined) {
    throw new NotFoundError(`${target.location} holds no repository: make one with varve init`);
  }
  return { settings: last.settings, fingerprint: first.hash, chain };
}

function decodeLink(name: string, bytes: Uint8Array): SettingsLink {
  const lines = decodeSigned(name, bytes);
  const settings = decodeSettings(name, lines.body);
  return { object: name, hash: objectHashOf(bytes), settings, lines };
}

/** Who may sign the settings that follow on these: whoever can read, and keepers. */
export function authorities(settings: Settings): PublicKey[] {
  return [...settings.recipients, ...keysOfKeepers(settings)];
}

/**
 * Checks signatures: those of settings `from` and all later ones.
 *
 * @throws {@link AccessError} at the first that nobody signed who may.
 */
export async function checkSettings(
  { chain }: Outline,
  from: number,
  verify: Verify,
): Promise<void> {
  for (const [n, link] of chain.entries()) {
    if (n < from) continue;
    // Number 0 vouches for itself only: it is its hash that counts.
    const { settings } = chain[n - 1] ?? link;
    if (await isSigned(link.lines, authorities(settings), verify)) continue;
    throw new AccessError(
      `${link.object} is not signed by anybody who may change the settings: somebody else put it there`,
    );
  }
}

/** What may change from one settings to the next. */
export type SettingsChange = Partial<
  Pick<Settings, "packets" | "recipients" | "hosts" | "keys" | "sizes">
>;

/**
 * Stores the settings that follow on `outline`.
 *
 * @returns the outline with them.
 * @throws {@link AccessError} if the signers may not change these settings.
 * @throws {@link UnavailableError} if somebody else changed them meanwhile.
 */
export async function changeSettings(
  target: WritableTarget,
  outline: Outline,
  change: SettingsChange,
  { signers, verify }: { readonly signers: readonly Signer[]; readonly verify: Verify },
): Promise<Outline> {
  const { settings, chain } = outline;
  const previous = chain.at(-1)?.hash ?? "";
  const link = await signedLink({ ...settings, ...change, n: settings.n + 1, previous }, signers);
  await mustBeSigned(link, settings, verify);
  if ((await target.create(link.object, link.bytes)) === "exists") {
    throw new UnavailableError(`${link.object} was made by somebody else meanwhile: try again`);
  }
  return outlineOf(target, [...chain, link]);
}

/**
 * Before settings are stored, for ever: nobody could use a repository whose last ones are not good.
 *
 * @param before - the settings whose authorities count.
 * @throws {@link AccessError} if none of them has signed.
 */
export async function mustBeSigned(
  { lines, object }: SettingsLink,
  before: Settings,
  verify: Verify,
): Promise<void> {
  if (await isSigned(lines, authorities(before), verify)) return;
  const by = lines.signatures.map((signature) => signature.by).join(", ");
  throw new AccessError(
    `the key ${by} may not sign ${object}: it takes the private key of somebody who can read now, or a keeper`,
  );
}

/** Settings as they are stored. */
export async function signedLink(
  settings: Settings,
  signers: readonly Signer[],
): Promise<SettingsLink & { readonly bytes: Uint8Array }> {
  const bytes = await signLines(encodeSettings(settings), signers);
  return { ...decodeLink(settingsName(settings.n), bytes), bytes };
}

/** All objects below a prefix that has few. */
export async function listAll(target: Target, prefix: string): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const info of target.list(prefix)) found.push(info);
  return found;
}
