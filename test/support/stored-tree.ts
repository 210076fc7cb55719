/** What a snapshot says of a tree, entry by entry, without a restore: as `cat` and `ls` would. */
import { createHash } from "node:crypto";
import { loadDigests } from "../../src/digest/digest.ts";
import { fileSize } from "../../src/format/holes.ts";
import type { RunName } from "../../src/format/names.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import type { Entry } from "../../src/format/tree.ts";
import { refreshView } from "../../src/repository/view.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { fileBytes } from "../../src/restore/file-bytes.ts";
import { resolve } from "../../src/restore/resolve.ts";
import { Selection } from "../../src/restore/selection.ts";
import type { WritableTarget } from "../../src/target/target.ts";
import { openSnapshot } from "./harvest.ts";
import type { Site } from "./site.ts";
import { cacheDirectory, HOST, session } from "./site.ts";

/** An entry, with the SHA-1 of a file as it is read back. */
export interface Stored {
  readonly entry: Entry;
  readonly sha1?: string;
  /** Of a small one. */
  readonly bytes?: Uint8Array;
}

const MAX_KEPT_BYTES = 100_000;

/** By their paths. Every file is read, and compared with its digest. */
export function storedTree(
  site: Site,
  target: WritableTarget,
  run: RunName,
): Promise<Map<string, Stored>> {
  return session(site, target, cacheDirectory(), async ({ repository, cache }) => {
    await refreshView(repository, cache, HOST);
    const { manifest, means } = await openSnapshot(site, repository, cache, run);
    const digests = await loadDigests(repository.keys.chunkId, "fastest");
    const chunks = new ChunkSource(means);
    const stored = new Map<string, Stored>();
    const all = new Selection([], "/source" as RawName);
    for await (const step of resolve(manifest.root, chunks, all)) {
      if (step.kind === "leave") continue;
      const { path, entry } = step;
      if (entry.type !== "file") {
        stored.set(path, { entry });
        continue;
      }
      const hash = createHash("sha1");
      const pieces: Uint8Array[] = [];
      for await (const bytes of fileBytes({ path, entry }, chunks, digests)) {
        hash.update(bytes);
        if (fileSize(entry) <= MAX_KEPT_BYTES) pieces.push(bytes.slice());
      }
      stored.set(path, { entry, sha1: hash.digest("hex"), bytes: Buffer.concat(pieces) });
    }
    return stored;
  });
}
