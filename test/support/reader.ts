/**
 * Reads a repository as somebody who sees it for the first time and knows its
 * fingerprint: everything of the snapshots that he was told of, file by file,
 * and what `check` says. Tells what came back, and all that was complained of.
 */
import { Cache } from "../../src/cache/cache.ts";
import { loadDigests } from "../../src/digest/digest.ts";
import { AccessError, CorruptError } from "../../src/errors.ts";
import type { RunName } from "../../src/format/names.ts";
import { objectHashOf } from "../../src/format/object-hash.ts";
import { displayName } from "../../src/format/raw-name.ts";
import type { FileEntry } from "../../src/format/tree.ts";
import { openSecret } from "../../src/repository/key-messages.ts";
import { Repository } from "../../src/repository/repository.ts";
import { readOutline } from "../../src/repository/settings.ts";
import { isKnown } from "../../src/repository/trust.ts";
import { refreshView } from "../../src/repository/view.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import { fileBytes } from "../../src/restore/file-bytes.ts";
import type { Resolved } from "../../src/restore/resolve.ts";
import { resolve } from "../../src/restore/resolve.ts";
import { Selection } from "../../src/restore/selection.ts";
import type { WritableTarget } from "../../src/target/target.ts";
import { check } from "../../src/upkeep/check.ts";
import type { OpenSnapshot } from "./harvest.ts";
import { openSnapshot } from "./harvest.ts";
import type { Site } from "./site.ts";
import { HOST } from "./site.ts";

export interface Findings {
  /** SHA-256 of each file that came back whole, by run and path. */
  readonly files: ReadonlyMap<string, string>;
  /** What was said, in the order in which it was. Of a file it begins with the file's run and path. */
  readonly complaints: readonly string[];
  /** What `check` says is damaged. */
  readonly checked: readonly string[];
}

/** @throws what is none of varve's errors, and so a fault. */
export async function readEverything(
  site: Site,
  target: WritableTarget,
  runs: readonly RunName[],
): Promise<Findings> {
  const reader = new Reader(site, target);
  await reader.complaining("", () => reader.read(runs));
  return reader;
}

class Reader implements Findings {
  readonly files: Map<string, string> = new Map();
  readonly complaints: string[] = [];
  readonly checked: string[] = [];
  readonly #site: Site;
  readonly #target: WritableTarget;

  constructor(site: Site, target: WritableTarget) {
    this.#site = site;
    this.#target = target;
  }

  async read(runs: readonly RunName[]): Promise<void> {
    const { unlocked, means, identity } = this.#site;
    const { fingerprint } = unlocked;
    const outline = await readOutline(this.#target);
    const { verify } = means.sealing;
    await isKnown(outline, { fingerprint, identity: undefined }, verify);
    const reader = { ...identity, fingerprint: "0".repeat(40) };
    const secret = await openSecret(this.#target, outline, reader);
    const repository = new Repository(this.#target, { ...outline, secret }, means);
    const cache = await this.#emptyCache(repository);
    try {
      for (const damage of await refreshView(repository, cache, HOST)) {
        this.complaints.push(damage.message);
      }
      for (const run of runs) {
        await this.complaining(run, async () => {
          await this.#snapshot(run, await openSnapshot(this.#site, repository, cache, run));
        });
      }
      await this.#check(repository);
    } finally {
      await cache.close();
    }
  }

  /** Does a step; a complaint ends it. */
  async complaining(what: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof CorruptError || error instanceof AccessError)) throw error;
      this.complaints.push(`${what}: ${error.message}`);
    }
  }

  async #snapshot(run: RunName, { manifest, means }: OpenSnapshot): Promise<void> {
    const chunks = new ChunkSource(means);
    for await (const step of resolve(manifest.root, chunks, new Selection([], manifest.source))) {
      if (step.kind !== "entry" || step.entry.type !== "file") continue;
      const file = { path: step.path, entry: step.entry };
      await this.complaining(`${run} ${displayName(file.path)}`, () =>
        this.#file(run, file, chunks),
      );
    }
  }

  async #file(run: RunName, file: Resolved<FileEntry>, chunks: ChunkSource): Promise<void> {
    const { keys } = new Repository(this.#target, this.#site.unlocked, this.#site.means);
    const digests = await loadDigests(keys.chunkId, "fastest");
    const pieces: Uint8Array[] = [];
    for await (const piece of fileBytes(file, chunks, digests)) pieces.push(piece.slice());
    this.files.set(`${run} ${displayName(file.path)}`, objectHashOf(Buffer.concat(pieces)));
  }

  async #check(repository: Repository): Promise<void> {
    await check(
      {
        repository,
        verify: this.#site.means.sealing.verify,
        memory: () => ({ heads: [], missed: [] }),
        seenHosts: [],
        emptyCache: () => this.#emptyCache(repository),
      },
      ({ message }) => this.checked.push(message),
    );
  }

  #emptyCache(repository: Repository): Promise<Cache> {
    const segmentSize = repository.settings.sizes.segment;
    return Cache.temporary({ repository: repository.id, host: HOST, segmentSize });
  }
}
