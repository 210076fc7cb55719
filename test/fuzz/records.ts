/** Targets: everything that is stored as JSON lines. */
import {
  decodeContent,
  decodeListLine,
  encodeContent,
  encodeListLine,
} from "../../src/format/content.ts";
import type { Fields } from "../../src/format/fields.ts";
import { decodeIndex, encodeIndex } from "../../src/format/index-object.ts";
import { decodeLines, encodeLines } from "../../src/format/lines.ts";
import { displayName, rawFromDisplay, rawName } from "../../src/format/raw-name.ts";
import { decodePage, encodePage } from "../../src/format/reach.ts";
import { decodeBegin, decodeEnd, encodeBegin, encodeEnd } from "../../src/format/run.ts";
import * as secret from "../../src/format/secret.ts";
import { decodeSettings, encodeSettings } from "../../src/format/settings.ts";
import { decodeSigned, encodeSigned } from "../../src/format/signed.ts";
import * as snapshot from "../../src/format/snapshot.ts";
import { decodeTables, encodeTable } from "../../src/format/table.ts";
import { decodeEntry, decodeRoot, encodeEntry } from "../../src/format/tree.ts";
import * as samples from "../support/samples.ts";
import type { FuzzTarget } from "./target.ts";
import { OBJECT } from "./target.ts";

const { repository, run } = samples.owner;

function lines(
  name: string,
  examples: readonly Uint8Array[],
  decode: (bytes: Uint8Array) => unknown,
): FuzzTarget {
  return { name, examples, form: "lines", run: decode };
}

function eachLine<T>(
  name: string,
  values: readonly T[],
  encode: (value: T) => object,
  decode: (line: Fields) => T,
) {
  return lines(name, [encodeLines(values.map(encode))], (bytes) =>
    [...decodeLines(OBJECT, bytes)].map((line) => encode(decode(line))),
  );
}

const files = samples.tree.flatMap((entry) => (entry.type === "file" ? [entry] : []));
const contents = files.map(({ content }) => content);
const root = samples.manifest.root;

export const records: readonly FuzzTarget[] = [
  lines("settings", [encodeSettings(samples.settings)], (bytes) => decodeSettings(OBJECT, bytes)),
  lines("begin", [encodeBegin(samples.begin)], (bytes) => decodeBegin(OBJECT, bytes)),
  lines("end", [encodeEnd(samples.end), encodeEnd(samples.expired)], (bytes) =>
    decodeEnd(OBJECT, bytes),
  ),
  lines("signed lines", [encodeSigned(samples.signed)], (bytes) => decodeSigned(OBJECT, bytes)),
  lines("index object", [encodeIndex(samples.places), encodeIndex(samples.reach)], (bytes) => {
    const index = decodeIndex(OBJECT, bytes);
    return index.holds === "places" ? [...index.tables] : index.pages;
  }),
  lines("table", [encodeTable(samples.table)], (bytes) => [
    ...decodeTables(decodeLines(OBJECT, bytes)),
  ]),
  lines(
    "page",
    samples.reach.holds === "reach" ? samples.reach.pages.map(encodePage) : [],
    (bytes) => decodePage(decodeLines(OBJECT, bytes)),
  ),
  lines("keys", [secret.encodeRepositoryKeys(samples.keys)], (bytes) =>
    secret.decodeRepositoryKeys(OBJECT, bytes, repository),
  ),
  lines("session key", [secret.encodeSessionKey(repository, samples.session)], (bytes) =>
    secret.decodeSessionKey(OBJECT, bytes, samples.owner),
  ),
  lines("summary", [snapshot.encodeSummary(samples.summary)], (bytes) =>
    snapshot.decodeSummary(OBJECT, run, bytes),
  ),
  lines("manifest", [snapshot.encodeManifest(samples.manifest)], (bytes) =>
    snapshot.decodeManifest(OBJECT, run, bytes),
  ),
  eachLine("tree", samples.tree, encodeEntry, decodeEntry),
  eachLine("root", [root], encodeEntry, decodeRoot),
  eachLine("content", contents, encodeContent, decodeContent),
  eachLine(
    "list of chunks",
    contents.flatMap(({ chunks }) => chunks),
    encodeListLine,
    decodeListLine,
  ),
  {
    name: "shown name",
    examples: ["a\\u{1b}", "b\\xff", "Grüße", "\\u{5c}"].map((text) => Buffer.from(text)),
    form: "bytes",
    run: (bytes) => [rawFromDisplay(Buffer.from(bytes).toString()), displayName(rawName(bytes))],
  },
];
