import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { packetBounds } from "../../src/seal/packet-bounds.ts";

/** A packet of this type with as long a body, its length written in so many octets. */
function current(type: number, length: number, octets: 1 | 2 | 5): Uint8Array {
  const written = {
    1: [length],
    2: [((length - 192) >> 8) + 192, (length - 192) & 0xff],
    5: [0xff, ...u32(length)],
  };
  return Buffer.concat([Uint8Array.of(0xc0 | type, ...written[octets]), Buffer.alloc(length, 1)]);
}

function former(type: number, length: number, octets: 1 | 2 | 4): Uint8Array {
  const kind = Math.log2(octets);
  const header = Uint8Array.of(0x80 | (type << 2) | kind, ...u32(length).slice(4 - octets));
  return Buffer.concat([header, Buffer.alloc(length, 1)]);
}

function u32(number: number): number[] {
  return [number >>> 24, (number >> 16) & 0xff, (number >> 8) & 0xff, number & 0xff];
}

describe("packets end to end", () => {
  it("are found in either format and with each kind of length", () => {
    const packets: [Uint8Array, number, number][] = [
      [current(6, 0, 1), 6, 0],
      [current(2, 191, 1), 2, 191],
      [current(63, 192, 2), 63, 192],
      [current(13, 8383, 2), 13, 8383],
      [current(5, 3, 5), 5, 3],
      [current(14, 8384, 5), 14, 8384],
      [former(2, 117, 1), 2, 117],
      [former(6, 400, 2), 6, 400],
      [former(15, 70_000, 4), 15, 70_000],
    ];
    let start = 0;
    const expected = packets.map(([bytes, type, length]) => {
      const end = start + bytes.length;
      const bounds = { type, start, body: end - length, end };
      start = end;
      return bounds;
    });
    assert.deepEqual(packetBounds(Buffer.concat(packets.map(([bytes]) => bytes))), expected);
    assert.deepEqual(packetBounds(new Uint8Array()), []);
  });

  it("are refused where one is cut off", () => {
    const sizes = [current(6, 10, 1), current(6, 300, 2), current(6, 10, 5)];
    for (const packet of [...sizes, former(6, 10, 1), former(6, 300, 2), former(6, 10, 4)]) {
      for (let length = 1; length < packet.length; length++) {
        const cut = packet.subarray(0, length);
        assert.equal(packetBounds(cut), undefined, `${length} bytes`);
        assert.equal(packetBounds(Buffer.concat([packet, cut])), undefined);
      }
    }
  });

  it("are refused where a length is not definite, or is no length", () => {
    const partial = Uint8Array.of(0xc0 | 11, 0xe0, 1, 1, 1);
    const indeterminate = Uint8Array.of(0x80 | (11 << 2) | 3, 1, 1, 1);
    const noPacket = Uint8Array.of(0x7f, 1, 1);
    const huge = Uint8Array.of(0xc6, 0xff, 0xff, 0xff, 0xff, 0xff, 1);
    for (const bytes of [partial, indeterminate, noPacket, huge]) {
      assert.equal(packetBounds(bytes), undefined);
    }
  });

  it("cover whatever they are found in", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let at = 0;
        for (const { start, body, end } of packetBounds(bytes) ?? []) {
          assert.ok(start === at && start < body && body <= end);
          at = end;
        }
        assert.ok(at === bytes.length || at === 0);
      }),
    );
  });
});
