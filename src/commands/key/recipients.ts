/** `key add-recipient`, `key remove-recipient`: who can read what is stored from now on. */
import type { Argv, CommandModule } from "yargs";
import { AccessError, CorruptError, NotFoundError, UsageError } from "../../errors.ts";
import type { RunKey } from "../../format/secret.ts";
import type { PublicKey } from "../../format/settings.ts";
import { changeReaders, openPast } from "../../repository/recipients.ts";
import type { Identity } from "../../seal/identity.ts";
import { knownRecipient } from "../../seal/recipients.ts";
import type { Signer } from "../../seal/signature.ts";
import { acquaint, refuseMisnamed, refusePending } from "../acquaintance.ts";
import { publicKeyOf } from "../create.ts";
import type { Environment } from "../environment.ts";
import { reachTarget, readEnvironment } from "../environment.ts";
import { rememberedOf } from "../memory.ts";
import type { OutputFlags } from "../output.ts";
import { count, Output } from "../output.ts";
import { findRecipients } from "../recipients.ts";
import type { Membership } from "../session.ts";
import { mustKeep, openAsHost, openAsReader } from "../session.ts";

interface ChangeFlags extends OutputFlags {
  key: string[];
  to: string | undefined;
}

interface AddFlags extends ChangeFlags {
  past: boolean;
}

export const addRecipient: CommandModule<OutputFlags, AddFlags> = {
  command: "add-recipient <key..>",
  describe: "Let somebody read what is stored from now on",
  builder: (cli) =>
    changeFlags(cli).option("past", {
      type: "boolean",
      default: false,
      describe: "And what is stored already: takes the private key",
    }),
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env, output);
    const given = await findRecipients(flags.key);
    const authority = await openToChange(flags.to, environment, flags.past ? "past" : "future");
    const { settings, target } = authority.repository;
    await refuseMisnamed(settings);
    refusePending(target, settings, authority.pin);
    const known = new Set(settings.recipients.map(({ fingerprint }) => fingerprint));
    const added = given.filter(({ fingerprint }) => !known.has(fingerprint));
    if (added.length === 0 && !flags.past) throw new UsageError("they can read it already");
    const sessions = flags.past ? await pastOf(authority, output) : [];
    const recipients = [...settings.recipients, ...added.map(publicKeyOf)];
    await change(authority, { recipients, sessions }, environment);
    for (const { fingerprint, userIds } of added) {
      output.result(
        { event: "added", fingerprint, userIds },
        `${fingerprint} ${userIds[0] ?? ""} can read what is stored from now on`,
      );
    }
    if (!flags.past) {
      output.note("New snapshots use what older ones stored as well: to read that takes --past.");
      return;
    }
    output.result(
      { event: "resealed", runs: sessions.length },
      `and what ${count(sessions.length, "earlier run")} stored, whose keys are in one message now`,
    );
    if (output.damages > 0)
      throw new CorruptError("the past", `${count(output.damages, "run")} told above`);
  },
};

export const removeRecipient: CommandModule<OutputFlags, ChangeFlags> = {
  command: "remove-recipient <key..>",
  describe: "Let somebody read nothing that is stored from now on",
  builder: changeFlags,
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env, output);
    const authority = await openToChange(flags.to, environment, "future");
    const { recipients } = authority.repository.settings;
    const removed = new Set<PublicKey>();
    for (const name of flags.key) removed.add(await namedBy(name, recipients));
    const left = recipients.filter((recipient) => !removed.has(recipient));
    if (left.length === 0)
      throw new UsageError("nobody would be left who can read: add somebody first");
    await change(authority, { recipients: left, sessions: [] }, environment);
    for (const { fingerprint } of removed) {
      output.result(
        { event: "removed", fingerprint },
        `${fingerprint} can read nothing that is stored from now on; what was stored before, it still can`,
      );
    }
  },
};

function changeFlags(cli: Argv<OutputFlags>): Argv<ChangeFlags> {
  return cli
    .positional("key", {
      type: "string",
      array: true,
      demandOption: true,
      describe: "A file with a public key, or a key in gpg's keyring",
    })
    .option("to", { type: "string", requiresArg: true, describe: "The repository's target" });
}

/** Who may change settings: an identity, or a keeper. */
interface Authority extends Membership {
  readonly identity: Identity | undefined;
  readonly signer: Signer;
}

/** The past takes the private key; for the future a keeper's word will do. */
async function openToChange(
  address: string | undefined,
  environment: Environment,
  time: "past" | "future",
): Promise<Authority> {
  const target = await reachTarget(address, environment);
  try {
    const readable = await openAsReader(target, environment);
    return { ...readable, signer: readable.identity };
  } catch (error) {
    const isWithoutKey = error instanceof AccessError || error instanceof UsageError;
    if (time === "past" || !isWithoutKey) throw error;
  }
  const hosting = await openAsHost(target, environment);
  mustKeep(hosting);
  return { ...hosting, identity: undefined };
}

async function pastOf(
  { repository, identity, pin }: Authority,
  output: Output,
): Promise<readonly RunKey[]> {
  if (identity === undefined) throw new AccessError("the past takes the private key");
  const memory = (host: string) => rememberedOf(pin, host);
  const { sessions, problems } = await openPast(repository, identity, memory);
  for (const problem of problems) output.damage(problem);
  return sessions;
}

/** Makes the change, and remembers it: it is this machine's own. */
async function change(
  { repository, signer, pin }: Authority,
  {
    recipients,
    sessions,
  }: { readonly recipients: readonly PublicKey[]; readonly sessions: readonly RunKey[] },
  environment: Environment,
): Promise<void> {
  const { target, unlocked } = repository;
  await refuseMisnamed({ ...unlocked.settings, recipients });
  // One format for all: what one of them cannot read, none gets.
  const packets = (await Promise.all(recipients.map(isForVersion2))).every((is) => is) ? 2 : 1;
  const changed = await changeReaders(
    target,
    unlocked,
    { recipients, packets, sessions },
    { signers: [signer], sealing: environment.means.sealing },
  );
  const credentials = { fingerprint: undefined, identity: undefined };
  // To take somebody away is not to agree to whom others have added.
  const role = pin.settings.n === unlocked.settings.n ? "own change" : "reader";
  await acquaint(target, changed, { environment, role, credentials });
}

async function isForVersion2({ key }: PublicKey): Promise<boolean> {
  return (await knownRecipient(key)).packets === 2;
}

/** The recipient that is meant by the end of its fingerprint, or a part of a user id. */
async function namedBy(name: string, recipients: readonly PublicKey[]): Promise<PublicKey> {
  const digits = name.toLowerCase().replace(/^0x/, "");
  const isDigits = /^[0-9a-f]{8,64}$/.test(digits);
  const found = isDigits
    ? recipients.filter(({ fingerprint }) => fingerprint.endsWith(digits))
    : [];
  for (const recipient of found.length > 0 ? [] : recipients) {
    const { userIds } = await knownRecipient(recipient.key);
    if (userIds.some((userId) => userId.includes(name))) found.push(recipient);
  }
  const [first, other] = found;
  if (first === undefined) throw new NotFoundError(`${name} is none of those who can read`);
  if (other !== undefined) throw new UsageError(`${name} could be several: say a fingerprint`);
  return first;
}
