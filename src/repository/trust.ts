/**
 * Which repository to believe. A machine remembers the fingerprint of each
 * repository, and the newest settings that it saw, as ssh does with the keys
 * of hosts: whoever can write to the store can put back what was there once,
 * but not what this machine has not seen, and nothing else in its place.
 */
import { AccessError } from "../errors.ts";
import { settingsName } from "../format/names.ts";
import type { Settings } from "../format/settings.ts";
import type { Outline, SettingsLink } from "./settings.ts";
import { checkSettings } from "./settings.ts";
import type { Verify } from "./signatures.ts";
import { isSigned } from "./signatures.ts";

/** What a machine remembers of a repository (config/pins.ts keeps it). */
export interface Pinned {
  readonly fingerprint: string;
  /** The newest settings that were accepted. */
  readonly settings: SettingsMark;
  /** The newest that were seen: perhaps nobody has agreed to them yet. */
  readonly seen: SettingsMark;
}

/** Which settings, and the hash of their object. */
export interface SettingsMark {
  readonly n: number;
  readonly hash: string;
}

/** What is to be remembered of a repository that is believed from now on. */
export function pinned({ settings: { n }, fingerprint, chain }: Outline): Pinned {
  const last = { n, hash: chain.at(-1)?.hash ?? "" };
  return { fingerprint, settings: last, seen: last };
}

/**
 * Holds a repository against what was remembered of it.
 *
 * @returns what has changed since the settings that were accepted, in words; nothing if nothing
 * has. All of it is signed by somebody who may.
 * @throws {@link AccessError} if it is another repository, an older state, or another history.
 */
export async function checkPin(outline: Outline, pin: Pinned, verify: Verify): Promise<Change[]> {
  if (outline.fingerprint !== pin.fingerprint) {
    throw new AccessError(
      `the repository's fingerprint is ${outline.fingerprint}, and was ${pin.fingerprint}: ` +
        "somebody has put another repository in its place",
    );
  }
  const accepted = linkAt(outline, pin.settings);
  linkAt(outline, pin.seen);
  await checkSettings(outline, pin.settings.n + 1, verify);
  return changesBetween(accepted.settings, outline.settings);
}

/** @throws {@link AccessError} if those settings are not there any more. */
function linkAt(outline: Outline, { n, hash }: SettingsMark): SettingsLink {
  const link = outline.chain[n];
  if (link === undefined) {
    throw new AccessError(
      `${settingsName(outline.settings.n)} is the last of the settings, and there was ` +
        `${settingsName(n)}: somebody has put an old state in its place`,
    );
  }
  if (link.hash !== hash) {
    throw new AccessError(
      `${link.object} is not the one that was here: somebody has put another in its place`,
    );
  }
  return link;
}

/** A difference between settings. */
export interface Change {
  /** Whether it concerns this host: who can read what it stores, or who may command it. */
  readonly concerns: "every host" | "one host";
  readonly text: string;
}

/** What differs, in words. */
export function changesBetween(before: Settings, after: Settings): Change[] {
  const changes: Change[] = [];
  const tell = (text: string) => changes.push({ concerns: "every host", text });
  for (const { fingerprint } of missingFrom(before.recipients, after.recipients)) {
    tell(`${fingerprint} can read what is stored from now on`);
  }
  for (const { fingerprint } of missingFrom(after.recipients, before.recipients)) {
    tell(`${fingerprint} can no longer read what is stored from now on`);
  }
  for (const { name, fingerprint, keeper } of missingFrom(before.hosts, after.hosts)) {
    if (keeper) tell(`host ${name} (${fingerprint}) is a keeper now`);
    // It could speak for the one that has the name.
    else if (before.hosts.some((host) => host.name === name)) {
      tell(`host ${name} has one more key, ${fingerprint}`);
    } else changes.push({ concerns: "one host", text: `host ${name} (${fingerprint}) has joined` });
  }
  for (const { name, fingerprint } of missingFrom(after.hosts, before.hosts)) {
    tell(`host ${name} (${fingerprint}) is not what it was: gone, or another role`);
  }
  if (before.packets !== after.packets) {
    tell(`packets are of version ${after.packets} from now on, and were of ${before.packets}`);
  }
  if (JSON.stringify(before.sizes) !== JSON.stringify(after.sizes)) {
    tell(`sizes are ${JSON.stringify(after.sizes)}, and were ${JSON.stringify(before.sizes)}`);
  }
  return changes;
}

/** What is in `after` and not, in just the same form, in `before`. */
function missingFrom<T extends object>(before: readonly T[], after: readonly T[]): T[] {
  const known = new Set(before.map((item) => JSON.stringify(item)));
  return after.filter((item) => !known.has(JSON.stringify(item)));
}

/** How a machine that remembers nothing can know the repository. */
export interface Credentials {
  /** That the user was given. */
  readonly fingerprint: string | undefined;
  /** Armored public key of the identity at hand, and its fingerprint. */
  readonly identity: { readonly fingerprint: string; readonly key: string } | undefined;
}

/**
 * Whether a repository is known at first sight: by its fingerprint, or because the identity at
 * hand has signed its settings.
 *
 * @throws {@link AccessError} if the fingerprint is another one, or the settings are not signed
 * by those who may.
 */
export async function isKnown(
  outline: Outline,
  { fingerprint, identity }: Credentials,
  verify: Verify,
): Promise<boolean> {
  if (fingerprint !== undefined && fingerprint !== outline.fingerprint) {
    throw new AccessError(
      `the repository's fingerprint is ${outline.fingerprint}, not ${fingerprint}: it is another repository`,
    );
  }
  await checkSettings(outline, 0, verify);
  if (fingerprint !== undefined) return true;
  if (identity === undefined) return false;
  for (const { lines } of outline.chain) {
    if (await isSigned(lines, [identity], verify)) return true;
  }
  return false;
}
