/** What trees are made of, as fast-check makes it up: names of any bytes, times of any age. */
import fc from "fast-check";
import type { Content, ContentChunk } from "../../src/format/content.ts";
import type { Holes } from "../../src/format/holes.ts";
import type { RunName } from "../../src/format/names.ts";
import { runName } from "../../src/format/names.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText, rawName } from "../../src/format/raw-name.ts";
import type { ChunkId } from "../../src/format/table.ts";
import type { Entry } from "../../src/format/tree.ts";
import type { Xattr } from "../../src/format/xattrs.ts";

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

const ids = fc.integer({ min: 0, max: 2 ** 32 - 2 });
const owners = fc
  .string({ unit: "binary", minLength: 1, maxLength: 8 })
  .map((name) => name.replaceAll(/\p{Cc}/gu, "_"));
const xattrNames = rawNames
  .map((name) => name.replaceAll("\0", "_") as RawName)
  .filter((name) => name !== "");
const xattrs: fc.Arbitrary<Xattr[]> = fc
  .uniqueArray(record({ name: xattrNames, value: bytes({ maxLength: 9 }) }), {
    selector: ({ name }) => name,
    maxLength: 3,
  })
  .map((list) => list.sort((a, b) => (a.name < b.name ? -1 : 1)));
const links = record({
  link: fc.stringMatching(/^[0-9a-z:]{1,64}$/),
  links: fc.integer({ min: 2, max: Number.MAX_SAFE_INTEGER }),
});

/** Holes that a file with so much content may have: data in between, and a size that there is. */
function holesIn(size: number): fc.Arbitrary<Holes> {
  const steps = fc.array(fc.tuple(fc.nat(9000), fc.integer({ min: 1, max: 2 ** 40 })), {
    maxLength: 3,
  });
  return steps.map((list) => {
    const holes: [number, number][] = [];
    let data = 0;
    let skipped = 0;
    for (const [step, length] of list) {
      data += holes.length > 0 ? step + 1 : step;
      if (data > size || size + skipped + length > Number.MAX_SAFE_INTEGER) break;
      holes.push([data + skipped, length]);
      skipped += length;
    }
    return holes;
  });
}
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
    user: maybe(owners),
    group: maybe(owners),
    mtime: times,
    xattrs: maybe(xattrs),
  };
  const file = record({
    ...common,
    type: fc.constant("file"),
    content: contents,
    digest: maybe(digests),
    torn: maybe(fc.constant(true)),
  }).chain((entry) => maybe(holesIn(entry.content.size)).map((holes) => ({ ...entry, holes })));
  const directory = record({ ...common, type: fc.constant("directory"), content: contents });
  const symlink = record({ ...common, type: fc.constant("symlink"), target: rawNames });
  const special = record({
    ...common,
    type: fc.constantFrom("fifo", "socket", "character", "block"),
    device: maybe(fc.tuple(ids, ids)),
  });
  const linked = fc
    .tuple(fc.oneof<fc.Arbitrary<object>[]>(file, symlink, special), maybe(links))
    .map(([entry, link]) => ({ ...entry, ...link }));
  return fc
    .oneof<fc.Arbitrary<object>[]>(linked, directory)
    .map((entry) => present(entry) as Entry);
}

export const entries: fc.Arbitrary<Entry> = named(entryNames);
export const roots: fc.Arbitrary<Entry> = entries.map((entry) =>
  entry.type === "directory" ? { ...entry, name: "" as RawName } : entry,
);
