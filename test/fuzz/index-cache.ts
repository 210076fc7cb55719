/**
 * Target: what an index object says, on its way into the cache and out of it.
 * Hosts are believed about their own packs only, but their index has to fit.
 */
import { Cache } from "../../src/cache/cache.ts";
import { CorruptError } from "../../src/errors.ts";
import { decodeBase64 } from "../../src/format/fields.ts";
import { decodeIndex, encodeIndex } from "../../src/format/index-object.ts";
import type { PackTable } from "../../src/format/table.ts";
import { spanOf } from "../../src/repository/reach.ts";
import { placeOf } from "../../src/restore/chunk-source.ts";
import { fetchSpan } from "../../src/restore/fetch.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import * as samples from "../support/samples.ts";
import { cacheDirectory } from "../support/site.ts";
import type { FuzzTarget } from "./target.ts";
import { OBJECT } from "./target.ts";

const segmentSize = 2 ** 16;
const { repository } = samples.owner;
const cache = await Cache.open(cacheDirectory(), { repository, host: "web-1", segmentSize });
const store = { target: new MemoryTarget(), cache, segmentSize };

async function throughCache(bytes: Uint8Array): Promise<void> {
  const index = decodeIndex(OBJECT, bytes);
  if (index.holds === "reach") {
    for (const { run, tape, segments } of index.pages.flat()) {
      for (const [first, last] of segments) cache.segments.locate(run, tape, first, last);
    }
    return;
  }
  const tables = [...index.tables];
  cache.clear();
  await cache.packs.addIndexes([{ name: index.object, tables }]);
  for (const chunk of chunksIn(tables)) {
    if (cache.chunks.locate(decodeBase64(chunk.id) ?? new Uint8Array(0)) === undefined) continue;
    // No pack is there: who gets as far as to ask for one is told so.
    await refusedAs(CorruptError, async () => {
      await fetchSpan(store, spanOf(placeOf(cache, chunk), segmentSize));
    });
  }
}

function chunksIn(tables: readonly PackTable[]) {
  return tables.flatMap(({ parts }) =>
    parts.flatMap(({ frames }) => frames.flatMap(({ chunks }) => chunks)),
  );
}

async function refusedAs(
  kind: new (...args: never[]) => Error,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof kind) return;
    throw error;
  }
  throw new Error("it was not refused");
}

export const indexCache: readonly FuzzTarget[] = [
  {
    name: "index into the cache",
    examples: [encodeIndex(samples.places), encodeIndex(samples.reach)],
    form: "lines",
    cost: "dear",
    run: throughCache,
  },
];
