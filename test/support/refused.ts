/** What the tests of records share. */
import assert from "node:assert/strict";
import { CorruptError } from "../../src/errors.ts";
import type { Fields } from "../../src/format/fields.ts";
import { decodeLines, encodeLines } from "../../src/format/lines.ts";
import type { RunName } from "../../src/format/names.ts";

export const run = "a/0000000001-0011223344556677" as RunName;
export const repository = "00112233445566778899aabbccddeeff";
/** A chunk's. */
export const id: string = Buffer.alloc(32, 1).toString("base64");

/** Asserts that `x` is refused as damaged, for this reason. */
export function refused(work: () => unknown, problem: RegExp): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof CorruptError, String((error as Error).stack));
    assert.ok(error.object.startsWith("x"), error.object);
    assert.match(error.message, problem);
    return true;
  });
}

/** The lines of a document `x` with these values. */
export function linesOf(...values: object[]): Iterable<Fields> {
  return decodeLines("x", encodeLines(values));
}
