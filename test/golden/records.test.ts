/**
 * Records belong to the repository format: what is here encodes to the same
 * lines in every version, and every version reads those lines.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { decodeIndex, encodeIndex } from "../../src/format/index-object.ts";
import { decodeLines, encodeLines } from "../../src/format/lines.ts";
import { decodeBegin, decodeEnd, encodeBegin, encodeEnd } from "../../src/format/run.ts";
import * as secret from "../../src/format/secret.ts";
import { decodeSettings, encodeSettings } from "../../src/format/settings.ts";
import { decodeSigned, encodeSigned } from "../../src/format/signed.ts";
import * as snapshot from "../../src/format/snapshot.ts";
import { decodeTables, encodeTable } from "../../src/format/table.ts";
import { decodeEntry, encodeEntry } from "../../src/format/tree.ts";
import * as samples from "../support/samples.ts";

const file = new URL("../../../test/vectors/records.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Record<string, readonly string[]>;

interface Case {
  readonly value: unknown;
  readonly encoded: Uint8Array;
  decode(name: string, bytes: Uint8Array): unknown;
}

const { repository, run } = samples.owner;
const decodeWholeIndex: Case["decode"] = (name, bytes) => {
  const index = decodeIndex(name, bytes);
  return index.holds === "places" ? { ...index, tables: [...index.tables] } : index;
};

const cases: Record<string, Case> = {
  tree: {
    value: samples.tree,
    encoded: encodeLines(samples.tree.map(encodeEntry)),
    decode: (name, bytes) => [...decodeLines(name, bytes)].map(decodeEntry),
  },
  table: {
    value: [samples.table],
    encoded: encodeTable(samples.table),
    decode: (name, bytes) => [...decodeTables(decodeLines(name, bytes))],
  },
  places: {
    value: samples.places,
    encoded: encodeIndex(samples.places),
    decode: decodeWholeIndex,
  },
  reach: { value: samples.reach, encoded: encodeIndex(samples.reach), decode: decodeWholeIndex },
  settings: {
    value: samples.settings,
    encoded: encodeSettings(samples.settings),
    decode: decodeSettings,
  },
  begin: { value: samples.begin, encoded: encodeBegin(samples.begin), decode: decodeBegin },
  end: { value: samples.end, encoded: encodeEnd(samples.end), decode: decodeEnd },
  expired: { value: samples.expired, encoded: encodeEnd(samples.expired), decode: decodeEnd },
  summary: {
    value: samples.summary,
    encoded: snapshot.encodeSummary(samples.summary),
    decode: (name, bytes) => snapshot.decodeSummary(name, run, bytes),
  },
  manifest: {
    value: samples.manifest,
    encoded: snapshot.encodeManifest(samples.manifest),
    decode: (name, bytes) => snapshot.decodeManifest(name, run, bytes),
  },
  keys: {
    value: samples.keys,
    encoded: secret.encodeRepositoryKeys(samples.keys),
    decode: (name, bytes) => secret.decodeRepositoryKeys(name, bytes, repository),
  },
  session: {
    value: samples.session,
    encoded: secret.encodeSessionKey(repository, samples.session),
    decode: (name, bytes) => ({ run, key: secret.decodeSessionKey(name, bytes, samples.owner) }),
  },
  signed: { value: samples.signed, encoded: encodeSigned(samples.signed), decode: decodeSigned },
};

describe("records", () => {
  for (const [kind, { value, encoded, decode }] of Object.entries(cases)) {
    const lines = vectors[kind]?.map((line) => `${line}\n`).join("");

    it(`encodes the sample of ${kind} to the frozen lines`, () => {
      assert.equal(Buffer.from(encoded).toString(), lines);
    });

    it(`decodes the frozen lines of ${kind}`, () => {
      assert.deepEqual(decode(kind, Buffer.from(lines ?? "")), value);
    });
  }

  it("are frozen, all of them", () => {
    assert.deepEqual(Object.keys(vectors).sort(), Object.keys(cases).sort());
  });
});
