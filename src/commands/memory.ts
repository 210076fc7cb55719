/** What this machine remembers of repositories, and of where the snapshots of their hosts stand. */
import { isDeepStrictEqual } from "node:util";
import type { Pin } from "../config/pins.ts";
import { pinsAt, readPin, writePin } from "../config/pins.ts";
import type { Places } from "../config/places.ts";
import { UnavailableError } from "../errors.ts";
import type { Chain, ChainState, Remembered } from "../repository/chain.ts";
import type { Repository } from "../repository/repository.ts";
import type { Outline } from "../repository/settings.ts";
import { pinned } from "../repository/trust.ts";
import type { Environment } from "./environment.ts";
import type { Output } from "./output.ts";

/**
 * As whom a repository is met: who stores must agree to what has changed, who reads is told, and
 * who changed it knows.
 */
export type Role = "host" | "reader" | "own change";

/** Who only reads can do with a home directory that cannot be written. */
export async function keep(pin: Pin, role: Role, { places, tell }: Environment): Promise<Pin> {
  try {
    await writePin(places, pin);
  } catch (error) {
    if (role !== "reader" || !(error instanceof UnavailableError)) throw error;
    tell(`${error.message}. What was seen of the repository is not remembered.`);
  }
  return pin;
}

/** Remembers a repository as the one at this address, whatever was there before. */
export async function remember(
  outline: Outline,
  location: string,
  { places }: Pick<Environment, "places">,
): Promise<Pin> {
  await forgetOthers(outline, location, places);
  const pin = newPin(outline, location);
  await writePin(places, pin);
  return pin;
}

/** What there is to remember of a repository at first sight. */
export function newPin(outline: Outline, location: string): Pin {
  const { repository } = outline.settings;
  return { repository, ...pinned(outline), locations: [location], heads: {}, missed: [] };
}

/** There is another repository at this address now. */
export async function forgetOthers(
  { settings: { repository } }: Outline,
  location: string,
  places: Places,
): Promise<void> {
  for (const other of await pinsAt(places, location)) {
    if (other.repository === repository) continue;
    const locations = other.locations.filter((known) => known !== location);
    await writePin(places, { ...other, locations });
  }
}

/** What is remembered of the snapshots of a host. */
export function rememberedOf({ heads, missed }: Pin, host: string): Remembered {
  // Whoever can write can make up names: every object has a `constructor`.
  return { heads: Object.hasOwn(heads, host) ? (heads[host] ?? []) : [], missed };
}

/** Remembers where the chain of a host stands. */
export async function rememberHeads(
  repository: string,
  { host, heads }: Pick<ChainState, "host" | "heads">,
  environment: Environment,
  role: Role,
): Promise<void> {
  // Anew: another process may have remembered something meanwhile.
  const pin = await readPin(environment.places, repository);
  if (pin === undefined || isDeepStrictEqual(rememberedOf(pin, host).heads, heads)) return;
  await keep({ ...pin, heads: { ...pin.heads, [host]: heads } }, role, environment);
}

/**
 * Tells what is wrong with a host's snapshots; remembers where they stand if nothing is.
 */
export async function reviewChain(
  chain: Chain,
  { id, signatures }: Pick<Repository, "id" | "signatures">,
  { environment, output }: { readonly environment: Environment; readonly output: Output },
): Promise<void> {
  const { host, heads, problems } = chain;
  for (const problem of problems) output.damage(problem);
  if (problems.length > 0) return;
  if (heads.length > 1) {
    const names = heads.map(({ object }) => object).join(" and ");
    output.note(
      `host ${host}: ${names} do not know each other: they were made at once, or the store hid one`,
    );
  }
  // What nobody signed must not be missed later.
  if (signatures === "required") await rememberHeads(id, chain, environment, "reader");
}
