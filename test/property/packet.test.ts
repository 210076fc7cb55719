import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CorruptError } from "../../src/errors.ts";
import { writeHeader } from "../../src/seal/framing.ts";
import { packetOpener, packetSealer } from "../../src/seal/packet.ts";
import { flipped, keyFor, plainOf, sealed, sealedBy, VERSIONS } from "../support/packets.ts";

const numRuns = process.env["SLOW"] ? 5000 : 300;

for (const packets of VERSIONS) {
  const opener = packetOpener(keyFor(packets));
  const packet = sealed(packets, plainOf(40));

  const refused = (bytes: Uint8Array, what: string) =>
    assert.throws(() => opener.open("pack 7", bytes), CorruptError, what);

  describe(`packets of version ${packets}`, () => {
    it("open to what was sealed, under every key and with any chance", () => {
      const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
      fc.assert(
        fc.property(key, fc.uint8Array({ maxLength: 400_000, size: "max" }), (bytes, plain) => {
          const its = { packets, key: bytes };
          const made = sealedBy(packetSealer(its, randomBytes), plain);
          assert.deepEqual(packetOpener(its).open("pack 7", made), plain);
        }),
        { numRuns: numRuns / 10 },
      );
    });

    it("are refused with any one bit changed", () => {
      for (let bit = 0; bit < packet.length * 8; bit++) refused(flipped(packet, bit), `bit ${bit}`);
    });

    it("are refused cut off anywhere, whatever length they then claim", () => {
      for (let length = 0; length < packet.length; length++) {
        const short = packet.slice(0, length);
        refused(short, `${length} bytes`);
        if (length < 6) continue;
        writeHeader(short, 18, length - 6);
        refused(short, `${length} bytes, and said so`);
      }
    });

    it("are refused with anything behind them, whatever length they then claim", () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1 }), (more) => {
          const long = Buffer.concat([packet, more]);
          refused(long, `${more.length} more`);
          writeHeader(long, 18, long.length - 6);
          refused(long, `${more.length} more, and said so`);
        }),
        { numRuns },
      );
    });

    it("are not made of garbage, however well it begins", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(60), (garbage, kept) => {
          const forged = Buffer.concat([packet.subarray(0, kept), garbage]);
          refused(forged, "as it is");
          if (forged.length < 6) return;
          writeHeader(forged, 18, forged.length - 6);
          refused(forged, "with a length that fits");
        }),
        { numRuns },
      );
    });
  });
}
