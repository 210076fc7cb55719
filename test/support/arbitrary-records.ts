/** Whatever records there may be, as fast-check makes them up. */
import fc from "fast-check";
import type { IndexObject } from "../../src/format/index-object.ts";
import { encodeLines } from "../../src/format/lines.ts";
import { endName, indexName, keysName, packName, runHost } from "../../src/format/names.ts";
import type { ObjectHash } from "../../src/format/object-hash.ts";
import type { ReachPage, SegmentRanges } from "../../src/format/reach.ts";
import type { Begin, End, RunObjects } from "../../src/format/run.ts";
import type { PacketKey, RepositoryKeys, RunKey } from "../../src/format/secret.ts";
import type { HostKey, PublicKey, Settings } from "../../src/format/settings.ts";
import type { SignedLines } from "../../src/format/signed.ts";
import type { Manifest, Summary } from "../../src/format/snapshot.ts";
import type { FrameEntry, PackTable, TapePart } from "../../src/format/table.ts";
import { SEGMENT_HASH_BYTES } from "../../src/format/table.ts";
import {
  bytes,
  chunkIds,
  exactly,
  hex,
  maybe,
  present,
  rawNames,
  record,
  roots,
  runNames,
  text,
} from "./arbitraries.ts";

const frames: fc.Arbitrary<FrameEntry> = record({
  offset: fc.integer({ min: 0, max: 2 ** 47 }),
  length: fc.integer({ min: 1, max: 2 ** 27 }),
  chunks: fc.array(record({ id: chunkIds, size: fc.integer({ min: 1, max: 2 ** 20 }) }), {
    maxLength: 3,
  }),
});

const parts: fc.Arbitrary<TapePart> = record({
  run: runNames,
  tape: fc.integer({ min: 0, max: 0xffff }),
  segments: fc.array(
    record({
      first: fc.integer({ min: 0, max: 2 ** 35 }),
      sealedSize: fc.integer({ min: 1, max: 2 ** 24 }),
      hashes: fc.integer({ min: 1, max: 4 }).chain((n) => exactly(n * SEGMENT_HASH_BYTES)),
    }),
    { maxLength: 3 },
  ),
  // More than fit into one line, now and then.
  frames: fc.oneof(
    { weight: 20, arbitrary: fc.array(frames, { maxLength: 3 }) },
    { weight: 1, arbitrary: frames.map((frame) => new Array<FrameEntry>(1200).fill(frame)) },
  ),
});

export const tables: fc.Arbitrary<PackTable> = record({
  pack: fc.tuple(runNames, fc.nat(99_999_999)).map(([run, n]) => packName(run, n)),
  hash: maybe(hex(64)),
  parts: fc.array(parts, { maxLength: 3 }),
}).map((table) => present(table) as PackTable);

const ranges: fc.Arbitrary<SegmentRanges> = fc
  .array(fc.tuple(fc.integer({ min: 2, max: 999 }), fc.integer({ min: 0, max: 999 })), {
    minLength: 1,
    maxLength: 4,
  })
  .chain((few) =>
    fc.oneof(
      { weight: 20, arbitrary: fc.constant(few) },
      { weight: 1, arbitrary: fc.constant(new Array(600).fill(few).flat()) },
    ),
  )
  .map((steps: [number, number][]) => {
    let at = 0;
    return steps.map(([gap, length]) => {
      const first = at + gap;
      at = first + length;
      return [first, at] as const;
    });
  });

/** A whole reach: sorted by run and tape, each once. */
export const reaches: fc.Arbitrary<ReachPage> = fc
  .uniqueArray(
    record({ run: runNames, tape: fc.integer({ min: 0, max: 0xffff }), segments: ranges }),
    { selector: ({ run, tape }) => `${run} ${tape}`, maxLength: 6 },
  )
  .map((parts) => parts.sort((a, b) => (a.run < b.run ? -1 : a.run > b.run ? 1 : a.tape - b.tape)));

const indexNames = fc.tuple(runNames, fc.nat(999)).map(([run, n]) => indexName(run, n));

export const indexObjects: fc.Arbitrary<IndexObject> = fc.oneof(
  record({
    repository: hex(32),
    object: indexNames,
    holds: fc.constant("places" as const),
    tables: fc.array(tables, { maxLength: 3 }),
  }),
  record({
    repository: hex(32),
    object: indexNames,
    holds: fc.constant("reach" as const),
    pages: fc.array(reaches, { maxLength: 3 }),
  }),
);

const versions = fc.constantFrom(1 as const, 2 as const);
const fingerprints = fc.oneof(hex(40), hex(64));
const publicKeys: fc.Arbitrary<PublicKey> = record({ fingerprint: fingerprints, key: text });
const hostKeys: fc.Arbitrary<HostKey> = record({
  name: runNames.map(runHost),
  fingerprint: fingerprints,
  key: text,
  keeper: fc.boolean(),
});

export const settings: fc.Arbitrary<Settings> = record({
  repository: hex(32),
  n: fc.maxSafeNat(),
  previous: maybe(hex(64)),
  sizes: record({
    chunk: fc.integer({ min: 14, max: 24 }).map((n) => 2 ** n),
    segment: fc.integer({ min: 12, max: 20 }).map((n) => 2 ** n),
    pack: fc.integer({ min: 20, max: 30 }).map((n) => 2 ** n),
  }),
  packets: versions,
  recipients: fc.array(publicKeys, { maxLength: 3 }),
  hosts: fc.array(hostKeys, { maxLength: 3 }),
  keys: fc.array(
    record({ object: fc.nat(999).map(keysName), hash: hex(64), sessions: fc.maxSafeNat() }),
    { maxLength: 3 },
  ),
}).map((value) => present(value) as Settings);

export const begins: fc.Arbitrary<Begin> = record({
  repository: hex(32),
  run: runNames,
  settings: fc.maxSafeNat(),
  key: hex(64),
});

const indexHashes: fc.Arbitrary<ObjectHash> = record({
  object: indexNames,
  hash: hex(64),
});
const runObjects: fc.Arbitrary<RunObjects> = record({
  run: runNames,
  key: hex(64),
  index: fc.array(indexHashes, { maxLength: 3 }),
});

export const ends: fc.Arbitrary<End> = fc.oneof(
  record({ verdict: fc.constant("expired" as const), repository: hex(32), run: runNames }),
  record({
    verdict: fc.constant("snapshot" as const),
    repository: hex(32),
    settings: fc.maxSafeNat(),
    adopts: fc.array(runObjects, { maxLength: 2 }),
    heads: fc.array(record({ object: runNames.map(endName), hash: hex(64) }), {
      maxLength: 2,
    }),
    reach: fc.array(
      fc.tuple(indexHashes, fc.maxSafeNat()).map(([object, page]) => ({ ...object, page })),
      { maxLength: 3 },
    ),
    summary: bytes(),
    manifest: bytes(),
    objects: runObjects,
  }).map(({ verdict, repository, objects, ...end }) => ({
    ...{ verdict, repository },
    ...objects,
    ...end,
  })),
);

export const summaries: fc.Arbitrary<Summary> = record({
  run: runNames,
  host: text,
  source: rawNames,
  begun: fc.integer({ min: 0, max: 8.64e15 }),
  ended: fc.integer({ min: 0, max: 8.64e15 }),
  tags: fc.array(text, { maxLength: 3 }),
  complete: fc.boolean(),
  totals: record({
    files: fc.maxSafeNat(),
    directories: fc.maxSafeNat(),
    others: fc.maxSafeNat(),
    bytes: fc.maxSafeNat(),
    newBytes: fc.maxSafeNat(),
    storedBytes: fc.maxSafeNat(),
    problems: fc.maxSafeNat(),
  }),
});

export const manifests: fc.Arbitrary<Manifest> = record({
  run: runNames,
  source: rawNames,
  excludes: fc.array(text, { maxLength: 3 }),
  root: roots,
});

const packetKeys: fc.Arbitrary<PacketKey> = record({ packets: versions, key: exactly(32) }).map(
  ({ packets, key }) => ({ packets, key: new Uint8Array(key) }),
);

export const sessionKeys: fc.Arbitrary<RunKey> = record({ run: runNames, key: packetKeys });

export const repositoryKeys: fc.Arbitrary<RepositoryKeys> = record({
  repository: hex(32),
  secret: exactly(32),
  index: fc.array(packetKeys, { maxLength: 2 }),
  sessions: fc.array(sessionKeys, { maxLength: 3 }),
});

/** Any lines, and what signs them. */
export const signedLines: fc.Arbitrary<SignedLines> = record({
  body: fc
    .array(record({ varve: text }), { maxLength: 3 })
    .map((lines) => new Uint8Array(encodeLines(lines))),
  signatures: fc.array(record({ by: fingerprints, signature: bytes() }), { maxLength: 16 }),
});
