/** What the commands that read a snapshot have in common. */
import type { Argv } from "yargs";
import type { Cache } from "../cache/cache.ts";
import type { Digests } from "../digest/digest.ts";
import { loadDigests } from "../digest/digest.ts";
import { lastName } from "../disk/path.ts";
import { CorruptError } from "../errors.ts";
import { endName } from "../format/names.ts";
import type { Manifest, Summary } from "../format/snapshot.ts";
import { decodeManifest } from "../format/snapshot.ts";
import { openDocument } from "../pack/document.ts";
import type { Chain } from "../repository/chain.ts";
import { SessionKeys } from "../repository/session-keys.ts";
import { findSnapshot } from "../repository/snapshots.ts";
import { refreshView } from "../repository/view.ts";
import type { ReadingMeans } from "../restore/chunk-source.ts";
import type { Environment } from "./environment.ts";
import { reachTarget, readEnvironment } from "./environment.ts";
import { rememberedOf, reviewChain } from "./memory.ts";
import type { Output, OutputFlags } from "./output.ts";
import { count } from "./output.ts";
import type { Readable } from "./session.ts";
import { openAsReader, openCache } from "./session.ts";

/** What says where to read. */
export interface RepositoryFlags extends OutputFlags {
  from: string | undefined;
  host: string | undefined;
  fingerprint: string | undefined;
  "allow-unsigned": boolean;
}

/** And which snapshot. */
export interface ReadingFlags extends RepositoryFlags {
  snapshot: string;
}

/** Adds the flags that say where to read. */
export function repositoryFlags(cli: Argv<OutputFlags>): Argv<RepositoryFlags> {
  return cli
    .option("from", { type: "string", requiresArg: true, describe: "The repository's target" })
    .option("host", {
      type: "string",
      requiresArg: true,
      describe: "Whose latest is meant; by default this host's, elsewhere the only one's",
    })
    .option("fingerprint", {
      type: "string",
      requiresArg: true,
      describe: "The repository's, as init printed it",
    })
    .option("allow-unsigned", {
      type: "boolean",
      default: false,
      describe: "Take what no host has signed: anybody who can write to the store may have made it",
    });
}

/** Adds the flags that say which snapshot. */
export function readingFlags(cli: Argv<OutputFlags>): Argv<ReadingFlags> {
  return repositoryFlags(cli).option("snapshot", {
    type: "string",
    requiresArg: true,
    default: "latest",
    describe: "latest, or an id",
  });
}

/** A snapshot that is open for reading. */
export interface OpenSnapshot {
  readonly manifest: Manifest;
  readonly summary: Summary;
  readonly means: ReadingMeans;
  readonly digests: Digests;
  readonly environment: Environment;
}

const MAX_MANIFEST_BYTES = 2 ** 26;
const INCOMPLETE =
  "This snapshot is incomplete: a backup that was still going on committed it. What is missing may be in the source all the same.";
const UNSIGNED =
  "--allow-unsigned: nobody vouches for what is restored. Whoever can write to the store may have made it.";

/** Opens the snapshot that the flags name, and closes what was opened after `use`. */
export function withSnapshot<T>(
  flags: ReadingFlags,
  output: Output,
  use: (snapshot: OpenSnapshot) => Promise<T>,
): Promise<T> {
  return withSnapshots(flags, output, async (open) => await use(await open(flags.snapshot)));
}

/** Opens a snapshot of the repository, by what a user calls it. */
export type OpenByName = (wanted: string) => Promise<OpenSnapshot>;

/**
 * Opens a repository in which `use` opens snapshots, and closes what was opened after it.
 * Snapshots of one host have their means in common.
 */
export async function withSnapshots<T>(
  flags: RepositoryFlags,
  output: Output,
  use: (open: OpenByName) => Promise<T>,
): Promise<T> {
  const environment = await readEnvironment(process.env, output, flags);
  const target = await reachTarget(flags.from, environment);
  const policy = flags["allow-unsigned"] ? "waived" : "required";
  if (policy === "waived") output.warn(UNSIGNED);
  const readable = await openAsReader(target, environment, policy);
  const hosts = new Map<string, HostReading>();
  try {
    const result = await use((wanted) =>
      openByName(wanted, readable, { environment, output, hosts }),
    );
    if (output.damages === 0) return result;
  } finally {
    for (const { cache } of hosts.values()) await cache.close();
  }
  const told = count(output.damages, "other object");
  throw new CorruptError(target.location, `this snapshot is there, but not ${told} told above`);
}

/** What reading the snapshots of one host takes. */
interface HostReading {
  readonly means: ReadingMeans & { readonly keys: SessionKeys };
  readonly cache: Cache;
  readonly digests: Digests;
}

interface Tools {
  readonly environment: Environment;
  readonly output: Output;
  /** Those that are open, by name. */
  readonly hosts: Map<string, HostReading>;
}

async function openByName(wanted: string, readable: Readable, tools: Tools): Promise<OpenSnapshot> {
  const { repository, host, pin } = readable;
  const memory = (name: string) => rememberedOf(pin, name);
  const { end, summary, chain } = await findSnapshot(repository, wanted, host, memory);
  // Its name is the snapshot's host's: what a summary says of itself is for people.
  const reading = tools.hosts.get(chain.host) ?? (await openHost(chain, readable, tools));
  const { means, digests } = reading;
  const { environment, output } = tools;
  if (!summary.complete) output.warn(INCOMPLETE);
  const opener = means.opener(await means.keys.key(summary.run));
  const name = endName(summary.run);
  const documents = { zstd: means.zstd, opener };
  const lines = openDocument(name, end.manifest, documents, MAX_MANIFEST_BYTES);
  const manifest = withName(decodeManifest(name, summary.run, lines));
  return { manifest, summary, means, digests, environment };
}

async function openHost(
  chain: Chain,
  { repository, identity }: Readable,
  { environment, output, hosts }: Tools,
): Promise<HostReading> {
  await reviewChain(chain, repository, { environment, output });
  const keys = new SessionKeys(repository, identity, chain.keys);
  const digests = await loadDigests(repository.keys.chunkId, environment.engine);
  const { zstd, sealing } = environment.means;
  const cache = await openCache(repository, chain.host, environment);
  const { opener } = sealing;
  const means = { repository, cache, keys, zstd, opener, identify: digests.chunkId };
  const reading = { means, cache, digests };
  hosts.set(chain.host, reading);
  for (const damage of await refreshView(repository, cache, chain.host)) output.damage(damage);
  return reading;
}

/** A root has no name of its own; one that is a file has to be put somewhere. */
function withName(manifest: Manifest): Manifest {
  const { root, source } = manifest;
  if (root.type === "directory") return manifest;
  return { ...manifest, root: { ...root, name: lastName(source) } };
}
