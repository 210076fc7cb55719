/** What the commands that read a snapshot have in common. */
import type { Argv } from "yargs";
import type { Cache } from "../cache/cache.ts";
import type { Digests } from "../digest/digest.ts";
import { loadDigests } from "../digest/digest.ts";
import { lastName } from "../disk/path.ts";
import { endName } from "../format/names.ts";
import type { Manifest, Summary } from "../format/snapshot.ts";
import { decodeManifest } from "../format/snapshot.ts";
import { openDocument } from "../pack/document.ts";
import { SessionKeys } from "../repository/session-keys.ts";
import { findSnapshot } from "../repository/snapshots.ts";
import { refreshView } from "../repository/view.ts";
import type { ReadingMeans } from "../restore/chunk-source.ts";
import type { Output, OutputFlags } from "./output.ts";
import type { Environment } from "./session.ts";
import { openAsReader, openCache, reachTarget, readEnvironment } from "./session.ts";

export interface ReadingFlags extends OutputFlags {
  from: string | undefined;
  snapshot: string;
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

/** Opens the snapshot that the flags name, and closes what was opened after `use`. */
export async function withSnapshot<T>(
  flags: ReadingFlags,
  output: Output,
  use: (snapshot: OpenSnapshot) => Promise<T>,
): Promise<T> {
  const environment = await readEnvironment(process.env);
  const target = await reachTarget(flags.from, environment);
  const { repository, identity } = await openAsReader(target, environment);
  const { end, summary } = await findSnapshot(repository, flags.snapshot, environment.host);
  const keys = new SessionKeys(repository, identity);
  const { zstd, sealing } = environment.means;
  const documents = {
    zstd,
    opener: sealing.opener({ packets: 2, key: await keys.key(summary.run) }),
  };
  const name = endName(summary.run);
  const lines = openDocument(name, end.manifest, documents, MAX_MANIFEST_BYTES);
  const manifest = withName(decodeManifest(name, summary.run, lines));
  const digests = await loadDigests(repository.keys.chunkId, environment.engine);
  const cache: Cache = await openCache(repository, summary.host, environment, (text) =>
    output.note(text),
  );
  try {
    await refreshView(repository, cache, summary.host);
    const opener = (key: Uint8Array) => sealing.opener({ packets: 2, key });
    const means = { repository, cache, keys, zstd, opener, identify: digests.chunkId };
    return await use({ manifest, summary, means, digests, environment });
  } finally {
    await cache.close();
  }
}

/** A root has no name of its own; one that is a file has to be put somewhere. */
function withName(manifest: Manifest): Manifest {
  const { root, source } = manifest;
  if (root.type === "directory") return manifest;
  return { ...manifest, root: { ...root, name: lastName(source) } };
}
