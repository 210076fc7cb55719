/** Everything that is stored as lines, each with its encoder and its decoder, to be tried alike. */
import type fc from "fast-check";
import type { Content, ContentChunk } from "../../src/format/content.ts";
import {
  decodeContent,
  decodeListLine,
  encodeContent,
  encodeListLine,
} from "../../src/format/content.ts";
import type { Fields } from "../../src/format/fields.ts";
import type { IndexObject } from "../../src/format/index-object.ts";
import { decodeIndex, encodeIndex } from "../../src/format/index-object.ts";
import { decodeLines, encodeLines } from "../../src/format/lines.ts";
import { decodePage, encodePage } from "../../src/format/reach.ts";
import { decodeBegin, decodeEnd, encodeBegin, encodeEnd } from "../../src/format/run.ts";
import type { RunKey } from "../../src/format/secret.ts";
import {
  decodeRepositoryKeys,
  decodeSessionKey,
  encodeRepositoryKeys,
  encodeSessionKey,
} from "../../src/format/secret.ts";
import { decodeSettings, encodeSettings } from "../../src/format/settings.ts";
import { decodeSigned, encodeSigned } from "../../src/format/signed.ts";
import type { Manifest, Summary } from "../../src/format/snapshot.ts";
import {
  decodeManifest,
  decodeSummary,
  encodeManifest,
  encodeSummary,
} from "../../src/format/snapshot.ts";
import { decodeTables, encodeTable } from "../../src/format/table.ts";
import type { Entry } from "../../src/format/tree.ts";
import { decodeEntry, encodeEntry } from "../../src/format/tree.ts";
import * as arbitraries from "./arbitraries.ts";
import * as records from "./arbitrary-records.ts";

const REPOSITORY = "00112233445566778899aabbccddeeff";

/** A codec, with a decoder that may ask whose record it should be. */
export interface Codec<T> {
  readonly values: fc.Arbitrary<T>;
  encode(value: T): Uint8Array;
  /** @param like - what was encoded. */
  decode(name: string, bytes: Uint8Array, like: T): T;
}

/** With the type of its values hidden. */
function codec<T>(made: Codec<T>): Codec<unknown> {
  return made as Codec<unknown>;
}

function oneLine<T>(
  values: fc.Arbitrary<T>,
  encode: (value: T) => object,
  decode: (line: Fields) => T,
): Codec<unknown> {
  return codec({
    values,
    encode: (value) => encodeLines([encode(value)]),
    decode: (name, bytes) => [...decodeLines(name, bytes)].map(decode)[0] as T,
  });
}

export const codecs: Record<string, Codec<unknown>> = {
  content: oneLine<Content>(arbitraries.contents, encodeContent, decodeContent),
  "line of a list": oneLine<ContentChunk>(
    arbitraries.contents.map(({ chunks }) => chunks[0]).filter((chunk) => chunk !== undefined),
    encodeListLine,
    decodeListLine,
  ),
  entry: oneLine<Entry>(arbitraries.entries, encodeEntry, decodeEntry),
  table: codec({
    values: records.tables,
    encode: encodeTable,
    decode: (name, bytes) => [...decodeTables(decodeLines(name, bytes))][0] as never,
  }),
  page: codec({
    values: records.reaches,
    encode: encodePage,
    decode: (name, bytes) => decodePage(decodeLines(name, bytes)),
  }),
  index: codec<IndexObject>({
    values: records.indexObjects,
    encode: encodeIndex,
    decode: (name, bytes) => {
      const index = decodeIndex(name, bytes);
      return index.holds === "places" ? { ...index, tables: [...index.tables] } : index;
    },
  }),
  settings: codec({
    values: records.settings,
    encode: encodeSettings,
    decode: decodeSettings,
  }),
  begin: codec({ values: records.begins, encode: encodeBegin, decode: decodeBegin }),
  end: codec({ values: records.ends, encode: encodeEnd, decode: decodeEnd }),
  summary: codec<Summary>({
    values: records.summaries,
    encode: encodeSummary,
    decode: (name, bytes, { run }) => decodeSummary(name, run, bytes),
  }),
  manifest: codec<Manifest>({
    values: records.manifests,
    encode: encodeManifest,
    decode: (name, bytes, { run }) => decodeManifest(name, run, bytes),
  }),
  "repository keys": codec({
    values: records.repositoryKeys,
    encode: encodeRepositoryKeys,
    decode: (name, bytes, { repository }) => decodeRepositoryKeys(name, bytes, repository),
  }),
  "session key": codec<RunKey>({
    values: records.sessionKeys,
    encode: (session) => encodeSessionKey(REPOSITORY, session),
    decode: (name, bytes, { run }) => {
      return { run, key: decodeSessionKey(name, bytes, { repository: REPOSITORY, run }) };
    },
  }),
  "signed lines": codec({
    values: records.signedLines,
    encode: encodeSigned,
    decode: (name, bytes) => {
      const { body, signatures } = decodeSigned(name, bytes);
      return { body: new Uint8Array(body), signatures };
    },
  }),
};
