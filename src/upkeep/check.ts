/**
 * Checks that every committed snapshot could be restored: that all it names is
 * there, whole in number and length, and signed by those who should have. Needs
 * the repository secret and no private key; lists and small objects are read,
 * packs are not. Nothing that is remembered is believed but what was seen last.
 * What only a superseded snapshot needs may be gone.
 */
import type { Cache } from "../cache/cache.ts";
import { CorruptError, NotFoundError } from "../errors.ts";
import type { RunName } from "../format/names.ts";
import { runKeyName, runOfObject } from "../format/names.ts";
import type { ObjectHash } from "../format/object-hash.ts";
import { objectHashOf } from "../format/object-hash.ts";
import type { TapeReach } from "../format/reach.ts";
import type { PageReference, RunObjects, SnapshotEnd } from "../format/run.ts";
import { followChain } from "../repository/chain.ts";
import { readHistory, readHosts } from "../repository/history.ts";
import { listIndex, readIndex, readNewIndex } from "../repository/index-objects.ts";
import type { Repository } from "../repository/repository.ts";
import { readRunKey } from "../repository/run.ts";
import { checkSettings } from "../repository/settings.ts";
import type { Memory } from "../repository/snapshots.ts";
import { openSnapshots } from "../repository/snapshots.ts";
import { superseded } from "../repository/superseded.ts";
import type { Sealing } from "../seal/sealing.ts";

/** What a check works with. */
export interface CheckTools {
  readonly repository: Repository;
  readonly verify: Sealing["verify"];
  /** What this machine has seen. */
  readonly memory: Memory;
  /** Hosts whose snapshots were seen, whether or not they have any now. */
  readonly seenHosts: readonly string[];
  /** An empty cache, for what a host's index says; the check closes it. */
  readonly emptyCache: (host: string) => Promise<Cache>;
}

export interface CheckTotals {
  hosts: number;
  snapshots: number;
  packs: number;
  /** Of the packs that snapshots need. */
  bytes: number;
}

const MAX_OBJECT_BYTES = 2 ** 28;

/**
 * Checks a repository.
 *
 * @param found - is told each damage, in the name of its object.
 * @throws {@link UnavailableError} or {@link AccessError} if the target cannot be read.
 */
export async function check(
  tools: CheckTools,
  found: (damage: CorruptError) => void,
): Promise<CheckTotals> {
  const { repository, verify, seenHosts } = tools;
  const totals: CheckTotals = { hosts: 0, snapshots: 0, packs: 0, bytes: 0 };
  await noting(repository.target.location, found, () =>
    checkSettings(repository.unlocked, 0, verify),
  );
  for (const message of repository.settings.keys) await checkObject(repository, message, found);
  const hosts = new Set([...(await readHosts(repository.target)), ...seenHosts]);
  for (const host of [...hosts].sort()) await checkHost(host, tools, totals, found);
  return totals;
}

async function checkHost(
  host: string,
  { repository, memory, emptyCache }: CheckTools,
  totals: CheckTotals,
  found: (damage: CorruptError) => void,
): Promise<void> {
  const history = await readHistory(repository.target, host);
  const chain = await followChain(repository, history, memory(host));
  for (const problem of chain.problems) found(problem);
  const cache = await emptyCache(host);
  try {
    await learnIndex(repository, cache, host, found);
    const work = new HostCheck(repository, cache, found);
    const all = openSnapshots(repository, chain, found);
    const gone = superseded(all.map(({ summary }) => summary));
    for (const [run, { end }] of chain.links) {
      if (!gone.has(run)) await work.snapshot(end);
    }
    await work.keys(chain.keys);
    await work.packs(host, totals);
    totals.hosts += 1;
    totals.snapshots += chain.links.size - gone.size;
  } finally {
    await cache.close();
  }
}

/** Each index object by itself: one that is damaged must not hide what the others say. */
async function learnIndex(
  repository: Repository,
  cache: Cache,
  host: string,
  found: (damage: CorruptError) => void,
): Promise<void> {
  for (const name of await listIndex(repository.target, host)) {
    for (const damage of await readNewIndex(repository, cache, [name])) found(damage);
  }
}

/** What has been looked at for one host: snapshots name the same objects again and again. */
class HostCheck {
  readonly #repository: Repository;
  readonly #cache: Cache;
  readonly #found: (damage: CorruptError) => void;
  readonly #objects = new Set<string>();
  readonly #pages = new Set<string>();
  readonly #runs = new Set<RunName>();
  /** How long each pack must be at least, for what is needed of it. */
  readonly #needed = new Map<string, number>();

  constructor(repository: Repository, cache: Cache, found: (damage: CorruptError) => void) {
    this.#repository = repository;
    this.#cache = cache;
    this.#found = found;
  }

  async snapshot(end: SnapshotEnd): Promise<void> {
    for (const objects of [end, ...end.adopts]) {
      for (const object of namedBy(objects)) await this.#object(object);
    }
    for (const page of end.reach) await this.#page(page);
  }

  /** Somebody has to vouch for the key of each run that is needed: an end, or its begin. */
  async keys(known: ReadonlyMap<RunName, string>): Promise<void> {
    for (const run of this.#runs) {
      if (known.has(run)) continue;
      const name = runKeyName(run);
      await noting(name, this.#found, async () => {
        if ((await readRunKey(this.#repository, run)) !== undefined) return;
        throw new CorruptError(name, "it is missing");
      });
    }
  }

  /** Looks for the packs that were needed. */
  async packs(host: string, totals: CheckTotals): Promise<void> {
    const runs = new Set([...this.#needed.keys()].map((pack) => runOfObject(pack)));
    for (const run of runs) {
      for await (const { name, size } of this.#repository.target.list(`packs/${run}/`)) {
        const needed = this.#needed.get(name);
        if (needed === undefined) continue;
        this.#needed.delete(name);
        totals.packs += 1;
        totals.bytes += size;
        if (size < needed) {
          this.#found(new CorruptError(name, `it has ${size} bytes, and ${needed} are needed`));
        }
      }
    }
    for (const name of this.#needed.keys()) {
      this.#found(new CorruptError(name, `it is missing, and snapshots of host ${host} need it`));
    }
  }

  async #object(object: ObjectHash): Promise<void> {
    const key = `${object.object} ${object.hash}`;
    if (this.#objects.has(key)) return;
    this.#objects.add(key);
    await checkObject(this.#repository, object, this.#found);
  }

  async #page({ object, hash, page }: PageReference): Promise<void> {
    const key = `${object} ${hash} ${page}`;
    if (this.#pages.has(key)) return;
    this.#pages.add(key);
    await noting(object, this.#found, async () => {
      const index = await readIndex(this.#repository, object);
      const tapes = index.holds === "reach" ? index.pages[page] : undefined;
      if (index.hash !== hash || tapes === undefined) {
        throw new CorruptError(object, `it has no page ${page} of the reach`);
      }
      for (const tape of tapes) this.#tape(tape);
    });
  }

  #tape({ run, tape, segments }: TapeReach): void {
    this.#runs.add(run);
    for (const [first, last] of segments) {
      const stretches = this.#cache.segments.locate(run, tape, first, last);
      const count = stretches.reduce((sum, stretch) => sum + stretch.count, 0);
      if (count < last - first + 1) {
        const name = `segments ${first} to ${last} of tape ${tape} of run ${run}`;
        this.#found(new CorruptError(name, "the index does not say where all of them are"));
      }
      for (const { pack, offset, sealedSize, count } of stretches) {
        const end = offset + count * sealedSize;
        this.#needed.set(pack, Math.max(end, this.#needed.get(pack) ?? 0));
      }
    }
  }
}

function namedBy({ run, key, index }: RunObjects): ObjectHash[] {
  return [{ object: runKeyName(run), hash: key }, ...index];
}

/** An object is there, and has the hash that it is named with. */
async function checkObject(
  { target }: Repository,
  { object, hash }: ObjectHash,
  found: (damage: CorruptError) => void,
): Promise<void> {
  await noting(object, found, async () => {
    if (objectHashOf(await target.read(object, MAX_OBJECT_BYTES)) === hash) return;
    throw new CorruptError(object, "it is not the one that was signed for");
  });
}

/** Does a step; tells damage, and goes on. What keeps us from looking at all is thrown. */
async function noting(
  object: string,
  found: (damage: CorruptError) => void,
  step: () => Promise<void>,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (error instanceof CorruptError) found(error);
    else if (error instanceof NotFoundError) found(new CorruptError(object, "it is missing"));
    else throw error;
  }
}
