/**
 * The index on the target, and the cache as a view of it: read what is new,
 * write what this host has stored and no index object lists yet.
 */
import type { Cache } from "../cache/cache.ts";
import type { IndexContents } from "../cache/packs.ts";
import { CorruptError } from "../errors.ts";
import type { IndexObject } from "../format/index-object.ts";
import { decodeIndex, encodeIndex } from "../format/index-object.ts";
import type { RunName } from "../format/names.ts";
import { indexName, runHost, runOfObject } from "../format/names.ts";
import type { ObjectHash } from "../format/object-hash.ts";
import { objectHashOf } from "../format/object-hash.ts";
import { decodeSigned } from "../format/signed.ts";
import type { PackTable } from "../format/table.ts";
import type { Signer } from "../seal/signature.ts";
import type { Target, WritableTarget } from "../target/target.ts";
import type { Repository } from "./repository.ts";
import { createNew } from "./run.ts";
import { signLines } from "./signatures.ts";

/** An index object lists the packs of a few GiB at most. */
const MAX_OBJECT_BYTES = 2 ** 28;
const MAX_LINES_BYTES = 2 ** 30;
/** Hashes do not compress, and names and numbers not that much: more is a bomb, whoever made it. */
const MAX_RATIO = 64;

/** The names of a host's index objects. */
export async function listIndex(target: Target, host: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of target.list(`index/${host}/`)) names.push(name);
  return names;
}

/**
 * Reads an index object, which its host has to have signed.
 *
 * @throws {@link CorruptError} if it is damaged, not signed, or another one.
 */
export async function readIndex(
  repository: Repository,
  name: string,
): Promise<IndexObject & ObjectHash> {
  const bytes = await repository.target.read(name, MAX_OBJECT_BYTES);
  const limit = Math.min(MAX_LINES_BYTES, MAX_RATIO * bytes.length);
  const lines = decodeSigned(name, repository.open(name, bytes, limit));
  const run = runOfObject(name);
  if (run === undefined) throw new CorruptError(name, "its name is not one of an index object");
  await repository.checkHost(name, lines, runHost(run));
  const index = decodeIndex(name, lines.body);
  if (index.repository !== repository.id || index.object !== name) {
    throw new CorruptError(name, "it is another index object");
  }
  return { ...index, hash: objectHashOf(bytes) };
}

/**
 * Enters into the cache those of a host's index objects that it has not read.
 *
 * @param without - runs whose packs are not to be used.
 * @returns those that are damaged: what only they list is not known.
 */
export async function readNewIndex(
  repository: Repository,
  cache: Cache,
  names: readonly string[],
  without: ReadonlySet<RunName> = new Set(),
): Promise<CorruptError[]> {
  const known = new Set(cache.packs.indexNames());
  const damages: CorruptError[] = [];
  const fresh = names.filter((name) => !known.has(name));
  await cache.packs.addIndexes(contentsOf(repository, fresh, without, damages));
  return damages;
}

async function* contentsOf(
  repository: Repository,
  names: readonly string[],
  without: ReadonlySet<RunName>,
  damages: CorruptError[],
): AsyncGenerator<IndexContents> {
  for (const name of names) {
    try {
      const index = await readIndex(repository, name);
      // All of it, before any is entered: it may be damaged at its end.
      const tables = index.holds === "places" ? [...index.tables] : [];
      yield { name, tables: tables.filter(({ pack }) => !isOf(pack, without)) };
    } catch (error) {
      if (!(error instanceof CorruptError)) throw error;
      damages.push(error);
    }
  }
}

function isOf(pack: string, runs: ReadonlySet<RunName>): boolean {
  const run = runOfObject(pack);
  return run !== undefined && runs.has(run);
}

/** Writes a run's index objects, numbered in the order in which they were written. */
export class IndexWriter {
  /** What has been written so far. */
  readonly objects: ObjectHash[] = [];
  readonly #repository: Repository<WritableTarget>;
  readonly #run: RunName;
  readonly #signer: Signer;

  constructor(repository: Repository<WritableTarget>, run: RunName, signer: Signer) {
    this.#repository = repository;
    this.#run = run;
    this.#signer = signer;
  }

  /** @returns the object, as others refer to it. */
  async write(
    content: DistributiveOmit<IndexObject, "repository" | "object">,
  ): Promise<ObjectHash> {
    const object = indexName(this.#run, this.objects.length);
    const body = encodeIndex({ repository: this.#repository.id, object, ...content });
    const bytes = this.#repository.seal(await signLines(body, [this.#signer]));
    await createNew(this.#repository.target, object, bytes);
    const written = { object, hash: objectHashOf(bytes) };
    this.objects.push(written);
    return written;
  }

  /** Writes the tables of packs that no index object lists yet. */
  async writePlaces(cache: Cache): Promise<void> {
    const tables: PackTable[] = [...cache.packs.unindexed()];
    if (tables.length === 0) return;
    const { object } = await this.write({ holds: "places", tables });
    cache.packs.listed(
      object,
      tables.map(({ pack }) => pack),
    );
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
