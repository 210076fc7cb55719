import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "../../src/errors.ts";
import { encodeLines } from "../../src/format/lines.ts";
import type { RunName } from "../../src/format/names.ts";
import { decodeBegin, encodeBegin } from "../../src/format/run.ts";
import {
  decodeRepositoryKeys,
  decodeSessionKey,
  encodeSessionKey,
} from "../../src/format/secret.ts";
import {
  checkSizes,
  DEFAULT_SIZES,
  decodeSettings,
  encodeSettings,
} from "../../src/format/settings.ts";
import { decodeManifest, decodeSummary } from "../../src/format/snapshot.ts";
import { refused, repository, run } from "../support/refused.ts";

describe("settings", () => {
  const settings = { repository, n: 0, sizes: DEFAULT_SIZES, recipients: [] };
  const stored = (change: object) =>
    encodeLines([
      { ...(JSON.parse(Buffer.from(encodeSettings(settings)).toString()) as object), ...change },
    ]);

  it("of a newer format are refused as a reason to update", () => {
    assert.throws(() => decodeSettings("x", stored({ format: 1 })), UsageError);
    refused(() => decodeSettings("x", stored({ format: "0" })), /"format"/);
  });

  it("are refused with sizes that nothing could be cut by", () => {
    for (const sizes of [
      { chunk: 2 ** 13 },
      { chunk: 2 ** 25 },
      { chunk: 3 * 2 ** 18 },
      { segment: 0 },
    ]) {
      refused(() => decodeSettings("x", stored({ sizes: { ...DEFAULT_SIZES, ...sizes } })), /two/);
      assert.throws(() => checkSizes({ ...DEFAULT_SIZES, ...sizes }), UsageError);
    }
    checkSizes({ chunk: 2 ** 14, segment: 2 ** 12, pack: 2 ** 30 });
  });

  it("may be signed: further lines are not looked at", () => {
    const signed = Buffer.concat([encodeSettings(settings), Buffer.from("a signature\n")]);
    assert.deepEqual(decodeSettings("x", signed), settings);
    const begin = { repository, run, settings: 0 };
    const bytes = Buffer.concat([encodeBegin(begin), Buffer.from("a signature\n")]);
    assert.deepEqual(decodeBegin("x", bytes), begin);
  });
});

describe("key messages", () => {
  const session = { repository, run, key: new Uint8Array(32).fill(9) };

  it("are refused where they belong to another run or repository", () => {
    const bytes = encodeSessionKey(session);
    for (const other of [
      { repository, run: "b/0000000001-0011223344556677" as RunName },
      { repository: "f".repeat(32), run },
    ]) {
      refused(() => decodeSessionKey("x", bytes, other), /another run/);
    }
    refused(() => decodeRepositoryKeys("x", bytes), /no keys/);
  });

  it("have one line", () => {
    const bytes = encodeSessionKey(session);
    refused(() => decodeSessionKey("x", Buffer.concat([bytes, bytes]), session), /more than one/);
  });

  it("are spelt as gpg takes them", () => {
    const text = Buffer.from(encodeSessionKey(session)).toString();
    assert.equal((JSON.parse(text) as { key: string }).key, `9:${"09".repeat(32)}`);
  });
});

describe("summary and manifest", () => {
  it("are refused of another run", () => {
    const other = "b/0000000001-0011223344556677";
    const summary = encodeLines([{ varve: "summary", run: other }]);
    refused(() => decodeSummary("x", run, summary), /not of run/);
    const manifest = encodeLines([{ varve: "manifest", run: other }]);
    refused(() => decodeManifest("x", run, manifest), /not of run/);
  });
});
