/**
 * How this machine knows a repository: it remembers those that it has seen,
 * and believes a new one by its fingerprint, by the identity that signed it, or
 * because somebody at the terminal says so.
 */
import { isDeepStrictEqual } from "node:util";
import { hasTerminal, question } from "../config/passphrase.ts";
import type { Pin } from "../config/pins.ts";
import { pinsAt, readPin } from "../config/pins.ts";
import { AccessError } from "../errors.ts";
import { settingsName } from "../format/names.ts";
import type { Settings } from "../format/settings.ts";
import type { Outline } from "../repository/settings.ts";
import { readOutline } from "../repository/settings.ts";
import type { Change, Credentials } from "../repository/trust.ts";
import { checkPin, isKnown, pinned } from "../repository/trust.ts";
import { fingerprintOf } from "../seal/key-text.ts";
import { canonicalLocation } from "../target/location.ts";
import type { Target } from "../target/target.ts";
import type { Environment } from "./environment.ts";
import type { Role } from "./memory.ts";
import { keep, newPin } from "./memory.ts";

/**
 * What is public of the repository at an address, unless there was another one: that has to be
 * known before anybody is asked for a private key, or for its passphrase.
 *
 * @throws {@link AccessError} if there was.
 */
export async function outlineAt(
  target: Target,
  { places }: Pick<Environment, "places">,
): Promise<Outline> {
  const outline = await readOutline(target);
  const { settings, fingerprint } = outline;
  const location = canonicalLocation(target.location);
  for (const pin of await pinsAt(places, location)) {
    if (pin.repository === settings.repository) continue;
    throw new AccessError(
      `the repository in ${location} has the fingerprint ${fingerprint}, and the one that was here ` +
        `had ${pin.fingerprint}: somebody has put another in its place. If you did, say varve key accept`,
    );
  }
  return outline;
}

/**
 * The same for those who only look at it: held against what is remembered, if anything is.
 *
 * @throws {@link AccessError} as {@link checkPin}.
 */
export async function knownOutline(target: Target, environment: Environment): Promise<Outline> {
  const outline = await outlineAt(target, environment);
  refuseFingerprint(outline, { fingerprint: environment.fingerprint, identity: undefined });
  const pin = await readPin(environment.places, outline.settings.repository);
  if (pin !== undefined) await checkPin(outline, pin, environment.means.sealing.verify);
  else
    environment.tell(`${target.location}: this machine does not know it, so nobody vouches for it`);
  return outline;
}

/**
 * Makes sure that a repository is the one that it should be, and remembers it.
 *
 * @param credentials - for the first sight.
 * @throws {@link AccessError} if it is not, or nobody can tell.
 */
export async function acquaint(
  target: Target,
  outline: Outline,
  { environment, role, credentials }: Meeting,
): Promise<Pin> {
  const { places } = environment;
  const location = canonicalLocation(target.location);
  const pin = await readPin(places, outline.settings.repository);
  if (pin === undefined) {
    await meet(target, outline, { environment, credentials });
    if (role === "host") await refuseMisnamed(outline.settings);
    return await keep(newPin(outline, location), role, environment);
  }
  refuseFingerprint(outline, credentials);
  const changes = await checkPin(outline, pin, environment.means.sealing.verify);
  const grave = changes.filter(({ concerns }) => concerns === "every host");
  const { settings, seen } = pinned(outline);
  if (role === "host" && settings.n !== pin.settings.n) await refuseMisnamed(outline.settings);
  // To tell is not to agree: whoever stores from here next is asked still.
  const accepted = role === "own change" || grave.length === 0 ? settings : pin.settings;
  const locations = [...new Set([...pin.locations, location])];
  const renewed = { ...pin, settings: accepted, seen, locations };
  if (!isDeepStrictEqual(renewed, pin)) await keep(renewed, role, environment);
  if (role === "host") refuseChanges(target, grave);
  if (role === "reader") {
    for (const { text } of changes) environment.tell(`${target.location}: ${text}`);
  }
  return renewed;
}

export interface Meeting {
  readonly environment: Environment;
  readonly role: Role;
  readonly credentials: Credentials;
}

/**
 * People agree to fingerprints, and what is sealed is sealed to keys: before anybody agrees, or
 * stores by them, settings have to say which is whose.
 *
 * @throws {@link AccessError} if a key has another fingerprint than they say.
 */
export async function refuseMisnamed({ n, recipients, hosts }: Settings): Promise<void> {
  for (const { fingerprint, key } of [...recipients, ...hosts]) {
    const own = await fingerprintOf(key).catch(() => undefined);
    if (own === fingerprint) continue;
    throw new AccessError(`${settingsName(n)} gives the fingerprint ${fingerprint} to another key`);
  }
}

function refuseFingerprint(outline: Outline, { fingerprint }: Credentials): void {
  if (fingerprint === undefined || fingerprint === outline.fingerprint) return;
  throw new AccessError(
    `the repository's fingerprint is ${outline.fingerprint}, not ${fingerprint}: it is another repository`,
  );
}

/**
 * Whoever changes settings agrees to all of them: that has to have been said before.
 *
 * @throws {@link AccessError} if changes wait for `key accept`.
 */
export function refusePending({ location }: Target, { n }: Settings, { settings }: Pin): void {
  if (settings.n === n) return;
  throw new AccessError(
    `${location}: its settings have changed, as told: say varve key accept if that is meant, and try again`,
  );
}

/** Others may join; who can read, and who commands, is for this machine to agree to. */
function refuseChanges({ location }: Target, grave: readonly Change[]): void {
  if (grave.length === 0) return;
  const list = grave.map(({ text }) => text).join("; ");
  throw new AccessError(
    `${location}: its settings have changed: ${list}. If that is meant, say varve key accept; nothing was stored`,
  );
}

/**
 * Believes in a repository that was never seen, by its credentials or somebody's word.
 *
 * @throws {@link AccessError} if there is neither.
 */
export async function meet(
  { location }: Target,
  outline: Outline,
  { environment, credentials }: Pick<Meeting, "environment" | "credentials">,
): Promise<void> {
  if (await isKnown(outline, credentials, environment.means.sealing.verify)) return;
  const unknown = `this machine does not know the repository in ${location}; its fingerprint is ${outline.fingerprint}`;
  if (!hasTerminal()) {
    throw new AccessError(
      `${unknown}. If that is the right one, say --fingerprint or set VARVE_FINGERPRINT`,
    );
  }
  const answer = await question(`${unknown}.\nIs it the right one (yes/no)? `);
  if (answer.trim() !== "yes") throw new AccessError(`${location}: not the right repository`);
}
