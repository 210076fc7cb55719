import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clocksOf, storingOf } from "../../src/commands/labelling.ts";
import { UsageError } from "../../src/errors.ts";

const levelOf = (compression: string | undefined) =>
  storingOf({ "file-digest": "sha1", compression }).level;

describe("labels", () => {
  it("take a level from 1 to 19, none, or the usual", () => {
    assert.deepEqual(["1", "19", "none", undefined].map(levelOf), [1, 19, "none", 3]);
    for (const level of ["0", "20", "3.5", "-1", "fast", "1e1", " 3", "None"]) {
      assert.throws(() => levelOf(level), /^UsageError: --compression takes a level from 1 to 19/);
    }
  });

  it("make clocks that begin at the same time, and go on from there", (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: 5000 });
    const clocks = clocksOf({ time: "@100" });
    const first = clocks();
    t.mock.timers.tick(40);
    assert.equal(first(), 100_000);
    t.mock.timers.tick(250);
    assert.equal(first(), 100_250);
    assert.equal(clocks()(), 100_000);
    assert.equal(clocksOf({ time: undefined })()(), 5290);
    assert.throws(() => clocksOf({ time: "soon" }), UsageError);
  });
});
