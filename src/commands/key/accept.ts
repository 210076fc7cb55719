/**
 * `key accept`: this machine agrees to what has changed in a repository: its
 * settings, snapshots that are gone, or, with its fingerprint, all of it.
 */
import type { CommandModule } from "yargs";
import { readEnrolment } from "../../config/enrolment.ts";
import type { Pin } from "../../config/pins.ts";
import { readPin, writePin } from "../../config/pins.ts";
import { followChain } from "../../repository/chain.ts";
import { readHistory, readHosts } from "../../repository/history.ts";
import { Repository } from "../../repository/repository.ts";
import type { Outline } from "../../repository/settings.ts";
import { readOutline } from "../../repository/settings.ts";
import { checkPin, pinned } from "../../repository/trust.ts";
import { canonicalLocation } from "../../target/location.ts";
import type { PrunableTarget } from "../../target/target.ts";
import { meet, refuseMisnamed } from "../acquaintance.ts";
import type { Environment } from "../environment.ts";
import { reachTarget, readEnvironment } from "../environment.ts";
import { forgetOthers, remember, rememberedOf } from "../memory.ts";
import type { OutputFlags } from "../output.ts";
import { Output } from "../output.ts";

interface AcceptFlags extends OutputFlags {
  target: string | undefined;
  fingerprint: string | undefined;
}

export const accept: CommandModule<OutputFlags, AcceptFlags> = {
  command: "accept [target]",
  describe: "Agree to changed settings, missing snapshots, or another repository",
  builder: (cli) =>
    cli
      .positional("target", { type: "string", describe: "The repository's target" })
      .option("fingerprint", {
        type: "string",
        requiresArg: true,
        describe: "The repository's: believe in it, whatever was there before",
      }),
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env, output, flags);
    const target = await reachTarget(flags.target, environment);
    const outline = await readOutline(target);
    const pin = await readPin(environment.places, outline.settings.repository);
    const tools = { environment, output };
    // Not the variable's: whoever always sets it wants to see what has changed.
    if (pin === undefined || flags.fingerprint !== undefined) {
      await acceptRepository(target, outline, tools);
    } else {
      await acceptChanges(target, { outline, pin }, tools);
    }
  },
};

interface Tools {
  readonly environment: Environment;
  readonly output: Output;
}

async function acceptRepository(
  target: PrunableTarget,
  outline: Outline,
  { environment, output }: Tools,
): Promise<void> {
  const { fingerprint } = environment;
  const location = canonicalLocation(target.location);
  await meet(target, outline, {
    environment,
    credentials: { fingerprint, identity: undefined },
  });
  await refuseMisnamed(outline.settings);
  await remember(outline, location, environment);
  tellAccepted(outline, location, output);
}

function tellAccepted({ fingerprint }: Outline, location: string, output: Output): void {
  output.result(
    { event: "accepted", fingerprint },
    `accepted the repository in ${location}, ${fingerprint}`,
  );
}

async function acceptChanges(
  target: PrunableTarget,
  { outline, pin }: { readonly outline: Outline; readonly pin: Pin },
  { environment, output }: Tools,
): Promise<void> {
  const { places, means } = environment;
  const location = canonicalLocation(target.location);
  const changes = await checkPin(outline, pin, means.sealing.verify);
  await refuseMisnamed(outline.settings);
  for (const { text } of changes) output.result({ event: "accepted", change: text }, text);
  const missed = await missedEnds(target, { outline, pin }, { environment, output });
  const isElsewhere = !pin.locations.includes(location);
  if (isElsewhere) tellAccepted(outline, location, output);
  await forgetOthers(outline, location, places);
  const locations = [...new Set([...pin.locations, location])];
  await writePin(places, {
    ...pin,
    ...pinned(outline),
    locations,
    missed: [...new Set([...pin.missed, ...missed])],
  });
  const isAsItWas = !isElsewhere && changes.length + missed.length === 0;
  if (isAsItWas) output.note("nothing has changed");
}

/** The ends that are not as they were: found by those who have the repository secret. */
async function missedEnds(
  target: PrunableTarget,
  { outline, pin }: { readonly outline: Outline; readonly pin: Pin },
  { environment: { places, means }, output }: Tools,
): Promise<string[]> {
  const enrolment = await readEnrolment(places, outline.settings.repository);
  if (enrolment === undefined) return [];
  const repository = new Repository(target, { ...outline, secret: enrolment.secret }, means);
  const missed: string[] = [];
  for (const host of new Set([...(await readHosts(target)), ...Object.keys(pin.heads)])) {
    const history = await readHistory(target, host);
    const { problems } = await followChain(repository, history, rememberedOf(pin, host));
    for (const { object, message } of problems) {
      output.result({ event: "accepted", object, message }, message);
      missed.push(object);
    }
  }
  return missed;
}
