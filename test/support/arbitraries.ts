/** What trees are made of, as fast-check makes it up: names of any bytes, times of any age. */
import fc from "fast-check";
import type { Content, ContentChunk } from "../../src/format/content.ts";
import type { RunName } from "../../src/format/names.ts";
import { runName } from "../../src/format/names.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText, rawName } from "../../src/format/raw-name.ts";
import type { ChunkId } from "../../src/format/table.ts";
import type { Entry } from "../../src/format/tree.ts";

const LEAST_INT64 = -(2n ** 63n);
const GREATEST_INT64 = 2n ** 63n - 1n;

/** Buffers, which is what decoders give back. */
export function bytes(constraints: fc.IntArrayConstraints = {}): fc.Arbitrary<Buffer> {
  return fc.uint8Array(constraints).map((array) => Buffer.from(array));
}

export function exactly(length: number): fc.Arbitrary<Buffer> {
  return bytes({ minLength: length, maxLength: length });
}

export function hex(digits: number): fc.Arbitrary<string> {
  return exactly(digits / 2).map((array) => array.toString("hex"));
}

export const text: fc.Arbitrary<string> = fc.string({ unit: "binary", maxLength: 8 });

export function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

/** With prototypes, as decoders make them. */
export function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as unknown as fc.Arbitrary<T>;
}

/** Leaves out the fields that are undefined: stored objects do not have them. */
export function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as never;
}

export const rawNames: fc.Arbitrary<RawName> = fc.oneof(
  bytes({ maxLength: 12 }).map(rawName),
  fc.string({ unit: "binary", maxLength: 8 }).map(rawFromText),
  fc
    .constantFrom("\\", '"', "\x1b[31m", "\x7f", "__proto__", " ", "\xff", "\xc3\xa9", "e\xcc\x81")
    .map((name) => name as RawName),
);

/** Names of one component, as a directory may have them. */
export const entryNames: fc.Arbitrary<RawName> = rawNames
  .map((name) => name.replaceAll(/[/\0]/g, "_") as RawName)
  .filter((name) => !["", ".", ".."].includes(name));

export const times: fc.Arbitrary<bigint> = fc
  .tuple(fc.bigInt(LEAST_INT64, GREATEST_INT64), fc.bigInt(0n, 999_999_999n))
  .chain(([seconds, nanoseconds]) =>
    fc.constantFrom(seconds * 1_000_000_000n + nanoseconds, -nanoseconds, seconds),
  );

export const runNames: fc.Arbitrary<RunName> = fc
  .tuple(fc.constantFrom("a", "web-1", "x.example.org"), fc.nat(20), exactly(8))
  .map(([host, sequence, random]) => runName(host, sequence, random));

export const chunkIds: fc.Arbitrary<ChunkId> = exactly(32).map(
  (id) => id.toString("base64") as ChunkId,
);

const contentChunks: fc.Arbitrary<ContentChunk[]> = fc.array(
  record({ id: chunkIds, size: fc.integer({ min: 1, max: 2 ** 26 }) }),
  { minLength: 1, maxLength: 20 },
);

export const contents: fc.Arbitrary<Content> = fc.oneof(
  fc.constant({ size: 0, depth: 0, chunks: [] }),
  contentChunks.map((chunks) => ({
    size: chunks.reduce((sum, { size }) => sum + size, 0),
    depth: 0,
    chunks,
  })),
  record({
    size: fc.maxSafeNat(),
    depth: fc.integer({ min: 1, max: 8 }),
    chunks: contentChunks,
  }),
);

const ids = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const pairs = fc.tuple(fc.maxSafeNat(), fc.maxSafeNat());
const xattrs = fc.array(record({ name: rawNames, value: bytes({ maxLength: 9 }) }), {
  maxLength: 3,
});
const digests = fc.oneof(
  hex(40).map((digits) => `sha1:${digits}`),
  hex(64).map((digits) => `blake3:${digits}`),
);

function named(names: fc.Arbitrary<RawName>): fc.Arbitrary<Entry> {
  const common = {
    name: names,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: ids,
    gid: ids,
    user: maybe(text),
    group: maybe(text),
    mtime: times,
    xattrs: maybe(xattrs),
  };
  const file = record({
    ...common,
    type: fc.constant("file"),
    content: contents,
    digest: maybe(digests),
    holes: maybe(fc.array(pairs, { maxLength: 3 })),
    link: maybe(text),
    torn: maybe(fc.constant(true)),
  });
  const directory = record({ ...common, type: fc.constant("directory"), content: contents });
  const symlink = record({ ...common, type: fc.constant("symlink"), target: rawNames });
  const special = record({
    ...common,
    type: fc.constantFrom("fifo", "socket", "character", "block"),
    device: maybe(pairs),
  });
  return fc
    .oneof<fc.Arbitrary<object>[]>(file, directory, symlink, special)
    .map((entry) => present(entry) as Entry);
}

export const entries: fc.Arbitrary<Entry> = named(entryNames);
export const roots: fc.Arbitrary<Entry> = entries.map((entry) =>
  entry.type === "directory" ? { ...entry, name: "" as RawName } : entry,
);
