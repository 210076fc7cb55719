import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CorruptError } from "../../src/errors.ts";
import {
  HEADER_BYTES,
  literalHeader,
  readLiteral,
  readPacket,
  writeHeader,
} from "../../src/seal/framing.ts";

/** A packet of type 18 with this length field and as many zeros behind it. */
const packet = (length: readonly number[], body: number) =>
  Uint8Array.from([0xd2, ...length, ...new Array<number>(body).fill(0)]);

const refuses = (bytes: Uint8Array, problem: RegExp) =>
  assert.throws(
    () => readPacket("pack 7", bytes, 18),
    (error) => error instanceof CorruptError && problem.test(error.message),
  );

/** The body of a literal packet without data. */
const EMPTY = [0x62, 0, 0, 0, 0, 0] as const;

const refusesLiteral = (bytes: readonly number[], problem: RegExp) =>
  assert.throws(
    () => readLiteral("pack 7", Uint8Array.from(bytes)),
    (error) => error instanceof CorruptError && problem.test(error.message),
  );

describe("framing", () => {
  it("reads the lengths of one, two and five octets", () => {
    for (const [length, body] of [
      [[0], 0],
      [[191], 191],
      [[0xc0, 0x00], 192],
      [[0xdf, 0xff], 8383],
      [[0xff, 0, 0, 0, 3], 3],
      [[0xff, 0, 0, 0x20, 0xc0], 8384],
    ] as const) {
      assert.equal(readPacket("pack 7", packet(length, body), 18).length, body);
    }
  });

  it("refuses a length that is not the number of bytes that follow", () => {
    refuses(packet([3], 2), /says 3 bytes, 2 follow/);
    refuses(packet([3], 4), /says 3 bytes, 4 follow/);
    refuses(packet([0xff, 0xff, 0xff, 0xff, 0xff], 9), /says 4294967295 bytes/);
  });

  it("refuses a length that is partial or cut off", () => {
    refuses(packet([0xe1], 2), /partial/);
    refuses(packet([], 0), /cut off/);
    refuses(packet([0xc0], 0), /cut off/);
    refuses(packet([0xff, 0, 0, 0], 0), /cut off/);
  });

  it("refuses packets of other types", () => {
    refuses(Uint8Array.of(), /no OpenPGP packet 18/);
    refuses(Uint8Array.of(0xcb, 0), /no OpenPGP packet 18/);
    refuses(Uint8Array.of(0x80 | (9 << 2), 0), /no OpenPGP packet 18/);
    // 18 does not fit into the legacy format: this is a type 8 of the current one.
    refuses(Uint8Array.of(0x80 | (18 << 2), 0), /no OpenPGP packet 18/);
    for (let first = 0; first < 0x100; first++) {
      if (first === 0xcb || (first >= 0xac && first <= 0xaf)) continue;
      refusesLiteral([first, 6, ...EMPTY], /no OpenPGP packet 11/);
    }
  });

  it("reads the legacy lengths of one, two and four octets", () => {
    for (const header of [
      [0xac, 7],
      [0xad, 0, 7],
      [0xae, 0, 0, 0, 7],
    ]) {
      const bytes = Uint8Array.from([...header, ...EMPTY, 42]);
      assert.deepEqual(readLiteral("pack 7", bytes), Uint8Array.of(42));
    }
  });

  it("refuses a legacy length that is wrong, cut off or has no end", () => {
    refusesLiteral([0xac, 6, ...EMPTY, 42], /says 6 bytes, 7 follow/);
    refusesLiteral([0xae, 0xff, 0xff, 0xff, 0xff, ...EMPTY], /says 4294967295 bytes, 6 follow/);
    refusesLiteral([0xaf, ...EMPTY], /indeterminate/);
    for (const bytes of [[0xac], [0xad, 0], [0xae, 0, 0, 0]]) refusesLiteral(bytes, /cut off/);
  });

  it("reads back the header that it writes", () => {
    const bytes = new Uint8Array(HEADER_BYTES + 70_000);
    writeHeader(bytes, 18, 70_000);
    assert.equal(readPacket("pack 7", bytes, 18).length, 70_000);
  });

  it("passes over the name and the date of a literal packet", () => {
    const named = [0xcb, 9, 0x62, 2, 0x61, 0x62, 1, 2, 3, 4, 42];
    assert.deepEqual(readLiteral("pack 7", Uint8Array.from(named)), Uint8Array.of(42));
    const bare = Uint8Array.from([...literalHeader(1), 42]);
    assert.deepEqual(readLiteral("pack 7", bare), Uint8Array.of(42));
  });

  it("refuses a literal packet that is text, or shorter than its name", () => {
    for (const bytes of [
      [0xcb, 6, 0x75, 0, 0, 0, 0, 0],
      [0xcb, 6, 0x62, 1, 0, 0, 0, 0],
      [0xcb, 1, 0x62],
      [0xcb, 0],
    ]) {
      assert.throws(() => readLiteral("pack 7", Uint8Array.from(bytes)), CorruptError);
    }
  });
});
