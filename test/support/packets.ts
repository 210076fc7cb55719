/** What the tests of sealed packets share: bytes that are the same in every run. */
import type { PacketKey, PacketVersion } from "../../src/format/secret.ts";
import { HEADER_BYTES, literalHeader, writeHeader } from "../../src/seal/framing.ts";
import type { Sealer } from "../../src/seal/packet.ts";
import { packetSealer } from "../../src/seal/packet.ts";

export const VERSIONS: readonly PacketVersion[] = [1, 2];

/** A session key: 00 01 02 ... 1f. */
export const sessionKey: Uint8Array = Uint8Array.from({ length: 32 }, (_, at) => at);

/** The session key, for packets of this version. */
export function keyFor(packets: PacketVersion): PacketKey {
  return { packets, key: sessionKey };
}

/** The plain text of this size: each byte is its position modulo 251. */
export function plainOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => at % 251);
}

/** The literal packet around the plain text of this size. */
export function literalOf(size: number): Uint8Array {
  return Buffer.concat([literalHeader(size), plainOf(size)]);
}

/** The packet of this version around `plain`, with zeros for chance. */
export function sealed(packets: PacketVersion, plain: Uint8Array): Uint8Array {
  return sealedBy(
    packetSealer(keyFor(packets), (count) => new Uint8Array(count)),
    plain,
  );
}

export function sealedBy(sealer: Sealer, plain: Uint8Array): Uint8Array {
  const packet = new Uint8Array(sealer.sealedSize(plain.length));
  sealer.seal(plain, packet);
  return packet;
}

/** A copy of `bytes` in which bit `bit` is the other one. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  const at = bit >> 3;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** A packet of type 18 whose body is made of these parts. */
export function framed(...parts: readonly Uint8Array[]): Uint8Array {
  const packet = Buffer.concat([new Uint8Array(HEADER_BYTES), ...parts]);
  writeHeader(packet, 18, packet.length - HEADER_BYTES);
  return packet;
}
