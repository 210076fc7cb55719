/**
 * Stores finished packs and enters them into the cache, for all tapes of a run.
 *
 * A pack's records are committed only after its tape's earlier packs are: a
 * frame may begin in one pack and end in the next, and a chunk that the cache
 * knows must be there as a whole. Claims end last of all.
 */
import type { Cache } from "../cache/cache.ts";
import { decodeBase64 } from "../format/fields.ts";
import { segmentCount } from "../format/table.ts";
import type { FullPack, Packing } from "../pack/pack.ts";
import type { Claims } from "../repository/claims.ts";
import type { Span } from "../repository/reach.ts";
import type { WritableTarget } from "../target/target.ts";

/** Stores a pack; resolves to a buffer for the next one, of the same size. */
export type StorePack = (pack: FullPack) => Promise<Uint8Array>;

/** Takes a synchronous step to its end, storing the packs that it fills. */
export async function drive<T>(step: Packing<T>, store: StorePack): Promise<T> {
  let turn = step.next();
  while (!turn.done) turn = step.next(await store(turn.value));
  return turn.value;
}

export interface UploadTotals {
  packs: number;
  /** Bytes of all packs. */
  bytes: number;
}

export class Uploader {
  readonly totals: UploadTotals = { packs: 0, bytes: 0 };
  readonly #target: WritableTarget;
  readonly #cache: Pick<Cache, "packs">;
  readonly #claims: Claims;
  readonly #stored: (span: Span) => void;
  readonly #lanes = new Map<number, Promise<void>>();

  /** @param stored - is told which segments this run has stored. */
  constructor(
    target: WritableTarget,
    { cache, claims }: { readonly cache: Pick<Cache, "packs">; readonly claims: Claims },
    stored: (span: Span) => void,
  ) {
    this.#target = target;
    this.#cache = cache;
    this.#claims = claims;
    this.#stored = stored;
  }

  /** Stores a pack; when it resolves, its buffer is free again. */
  readonly store: StorePack = async (pack) => {
    const tape = pack.table.parts[0]?.tape ?? 0;
    const before = this.#lanes.get(tape);
    const done = this.#store(pack, before);
    this.#lanes.set(tape, done);
    await done;
    return new Uint8Array(pack.bytes.buffer);
  };

  async #store(pack: FullPack, before: Promise<void> | undefined): Promise<void> {
    const { table, bytes } = pack;
    const [creation] = await Promise.all([this.#target.create(table.pack, bytes), before]);
    if (creation === "exists") {
      throw new Error(`${table.pack} is there already, though no other run may write it`);
    }
    this.#cache.packs.add(table);
    this.totals.packs += 1;
    this.totals.bytes += bytes.length;
    for (const { run, tape, segments } of table.parts) {
      for (const group of segments) {
        const last = group.first + segmentCount(group) - 1;
        this.#stored({ run, tape, first: group.first, last });
      }
    }
    this.#claims.settle(idsOf(pack));
  }
}

function* idsOf({ table }: FullPack): Generator<Uint8Array> {
  for (const { frames } of table.parts) {
    for (const { chunks } of frames) {
      for (const { id } of chunks) {
        const hash = decodeBase64(id);
        if (hash !== undefined) yield hash;
      }
    }
  }
}
