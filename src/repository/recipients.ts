/**
 * Changing who can read. What is stored stays as it is: a new recipient reads
 * new runs, and those old ones whose session keys are sealed once more; one
 * that was removed can read what it could, and knows the repository secret.
 */
import { CorruptError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import type { RunKey } from "../format/secret.ts";
import type { Settings } from "../format/settings.ts";
import type { Sealing } from "../seal/sealing.ts";
import type { Signer } from "../seal/signature.ts";
import type { WritableTarget } from "../target/target.ts";
import type { Chain } from "./chain.ts";
import { followChain } from "./chain.ts";
import { readHistory, readHosts } from "./history.ts";
import type { MessageOpener } from "./key-messages.ts";
import { storeKeys } from "./key-messages.ts";
import type { Repository, Unlocked } from "./repository.ts";
import { readRunKey } from "./run.ts";
import { SessionKeys } from "./session-keys.ts";
import type { Outline } from "./settings.ts";
import { changeSettings } from "./settings.ts";
import type { Memory } from "./snapshots.ts";

/** Who is to read, and what of the past. */
export interface Readership extends Pick<Settings, "recipients" | "packets"> {
  readonly sessions: readonly RunKey[];
}

/**
 * Seals the repository secret to other recipients, and makes settings say so.
 *
 * @throws {@link UnavailableError} if somebody else changed the settings meanwhile.
 */
export async function changeReaders(
  target: WritableTarget,
  { secret, ...outline }: Unlocked,
  { recipients, packets, sessions }: Readership,
  { signers, sealing }: { readonly signers: readonly Signer[]; readonly sealing: Sealing },
): Promise<Outline> {
  const { repository, keys } = outline.settings;
  const contents = { repository, packets, recipients, secret, sessions };
  const message = await storeKeys(target, contents, sealing);
  const change = { packets, recipients, keys: [...keys, message] };
  return await changeSettings(target, outline, change, { signers, verify: sealing.verify });
}

/** What of the past an identity can open. */
export interface PastKeys {
  readonly sessions: readonly RunKey[];
  /** Runs that are not among them, and why. */
  readonly problems: readonly CorruptError[];
}

/**
 * Opens the session keys of all runs of all hosts: one message for each run.
 *
 * @throws {@link AccessError} if one is not sealed to this identity.
 */
export async function openPast(
  repository: Repository,
  identity: MessageOpener,
  memory: Memory,
): Promise<PastKeys> {
  const sessions: RunKey[] = [];
  const problems: CorruptError[] = [];
  for (const host of await readHosts(repository.target)) {
    const history = await readHistory(repository.target, host);
    const chain = await followChain(repository, history, memory(host));
    problems.push(...chain.problems);
    const hashes = await hashesOf(repository, chain, history.open);
    const keys = new SessionKeys(repository, identity, hashes);
    for (const run of hashes.keys()) {
      try {
        sessions.push({ run, key: await keys.key(run) });
      } catch (error) {
        if (!(error instanceof CorruptError)) throw error;
        problems.push(error);
      }
    }
  }
  return { sessions, problems };
}

/** Of the keys of all runs: a later one may adopt what those without a snapshot have stored. */
async function hashesOf(
  repository: Repository,
  { keys, expired }: Chain,
  open: readonly RunName[],
): Promise<Map<RunName, string>> {
  const hashes = new Map(keys);
  for (const run of [...open, ...expired]) {
    const hash = hashes.has(run) ? undefined : await beganWith(repository, run);
    if (hash !== undefined) hashes.set(run, hash);
  }
  return hashes;
}

/** The key of a run that nothing is committed of, if it is the one that the run began with. */
async function beganWith(repository: Repository, run: RunName): Promise<string | undefined> {
  try {
    return await readRunKey(repository, run);
  } catch (error) {
    // No later run will adopt it either.
    if (error instanceof CorruptError) return undefined;
    throw error;
  }
}
