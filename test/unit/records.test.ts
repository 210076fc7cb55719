import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "../../src/errors.ts";
import { encodeLines } from "../../src/format/lines.ts";
import type { RunName } from "../../src/format/names.ts";
import {
  decodeRepositoryKeys,
  decodeSessionKey,
  encodeRepositoryKeys,
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
  const settings = {
    ...{ repository, n: 0, sizes: DEFAULT_SIZES, packets: 2 as const },
    ...{ recipients: [], hosts: [], keys: [] },
  };
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

  it("have one line: whatever else is there is no signature", () => {
    const more = Buffer.concat([encodeSettings(settings), Buffer.from("{}\n")]);
    refused(() => decodeSettings("x", more), /more than one line/);
  });

  it("are refused with packets of a version that there is not", () => {
    for (const packets of [0, 3, "2"]) {
      refused(() => decodeSettings("x", stored({ packets })), /"packets"/);
    }
  });
});

describe("key messages", () => {
  const session = { run, key: { packets: 2 as const, key: new Uint8Array(32).fill(9) } };
  const bytes = encodeSessionKey(repository, session);

  it("are refused where they belong to another run or repository", () => {
    const other = { repository, run: "b/0000000001-0011223344556677" as RunName };
    refused(() => decodeSessionKey("x", bytes, other), /another run/);
    const elsewhere = { repository: "f".repeat(32), run };
    refused(() => decodeSessionKey("x", bytes, elsewhere), /no session key of this repository/);
    refused(() => decodeRepositoryKeys("x", bytes, repository), /no keys/);
    const keys = { repository, secret: new Uint8Array(32), index: [], sessions: [session] };
    const payload = encodeRepositoryKeys(keys);
    refused(() => decodeRepositoryKeys("x", payload, "f".repeat(32)), /another repository/);
    const foreign = encodeSessionKey("f".repeat(32), session);
    const mixed = Buffer.concat([payload, foreign]);
    refused(() => decodeRepositoryKeys("x", mixed, repository), /no session key of this/);
  });

  it("of a run have one line", () => {
    const twice = Buffer.concat([bytes, bytes]);
    refused(() => decodeSessionKey("x", twice, { repository, run }), /more than one/);
  });

  it("are spelt as gpg takes them", () => {
    const text = Buffer.from(bytes).toString();
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
