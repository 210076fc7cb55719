import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDuration, parseInterval } from "../../src/commands/duration.ts";
import { UsageError } from "../../src/errors.ts";

describe("a duration", () => {
  it("is a number with its unit", () => {
    const durations: [string, number][] = [
      ["90s", 90_000],
      ["30m", 1_800_000],
      ["1h", 3_600_000],
      ["2D", 172_800_000],
      ["0s", 0],
      ["999999d", 999_999 * 86_400_000],
    ];
    for (const [text, milliseconds] of durations) {
      assert.equal(parseDuration("--x", text), milliseconds, text);
      assert.ok(Number.isSafeInteger(milliseconds));
    }
  });

  it("is nothing else, and the flag is named", () => {
    for (const text of ["", "1", "h", "1.5h", "-1h", "1 h", "1h30m", "1w", "1000000d", "none"]) {
      assert.throws(
        () => parseDuration("--x", text),
        (error) => error instanceof UsageError && /^--x .*"/.test(error.message),
        text,
      );
    }
  });

  it("may be none, where what it is between need not come", () => {
    for (const text of ["none", "0", "0m"]) {
      assert.equal(parseInterval("--x", text), Number.POSITIVE_INFINITY);
    }
    assert.equal(parseInterval("--x", "1h"), 3_600_000);
    assert.throws(() => parseInterval("--x", "never"), UsageError);
  });
});
