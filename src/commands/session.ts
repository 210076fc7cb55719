/**
 * From a target to an open repository: as a host that writes, as a member that
 * looks, or as somebody who can read.
 */
import { join } from "node:path";
import { Cache } from "../cache/cache.ts";
import { readEnrolment, writeEnrolment } from "../config/enrolment.ts";
import type { Pin } from "../config/pins.ts";
import { AccessError, VarveError } from "../errors.ts";
import type { Settings } from "../format/settings.ts";
import { openingOnce, openSecret } from "../repository/key-messages.ts";
import type { SignaturePolicy, Unlocked } from "../repository/repository.ts";
import { Repository } from "../repository/repository.ts";
import type { Outline } from "../repository/settings.ts";
import { changeSettings } from "../repository/settings.ts";
import type { Identity } from "../seal/identity.ts";
import type { Signer } from "../seal/signature.ts";
import { makeSigningKey, readSigner } from "../seal/signature.ts";
import type { PrunableTarget, WritableTarget } from "../target/target.ts";
import { acquaint, outlineAt, refuseMisnamed, refusePending } from "./acquaintance.ts";
import type { Environment } from "./environment.ts";
import { findIdentity } from "./identities.ts";

/** A repository as one of its members knows it. */
export interface Membership {
  readonly repository: Repository<WritableTarget>;
  /** The name that this machine has, or would have. */
  readonly host: string;
  /** What is remembered of the repository. */
  readonly pin: Pin;
}

export interface Hosting extends Membership {
  readonly signer: Signer;
}

/**
 * Opens a repository as a host of it: without a private key, once this machine is enrolled.
 *
 * @throws {@link AccessError} if this machine is no host and has no private key, or should look
 * at what has changed.
 */
export async function openAsHost(
  target: PrunableTarget,
  environment: Environment,
): Promise<Hosting> {
  const outline = await outlineAt(target, environment);
  const { places, namedHost } = environment;
  const enrolment = await readEnrolment(places, outline.settings.repository, namedHost);
  if (enrolment === undefined) return await enrol(target, outline, environment);
  const pin = await acquaint(target, outline, {
    environment,
    role: "host",
    credentials: { fingerprint: environment.fingerprint, identity: undefined },
  });
  const signer = await readSigner(enrolment.signingKey);
  const { host, secret } = enrolment;
  const isHost = outline.settings.hosts.some(
    ({ name, fingerprint }) => name === host && fingerprint === signer.fingerprint,
  );
  if (!isHost) return await enrol(target, outline, environment);
  const repository = new Repository(target, { ...outline, secret }, environment.means);
  return { repository, host, pin, signer };
}

/** Opens a repository to see what a host may: with its secret, or else with the private key. */
export async function openAsMember(
  target: PrunableTarget,
  environment: Environment,
): Promise<Membership> {
  const outline = await outlineAt(target, environment);
  const enrolment = await readEnrolment(environment.places, outline.settings.repository);
  if (enrolment === undefined) return await openAsReader(target, environment);
  const pin = await acquaint(target, outline, {
    environment,
    role: "reader",
    credentials: { fingerprint: environment.fingerprint, identity: undefined },
  });
  const { secret } = enrolment;
  const host = environment.namedHost ?? enrolment.host;
  const repository = new Repository(target, { ...outline, secret }, environment.means);
  return { repository, host, pin };
}

/** A repository and the identity that reads what is in it. */
export interface Readable extends Membership {
  readonly identity: Identity;
}

/** Opens a repository for reading what was backed up. */
export async function openAsReader(
  target: PrunableTarget,
  environment: Environment,
  signatures: SignaturePolicy = "required",
): Promise<Readable> {
  const outline = await outlineAt(target, environment);
  const identity = openingOnce(await findIdentity(target, outline, environment));
  const pin = await acquaint(target, outline, {
    environment,
    role: "reader",
    credentials: await credentialsOf(identity, environment),
  });
  const enrolment = await readEnrolment(environment.places, outline.settings.repository);
  const secret = enrolment?.secret ?? (await openSecret(target, outline, identity));
  const unlocked = { ...outline, secret };
  const repository = new Repository(target, unlocked, environment.means, signatures);
  return {
    repository,
    host: environment.namedHost ?? enrolment?.host ?? hostAmong(outline.settings, environment),
    pin,
    identity,
  };
}

/** Whose snapshots a machine means that is no host: those of its name, or of the only one there is. */
function hostAmong({ hosts }: Settings, environment: Environment): string {
  const [only, ...others] = new Set(hosts.map(({ name }) => name));
  return others.length === 0 && only !== undefined ? only : environment.host;
}

async function credentialsOf(
  { fingerprint, publicKey }: Identity,
  environment: Environment,
): Promise<Parameters<typeof acquaint>[2]["credentials"]> {
  return {
    fingerprint: environment.fingerprint,
    identity: { fingerprint, key: publicKey },
  };
}

/**
 * Opens the cache of what a host has in a repository; where its directory
 * cannot be used, one in a temporary directory does.
 */
export async function openCache(
  repository: Repository,
  host: string,
  { places, tell }: Environment,
): Promise<Cache> {
  const segmentSize = repository.settings.sizes.segment;
  const identity = { repository: repository.id, host, segmentSize };
  // What nobody signed must not be believed later.
  if (repository.signatures === "waived") return await Cache.temporary(identity);
  try {
    return await Cache.open(join(places.cache, repository.id, host), identity);
  } catch (error) {
    if (!(error instanceof VarveError)) throw error;
    tell(`${error.message} Going on with a temporary cache, which is slower.`);
    return Cache.temporary(identity);
  }
}

/** Makes this machine a host, with the private key: from then on it does without. */
async function enrol(
  target: PrunableTarget,
  outline: Outline,
  environment: Environment,
): Promise<Hosting> {
  const { host, means } = environment;
  const identity = await findIdentity(target, outline, environment).catch((error: unknown) => {
    if (!(error instanceof AccessError)) throw error;
    const message = `this machine is not host ${host} of it yet, which takes the private key once`;
    throw new AccessError(`${error.message} (${message})`, { cause: error });
  });
  const credentials = await credentialsOf(identity, environment);
  const before = await acquaint(target, outline, { environment, role: "reader", credentials });
  refusePending(target, outline.settings, before);
  await refuseMisnamed(outline.settings);
  const secret = await openSecret(target, outline, identity);
  const signer = await newSigner({ ...outline, secret }, environment);
  const { hosts } = outline.settings;
  if (hosts.some(({ name }) => name === host)) {
    environment.tell(`another machine is, or was, host ${host}: this one joins it under its name`);
  }
  const added = {
    name: host,
    fingerprint: signer.fingerprint,
    key: signer.publicKey,
    keeper: false,
  };
  const change = { hosts: [...hosts, added] };
  const changed = await changeSettings(target, outline, change, {
    signers: [identity],
    verify: means.sealing.verify,
  });
  const pin = await acquaint(target, changed, { environment, role: "own change", credentials });
  return { repository: new Repository(target, { ...changed, secret }, means), host, pin, signer };
}

/**
 * Makes the key that signs what this machine commits, and keeps it with the repository secret:
 * before anybody is told of it, for without its private half it would be worth nothing.
 */
export async function newSigner(
  { settings, secret }: Pick<Unlocked, "settings" | "secret">,
  { host, namedHost, places }: Environment,
): Promise<Signer & { readonly publicKey: string }> {
  const { publicKey, privateKey } = await makeSigningKey(`varve host ${host}`);
  const { repository } = settings;
  const own = await readEnrolment(places, repository);
  // A name that one run was given must not become that of the next, nor do away with its key.
  const isOther = namedHost !== undefined && own !== undefined && own.host !== host;
  const enrolment = { repository, host, secret, signingKey: privateKey };
  await writeEnrolment(places, enrolment, isOther ? "named" : "own");
  return { ...(await readSigner(privateKey)), publicKey };
}

/** @throws {@link AccessError} unless this machine is a keeper of the repository. */
export function mustKeep({ repository, host, signer }: Hosting): void {
  const { hosts } = repository.settings;
  const own = hosts.find(({ fingerprint }) => fingerprint === signer.fingerprint);
  if (own?.keeper !== true) throw new AccessError(`host ${host} is no keeper of the repository`);
}
