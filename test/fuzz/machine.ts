/** Targets: what this machine keeps for itself, in its cache and its files, which a power cut may tear. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decodeKnownFile, encodeKnownFile } from "../../src/backup/known-file.ts";
import type { Cache } from "../../src/cache/cache.ts";
import { readEnrolment } from "../../src/config/enrolment.ts";
import { givenPassphrase } from "../../src/config/passphrase.ts";
import { readPin } from "../../src/config/pins.ts";
import { placesOf } from "../../src/config/places.ts";
import { CorruptError } from "../../src/errors.ts";
import { Fields } from "../../src/format/fields.ts";
import { endName, indexName } from "../../src/format/names.ts";
import { isChunkId } from "../../src/format/table.ts";
import { decodeEntry, encodeEntry } from "../../src/format/tree.ts";
import { knownStubs } from "../../src/repository/chain-memory.ts";
import { knownPages } from "../../src/repository/reach-pages.ts";
import * as samples from "../support/samples.ts";
import { scratchDirectory } from "../support/scratch.ts";
import type { FuzzTarget } from "./target.ts";
import { OBJECT } from "./target.ts";

const { repository, run } = samples.owner;
const hash = "0f".repeat(32);
const end = { object: endName(run), hash };
const places = placesOf({ HOME: scratchDirectory() });

const pin = {
  ...{ repository, fingerprint: hash, locations: ["/mnt/backup"], missed: [endName(run)] },
  ...{ settings: { n: 1, hash }, seen: { n: 2, hash }, heads: { "web-1": [end] } },
};
const enrolment = {
  ...{ repository, host: "web-1", signingKey: "-----BEGIN PGP PRIVATE KEY BLOCK-----\n" },
  secret: Buffer.alloc(32, 1).toString("base64"),
};

/** A cache that has this in store, under every name. */
function cacheWith(state: Uint8Array): Cache {
  const packs = { indexNames: () => [indexName(run, 0)] };
  return { getState: () => state, packs } as unknown as Cache;
}

/** Runs `read` with the bytes in a file, and what it blames on that file told as of the bytes. */
async function inFile(path: string, bytes: Uint8Array, read: () => Promise<unknown>) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CorruptError) || !error.object.startsWith(path)) throw error;
    throw new CorruptError(OBJECT, error.message);
  }
}

function json(value: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

const known = samples.tree.flatMap((entry) =>
  entry.type !== "file"
    ? []
    : [
        encodeKnownFile({
          signature: "1 2 3",
          content: entry.content,
          digest: entry.digest,
          spans: [{ run, tape: 1, first: 0, last: 3 }],
          unplaced: entry.content.chunks.map(({ id }) => id),
        }),
      ],
);

/** What is taken of a record goes into a tree: everybody else has to be able to read that. */
function useKnownFile(bytes: Uint8Array): void {
  const file = decodeKnownFile(bytes);
  if (file === undefined) return;
  const [like] = samples.tree;
  const { content, digest } = file;
  const entry = { ...like, content, ...(digest === undefined ? {} : { digest }) };
  decodeEntry(
    new Fields("what the cache makes us store", encodeEntry(entry as typeof like & object)),
  );
  if (!file.unplaced.every(isChunkId)) throw new Error("a chunk without an id");
  if (file.spans.some(({ first, last }) => first > last)) throw new Error("a span of nothing");
}

export const machine: readonly FuzzTarget[] = [
  { name: "known file", examples: known, form: "bytes", run: useKnownFile },
  {
    name: "known chain",
    examples: [json({ ends: [{ ...end, heads: [end] }, end] })],
    form: "lines",
    run: (bytes) => knownStubs(cacheWith(bytes)),
  },
  {
    name: "known pages",
    examples: [json({ pages: [[hash, { object: indexName(run, 0), hash, page: 0 }]] })],
    form: "lines",
    run: (bytes) => knownPages(cacheWith(bytes), "/srv"),
  },
  {
    name: "pin",
    examples: [json(pin)],
    form: "lines",
    run: (bytes) =>
      inFile(join(places.pins, `${repository}.json`), bytes, () => readPin(places, repository)),
  },
  {
    name: "enrolment",
    examples: [json(enrolment)],
    form: "lines",
    run: (bytes) =>
      inFile(join(places.hosts, `${repository}.json`), bytes, () =>
        readEnrolment(places, repository),
      ),
  },
  {
    name: "passphrase",
    examples: ["secret\n", "secret\r\nmore", "secret"].map((text) => Buffer.from(text)),
    form: "bytes",
    run: (bytes) => {
      const file = join(places.hosts, "passphrase");
      return inFile(file, bytes, () => givenPassphrase({ VARVE_PASSPHRASE_FILE: file }));
    },
  },
];
