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
import { SessionKeys } from "../repository/session-keys.ts";
import { findSnapshot } from "../repository/snapshots.ts";
import { refreshView } from "../repository/view.ts";
import type { ReadingMeans } from "../restore/chunk-source.ts";
import type { Environment } from "./environment.ts";
import { reachTarget, readEnvironment } from "./environment.ts";
import { rememberedOf, reviewChain } from "./memory.ts";
import type { Output, OutputFlags } from "./output.ts";
import { count } from "./output.ts";
import { openAsReader, openCache } from "./session.ts";

export interface ReadingFlags extends OutputFlags {
  from: string | undefined;
  snapshot: string;
  fingerprint: string | undefined;
  "allow-unsigned": boolean;
}

/** Adds the flags that say which snapshot. */
export function readingFlags(cli: Argv<OutputFlags>): Argv<ReadingFlags> {
  return cli
    .option("from", { type: "string", requiresArg: true, describe: "The repository's target" })
    .option("snapshot", {
      type: "string",
      requiresArg: true,
      default: "latest",
      describe: "latest, or an id",
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

/** A snapshot that is open for reading. */
export interface OpenSnapshot {
  readonly manifest: Manifest;
  readonly summary: Summary;
  readonly means: ReadingMeans;
  readonly digests: Digests;
  readonly environment: Environment;
}

const MAX_MANIFEST_BYTES = 2 ** 26;
const UNSIGNED =
  "--allow-unsigned: nobody vouches for what is restored. Whoever can write to the store may have made it.";

/** Opens the snapshot that the flags name, and closes what was opened after `use`. */
export async function withSnapshot<T>(
  flags: ReadingFlags,
  output: Output,
  use: (snapshot: OpenSnapshot) => Promise<T>,
): Promise<T> {
  const environment = await readEnvironment(process.env, output, flags.fingerprint);
  const target = await reachTarget(flags.from, environment);
  const policy = flags["allow-unsigned"] ? "waived" : "required";
  if (policy === "waived") output.warn(UNSIGNED);
  const { repository, identity, host, pin } = await openAsReader(target, environment, policy);
  const memory = (name: string) => rememberedOf(pin, name);
  const { end, summary, chain } = await findSnapshot(repository, flags.snapshot, host, memory);
  await reviewChain(chain, repository, { environment, output });
  const keys = new SessionKeys(repository, identity, chain.keys);
  const { zstd, sealing } = environment.means;
  const documents = { zstd, opener: sealing.opener(await keys.key(summary.run)) };
  const name = endName(summary.run);
  const lines = openDocument(name, end.manifest, documents, MAX_MANIFEST_BYTES);
  const manifest = withName(decodeManifest(name, summary.run, lines));
  const digests = await loadDigests(repository.keys.chunkId, environment.engine);
  // Its name is the snapshot's host's: what a summary says of itself is for people.
  const cache: Cache = await openCache(repository, chain.host, environment);
  try {
    for (const damage of await refreshView(repository, cache, chain.host)) output.damage(damage);
    const { opener } = sealing;
    const means = { repository, cache, keys, zstd, opener, identify: digests.chunkId };
    const result = await use({ manifest, summary, means, digests, environment });
    if (output.damages === 0) return result;
  } finally {
    await cache.close();
  }
  const told = count(output.damages, "other object");
  throw new CorruptError(target.location, `this snapshot is there, but not ${told} told above`);
}

/** A root has no name of its own; one that is a file has to be put somewhere. */
function withName(manifest: Manifest): Manifest {
  const { root, source } = manifest;
  if (root.type === "directory") return manifest;
  return { ...manifest, root: { ...root, name: lastName(source) } };
}
