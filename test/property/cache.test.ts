import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Cache } from "../../src/cache/cache.ts";
import { NumberSet } from "../../src/cache/holdings.ts";
import type { PathTable } from "../../src/cache/paths.ts";
import { directoryKey } from "../../src/cache/paths.ts";
import type { RunName } from "../../src/format/names.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawName } from "../../src/format/raw-name.ts";
import {
  cacheDirectory,
  IDENTITY,
  idBytes,
  SEGMENT,
  segmentHashes,
  testRun,
} from "../support/cache.ts";
import { CHUNKS, Model, Writer } from "../support/cache-model.ts";

const RUNS = process.env["SLOW"] ? 300 : 15;
const TAPES = [0, 1, 0xffff];

type Step =
  | { readonly do: "pack"; readonly run: number; readonly frames: [number, number, number][] }
  | { readonly do: "index" | "remove" | "repack"; readonly which: number[] }
  | { readonly do: "reopen" };

const which = fc.array(fc.nat(20), { minLength: 1, maxLength: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("pack" as const),
      run: fc.integer({ min: 1, max: 2 }),
      frames: fc.array(
        fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 3 * SEGMENT }), fc.nat(CHUNKS - 1)),
        { minLength: 1, maxLength: 8 },
      ),
    }),
  },
  fc.record({ do: fc.constantFrom("index" as const, "remove", "repack"), which }),
  fc.record({ do: fc.constant("reopen" as const) }),
);

async function take(step: Step, cache: Cache, model: Model, writer: Writer): Promise<void> {
  if (step.do === "pack") return takePack(step, cache, model, writer);
  if (step.do === "reopen") return;
  const tables = step.which.flatMap((n) => writer.tables[n] ?? []);
  if (step.do === "remove") {
    const packs = tables.map(({ pack }) => pack);
    cache.packs.remove(packs);
    return model.remove(packs);
  }
  const listed =
    step.do === "index" ? tables : tables.map((table) => writer.repack(table, testRun(9)));
  const name = `index/${String(model.indexes.size).padStart(4, "0")}`;
  await cache.packs.addIndexes([{ name, tables: listed }]);
  for (const table of listed) model.add(table);
  for (const table of listed) model.unindexed.delete(table.pack);
  model.indexes.add(name);
}

function takePack(
  { run, frames }: Extract<Step, { do: "pack" }>,
  cache: Cache,
  model: Model,
  writer: Writer,
): void {
  const laid = new Map<number, [number, number][]>();
  for (const [index, length, chunk] of frames) {
    const tape = TAPES[index] ?? 0;
    laid.set(tape, [...(laid.get(tape) ?? []), [length, chunk]]);
  }
  const table = writer.pack(testRun(run), laid);
  cache.packs.add(table);
  model.add(table);
  model.unindexed.set(table.pack, table);
}

function compare(cache: Cache, model: Model): void {
  for (let n = 0; n < CHUNKS; n += 1) {
    assert.deepEqual(cache.chunks.locate(idBytes(n)), model.places.get(n));
  }
  for (const run of [1, 2].map(testRun)) {
    for (const tape of TAPES) compareTape(cache, model, { run, tape });
  }
  const sorted = [...model.unindexed.values()].sort((a, b) => (a.pack < b.pack ? -1 : 1));
  assert.deepEqual(JSON.stringify([...cache.packs.unindexed()]), JSON.stringify(sorted));
  assert.deepEqual([...cache.packs.indexNames()], [...model.indexes].sort());
}

function compareTape(
  cache: Cache,
  model: Model,
  { run, tape }: { run: RunName; tape: number },
): void {
  for (const [first, last] of [
    [0, 40],
    [3, 3],
    [2, 7],
  ] as const) {
    const place = { run, tape, offset: first * SEGMENT, length: (last - first + 1) * SEGMENT };
    assert.equal(cache.segments.holds(run, tape, first, last), model.holds(place));
    const found: number[] = [];
    for (const stretch of cache.segments.locate(run, tape, first, last)) {
      assert.deepEqual(
        Buffer.from(stretch.hashes),
        segmentHashes(run, tape, stretch.first, stretch.count),
      );
      for (let at = 0; at < stretch.count; at += 1) {
        const homes = model.segments.get(`${run}/${tape}/${stretch.first + at}`);
        assert.equal(homes?.get(stretch.pack), stretch.offset + at * stretch.sealedSize);
        found.push(stretch.first + at);
      }
    }
    const known = Array.from({ length: last - first + 1 }, (_, index) => first + index).filter(
      (n) => model.segments.get(`${run}/${tape}/${n}`)?.size,
    );
    assert.deepEqual(found, known);
  }
}

test("chunks and segments are what maps would hold, whatever is added, indexed, removed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const directory = cacheDirectory();
      const model = new Model();
      const writer = new Writer();
      let cache = await Cache.open(directory, IDENTITY);
      for (const step of steps) {
        if (step.do === "reopen") {
          await cache.close();
          cache = await Cache.open(directory, IDENTITY);
          assert.equal(cache.fresh, false);
        }
        await take(step, cache, model, writer);
        compare(cache, model);
      }
      await cache.close();
    }),
    { numRuns: RUNS },
  );
});

const name = fc
  .uint8Array({ minLength: 1, maxLength: 4 })
  .map((bytes) => rawName(bytes.map((byte) => [0, 1, 47, 127, 254, 255][byte % 6] ?? byte)));
type PathStep = {
  readonly do: string;
  readonly source: number;
  readonly directory: number;
  readonly name: RawName;
  readonly upTo: RawName | null;
  readonly value: Uint8Array;
};

const pathStep: fc.Arbitrary<PathStep> = fc.record({
  do: fc.constantFrom("put", "put", "put", "remove", "seen", "sweep", "read"),
  source: fc.nat(1),
  directory: fc.nat(2),
  name,
  upTo: fc.option(name),
  value: fc.uint8Array({ maxLength: 40 }),
});

/** One source's directories, numbered; a directory's number is the generation it is seen in. */
class PathModel {
  readonly names = [0, 1, 2].map(() => new Map<RawName, Uint8Array>());
  readonly seen = new Set<number>();

  take({ do: what, directory, name, value }: PathStep): void {
    if (what === "put") this.names[directory]?.set(name, value);
    if (what === "remove") this.names[directory]?.delete(name);
    if (what === "seen") this.seen.add(directory);
    if (what === "sweep") for (const other of this.seen) this.#sweep(other, directory);
  }

  between(directory: number, after: RawName, upTo: RawName | undefined): [RawName, Uint8Array][] {
    return [...(this.names[directory] ?? [])]
      .filter(([name]) => name > after && (upTo === undefined || name <= upTo))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #sweep(directory: number, generation: number): void {
    if (directory === generation) return;
    this.names[directory]?.clear();
    this.seen.delete(directory);
  }
}

function takePath(paths: PathTable, source: string, step: PathStep): void {
  const key = directoryKey(source, `d${step.directory}` as RawName);
  if (step.do === "put") paths.put(key, step.name, step.value);
  if (step.do === "remove") paths.remove(key, step.name);
  if (step.do === "seen") paths.seen(key, step.directory);
  if (step.do === "sweep") paths.sweep(source, step.directory);
}

test("paths are what maps would hold, in byte order", async () => {
  const cache = await Cache.open(cacheDirectory(), IDENTITY);
  // Each example in sources of its own.
  let world = 0;
  const law = (steps: readonly PathStep[]) => {
    world += 1;
    const models = [new PathModel(), new PathModel()];
    for (const step of steps) {
      const source = `${world}/${step.source}`;
      const model = models[step.source];
      takePath(cache.paths, source, step);
      model?.take(step);
      const key = directoryKey(source, `d${step.directory}` as RawName);
      const upTo = step.upTo ?? undefined;
      const found = [...cache.paths.between(key, step.name, upTo)];
      assert.deepEqual(
        found.map(([name, value]) => [name, Uint8Array.from(value)]),
        model?.between(step.directory, step.name, upTo),
      );
    }
  };
  fc.assert(fc.property(fc.array(pathStep, { maxLength: 60 }), law), { numRuns: 4 * RUNS });
  await cache.close();
});

test("a number set holds what was added, and nothing else", () => {
  const range = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 8 }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 20 }), (ranges) => {
      const set = new NumberSet();
      const model = new Set<number>();
      for (const [first, count] of ranges) {
        set.add(first, count);
        for (let n = first; n < first + count; n += 1) model.add(n);
      }
      for (let first = 0; first < 70; first += 1) {
        const next = [...model].filter((n) => n >= first).sort((a, b) => a - b)[0];
        assert.equal(set.next(first), next);
        for (let last = first; last < first + 5; last += 1) {
          const all = Array.from({ length: last - first + 1 }, (_, i) => first + i);
          assert.equal(
            set.has(first, last),
            all.every((n) => model.has(n)),
          );
        }
      }
    }),
    { numRuns: 10 * RUNS },
  );
});
