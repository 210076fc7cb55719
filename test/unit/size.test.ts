import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSize } from "../../src/commands/size.ts";
import { UsageError } from "../../src/errors.ts";

describe("a size", () => {
  for (const [text, bytes] of [
    ["0", 0],
    ["4096", 4096],
    ["64k", 65536],
    ["64K", 65536],
    ["1m", 1048576],
    ["16MiB", 16777216],
    ["2gb", 2147483648],
    ["1.5g", 1610612736],
    ["0.001k", 1],
  ] as const) {
    it(`of ${text} is ${bytes} bytes`, () => assert.equal(parseSize("--x", text, 1), bytes));
  }

  it("that is not given is the fallback", () => assert.equal(parseSize("--x", undefined, 7), 7));

  for (const text of [
    "",
    "k",
    "-1",
    "1.5",
    "1.m",
    ".5m",
    "1.2345m",
    "1.5b",
    "1 m",
    "1t",
    "1kk",
    "0x10",
    "9999999999999",
  ]) {
    it(`is not "${text}"`, () => {
      assert.throws(() => parseSize("--x", text, 1), { name: UsageError.name, message: /^--x / });
    });
  }
});
