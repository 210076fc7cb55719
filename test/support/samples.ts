/** One of everything that is stored, small and fixed: test/vectors/records.json has their lines. */
import type { Content } from "../../src/format/content.ts";
import type { IndexObject } from "../../src/format/index-object.ts";
import type { RunName } from "../../src/format/names.ts";
import { endName, indexName, keysName, packName } from "../../src/format/names.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import type { ReachPage } from "../../src/format/reach.ts";
import type { Begin, End } from "../../src/format/run.ts";
import type { PacketKey, RepositoryKeys, RunKey } from "../../src/format/secret.ts";
import type { Settings } from "../../src/format/settings.ts";
import { DEFAULT_SIZES } from "../../src/format/settings.ts";
import type { SignedLines } from "../../src/format/signed.ts";
import type { Manifest, Summary } from "../../src/format/snapshot.ts";
import type { ChunkId, PackTable } from "../../src/format/table.ts";
import type { Entry } from "../../src/format/tree.ts";

const repository = "00112233445566778899aabbccddeeff";
const run = "web-1/0000000002-0123456789abcdef" as RunName;
const earlier = "web-1/0000000001-fedcba9876543210" as RunName;
const bytes = (length: number, first = 0) =>
  Buffer.from(Array.from({ length }, (_, n) => first + n));
const hash = (first: number) => bytes(32, first).toString("hex");
const idOf = (first: number) => bytes(32, first).toString("base64") as ChunkId;

const inline: Content = {
  size: 5000,
  depth: 0,
  chunks: [
    { id: idOf(0), size: 4096 },
    { id: idOf(64), size: 904 },
  ],
};
const listed: Content = { size: 34359738368, depth: 1, chunks: [{ id: idOf(128), size: 65536 }] };

const common = { mode: 0o644, uid: 1000, gid: 100, mtime: 1_700_000_000_123_456_789n };
const directory: Entry = {
  ...{ ...common, name: "" as RawName, type: "directory", mode: 0o1755, content: inline },
};

/** Sorted by the bytes of the names. */
export const tree: readonly Entry[] = [
  {
    ...{ ...common, name: rawFromText("Grüße.txt"), type: "file", mtime: -1_500_000_000n },
    ...{ content: inline, digest: `sha1:${bytes(20).toString("hex")}` },
    ...{ torn: true, link: "0:131", links: 2, user: "ann", group: "users" },
    xattrs: [{ name: "user.note" as RawName, value: bytes(3) }],
  },
  { ...common, name: "b\xff" as RawName, type: "symlink", target: rawFromText("../é") },
  { ...common, name: "disk" as RawName, type: "block", device: [8, 1] },
  { ...common, name: "large" as RawName, type: "file", content: listed, holes: [[4096, 8192]] },
  { ...common, name: "pipe" as RawName, type: "fifo", mode: 0o4000, link: "1:17", links: 3 },
  { ...directory, name: "sub" as RawName },
];

export const table: PackTable = {
  pack: packName(run, 0),
  hash: hash(7),
  parts: [
    {
      ...{ run, tape: 1 },
      segments: [
        { first: 0, sealedSize: 65622, hashes: bytes(32) },
        { first: 2, sealedSize: 4182, hashes: bytes(16, 32) },
      ],
      frames: [
        { offset: 0, length: 70000, chunks: [{ id: idOf(0), size: 262144 }] },
        {
          ...{ offset: 70000, length: 300 },
          chunks: [
            { id: idOf(32), size: 100 },
            { id: idOf(64), size: 904 },
          ],
        },
      ],
    },
  ],
};

const page: ReachPage = [
  { run: earlier, tape: 0, segments: [[0, 3]] },
  {
    ...{ run, tape: 1 },
    segments: [
      [0, 0],
      [2, 2],
    ],
  },
];

export const places: IndexObject = {
  ...{ repository, object: indexName(run, 0), holds: "places", tables: [table] },
};
export const reach: IndexObject = {
  ...{ repository, object: indexName(run, 1), holds: "reach", pages: [page, page.slice(1)] },
};

export const settings: Settings = {
  ...{ repository, n: 1, previous: hash(1), sizes: DEFAULT_SIZES },
  packets: 1,
  recipients: [
    { fingerprint: hash(10), key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" },
    { fingerprint: hash(11).slice(0, 40), key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" },
  ],
  hosts: [
    {
      ...{ name: "web-1", fingerprint: hash(12).slice(0, 40), keeper: true },
      key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
    },
  ],
  keys: [
    { object: keysName(0), hash: hash(8), sessions: 0 },
    { object: keysName(1), hash: hash(9), sessions: 1 },
  ],
};

export const begin: Begin = { repository, run, settings: 1, key: hash(3) };
const index = [{ object: indexName(run, 0), hash: hash(2) }];
export const end: End = {
  ...{ verdict: "snapshot", repository, run, key: hash(3), index, settings: 1 },
  adopts: [
    { run: earlier, key: hash(4), index: [{ object: indexName(earlier, 0), hash: hash(5) }] },
  ],
  heads: [{ object: endName(earlier), hash: hash(6) }],
  reach: [{ object: indexName(run, 0), hash: hash(2), page: 1 }],
  summary: bytes(4),
  manifest: bytes(5),
};
export const expired: End = { verdict: "expired", repository, run };

export const summary: Summary = {
  ...{ run, host: "web-1", source: rawFromText("/srv/é"), begun: 1_700_000_000_000 },
  ...{ ended: 1_700_000_001_000, tags: ["nightly"], complete: true },
  totals: {
    ...{ files: 3, directories: 2, others: 3, bytes: 34359743368 },
    ...{ newBytes: 5000, storedBytes: 9000, problems: 1 },
  },
};
export const manifest: Manifest = {
  ...{ run, source: rawFromText("/srv/é"), excludes: ["*.tmp"], root: directory },
};

const key = (packets: 1 | 2, first: number): PacketKey => ({
  ...{ packets, key: new Uint8Array(bytes(32, first)) },
});

export const session: RunKey = { run, key: key(2, 128) };
export const keys: RepositoryKeys = {
  ...{ repository, secret: bytes(32), index: [key(1, 64), key(2, 96)], sessions: [session] },
};
/** Whose the session key is. */
export const owner: { readonly repository: string; readonly run: RunName } = { repository, run };

export const signed: SignedLines = {
  body: Buffer.from('{"varve":"x"}\n'),
  signatures: [
    { by: hash(10), signature: bytes(5) },
    { by: hash(12).slice(0, 40), signature: bytes(6) },
  ],
};
