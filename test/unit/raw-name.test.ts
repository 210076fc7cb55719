import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { RawName } from "../../src/format/raw-name.ts";
import {
  displayName,
  rawBytes,
  rawFromDisplay,
  rawFromText,
  rawName,
  rawText,
} from "../../src/format/raw-name.ts";
import { rawNames } from "../support/arbitraries.ts";

const numRuns = process.env["SLOW"] ? 10_000 : 500;

describe("raw names", () => {
  it("are any bytes, and sort by them", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        assert.deepEqual(new Uint8Array(rawBytes(rawName(a))), a);
        const order = Buffer.compare(a, b);
        assert.equal(
          Math.sign(order),
          rawName(a) < rawName(b) ? -1 : rawName(a) > rawName(b) ? 1 : 0,
        );
      }),
      { numRuns },
    );
  });

  it("are text where they are UTF-8, to the byte", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.equal(rawText(rawFromText(text)), text);
        assert.deepEqual(rawBytes(rawFromText(text)), Buffer.from(text));
      }),
      { numRuns },
    );
    // Overlong, surrogate, beyond the last character, cut off; and a byte order mark, which is kept.
    for (const hex of ["ff", "c0af", "eda080", "f4908080", "c3"]) {
      assert.equal(rawText(rawName(Buffer.from(hex, "hex"))), undefined, hex);
    }
    assert.equal(rawText(rawName(Buffer.from("efbbbf61", "hex"))), "\ufeffa");
  });

  it("are shown without anything that a terminal obeys", () => {
    const shown = (bytes: Uint8Array) => displayName(rawName(bytes));
    const ofText = (text: string) => shown(Buffer.from(text));
    assert.equal(ofText("plain name.txt"), "plain name.txt");
    assert.equal(ofText("Grüße 日本"), "Grüße 日本");
    assert.equal(ofText("\x1b[31m\n\x7f\u0085"), "\\u{1b}[31m\\u{a}\\u{7f}\\u{85}");
    assert.equal(ofText("a\u202eb\u2028c\ufeff"), "a\\u{202e}b\\u{2028}c\\u{feff}");
    assert.equal(ofText("a\\u{1b}"), "a\\u{5c}u{1b}");
    assert.equal(shown(Uint8Array.from([0x61, 0xff, 0x1b, 0x5c, 0xc3])), "a\\xff\\x1b\\x5c\\xc3");
  });

  it("are shown so that the bytes can be told", () => {
    const meant = (shown: string): RawName => {
      const bytes = shown.match(/\\u\{[0-9a-f]+\}|\\x[0-9a-f]{2}|[^\\]/gu)?.map((part) => {
        if (part.startsWith("\\x")) return Buffer.from(part.slice(2), "hex");
        const code = part.startsWith("\\u") ? Number.parseInt(part.slice(3), 16) : undefined;
        return Buffer.from(code === undefined ? part : String.fromCodePoint(code));
      });
      return rawName(Buffer.concat(bytes ?? []));
    };
    fc.assert(
      fc.property(rawNames, (name) => {
        assert.equal(meant(displayName(name)), name);
        assert.equal(rawFromDisplay(displayName(name)), name);
        assert.doesNotMatch(displayName(name), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns },
    );
  });

  it("are read as shown only where they would be shown so", () => {
    for (const text of ["a\\x41", "a\\xc3\\xa9", "é\\xff", "a\\u{5C}", "\\u{01b}", "a\nb", "\\"]) {
      assert.equal(rawFromDisplay(text), undefined, text);
    }
    for (const text of ["\\u{d800}", "\\u{110000}", "\\u{ffffff}", "\\u{1234567}", "\\xF0"]) {
      assert.equal(rawFromDisplay(text), undefined, text);
    }
  });
});
