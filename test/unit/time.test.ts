import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parseTime } from "../../src/commands/time.ts";
import { UsageError } from "../../src/errors.ts";

const parse = (text: string) => parseTime("--time", text);
const iso = (text: string) => new Date(parse(text)).toISOString();

describe("a time", () => {
  const zone = process.env["TZ"];
  before(() => {
    process.env["TZ"] = "Asia/Kathmandu";
  });
  after(() => {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });

  for (const [text, expected] of [
    ["2026-11-25T13:12:25Z", "2026-11-25T13:12:25.000Z"],
    ["2026-11-25t13:12:25z", "2026-11-25T13:12:25.000Z"],
    ["2026-11-25 13:12:25.1234Z", "2026-11-25T13:12:25.123Z"],
    ["2026-11-25T13:12:25,5+01:00", "2026-11-25T12:12:25.500Z"],
    ["2026-11-25T13:12-0330", "2026-11-25T16:42:00.000Z"],
    ["2026-11-25 13:12:25 +01", "2026-11-25T12:12:25.000Z"],
    ["2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z"],
    ["@0", "1970-01-01T00:00:00.000Z"],
    ["@1795612345", "2026-11-25T13:12:25.000Z"],
    ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"],
  ] as const) {
    it(`with a zone is the same everywhere: ${text}`, () => assert.equal(iso(text), expected));
  }

  for (const [text, expected] of [
    ["2026-11-25", "2026-11-24T18:15:00.000Z"],
    ["2026-11-25 13:12", "2026-11-25T07:27:00.000Z"],
    ["2026-11-25 13:12:25", "2026-11-25T07:27:25.000Z"],
    ["2026-11-25T13:12:25.25", "2026-11-25T07:27:25.250Z"],
  ] as const) {
    it(`without one is local: ${text}`, () => assert.equal(iso(text), expected));
  }

  for (const text of [
    ...["", "now", "yesterday", "2026", "2026-11", "26-11-25", "2026-11-25T", "2026-11-25 13"],
    ...["2026-13-01", "2026-00-10", "2026-02-30", "2025-02-29", "2026-11-25 24:00", "0070-01-01"],
    ...[
      "2026-11-25 12:60",
      "2026-11-25 12:00:60",
      "2026-11-25T12:00+25:00",
      "2026-11-25T12:00+01:99",
    ],
    ...["2026-11-25Z", "@", "@-1", "@1.5", "@1e3", "1795612345", " 2026-11-25", "2026-11-25\n"],
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => {
      const told = (error: Error) =>
        error instanceof UsageError && /^--time takes a time/.test(error.message);
      assert.throws(() => parse(text), told);
    });
  }

  it("is from 1970 to 9999, for the zone as well", () => {
    for (const text of [
      ...["1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "1970-01-01 00:00"],
      ...["9999-12-31T23:59:59-01:00", "@999999999999"],
    ]) {
      assert.throws(() => parse(text), /from 1970 to 9999/);
    }
  });
});
