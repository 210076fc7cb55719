/**
 * One OpenPGP encrypted-data packet (RFC 9580 section 5.13) around exactly one
 * literal data packet, written and read directly on node:crypto. This module
 * owns what its two versions share; seipd1.ts and seipd2.ts know their bodies.
 * OpenPGP.js gives and takes the same packets (test/unit/packet.test.ts) at a multiple
 * of the cost (bench/seal.bench.ts).
 *
 * What must never repeat under a key is drawn in here, anew for each packet, and
 * cannot be passed in.
 *
 * Worker threads load this: it must not import OpenPGP.js.
 */
import type { KeyObject } from "node:crypto";
import { createSecretKey } from "node:crypto";
import { CorruptError } from "../errors.ts";
import type { RandomSource } from "../flow.ts";
import type { PacketKey } from "../format/secret.ts";
import { KEY_BYTES } from "../format/secret.ts";
import { HEADER_BYTES, readLiteral, readPacket, SEIPD, writeHeader } from "./framing.ts";
import * as seipd1 from "./seipd1.ts";
import * as seipd2 from "./seipd2.ts";

/** Makes packets of one format under one key. */
export interface Sealer {
  /**
   * The size of the packet around `plain` bytes. It depends on nothing else.
   *
   * @throws RangeError if that is more than one packet may have, 1 GiB.
   */
  sealedSize(plain: number): number;

  /**
   * Writes the packet around `plain` to the start of `into`, which must not
   * overlap it.
   *
   * @returns how many bytes were written: `sealedSize(plain.length)`.
   * @throws RangeError if `into` is shorter than that.
   */
  seal(plain: Uint8Array, into: Uint8Array): number;
}

/** Opens packets that were made under its keys. */
export interface Opener {
  /**
   * The plain bytes of a packet: all of them verified, or none.
   *
   * @param name - of the object that is read, for the error message.
   * @param packet - one whole packet and nothing behind it.
   * @throws {@link CorruptError} if it is anything else than a packet made
   * under the key for its version.
   */
  open(name: string, packet: Uint8Array): Uint8Array;
}

/** Far more than is ever sealed at once; node:crypto takes less than 2 GiB in one call. */
const MAX_BYTES = 2 ** 30;

const formats = { 1: seipd1, 2: seipd2 } as const;

/**
 * Seals packets of the version that the key is for.
 *
 * @param key - 32 bytes; they are copied.
 * @param random - where prefixes and salts come from.
 * @throws RangeError if the key is of another length.
 */
export function packetSealer({ packets, key }: PacketKey, random: RandomSource): Sealer {
  const { bodySize, bodySealer } = formats[packets];
  const sealBody = bodySealer(sessionSecret(key), random);
  return { sealedSize, seal };

  function sealedSize(plain: number): number {
    const size = HEADER_BYTES + bodySize(plain);
    if (size > MAX_BYTES) throw new RangeError(`${plain} bytes are too many for one packet`);
    return size;
  }

  function seal(plain: Uint8Array, into: Uint8Array): number {
    const size = sealedSize(plain.length);
    if (into.length < size) throw new RangeError(`${size} bytes do not fit into ${into.length}`);
    writeHeader(into, SEIPD, size - HEADER_BYTES);
    sealBody(plain, into.subarray(HEADER_BYTES, size));
    return size;
  }
}

/**
 * Opens packets of each version under the key for that version, whichever tool
 * made them; a version without a key is refused.
 *
 * @param keys - at most one for each version, each of 32 bytes; they are copied.
 * @throws RangeError if a key is of another length, or one of two for a version.
 */
export function packetOpener(...keys: readonly PacketKey[]): Opener {
  const openers = new Map<number | undefined, BodyOpener>();
  for (const { packets, key } of keys) {
    if (openers.has(packets)) throw new RangeError(`two keys for packets of version ${packets}`);
    openers.set(packets, formats[packets].bodyOpener(sessionSecret(key)));
  }
  return { open };

  function open(name: string, packet: Uint8Array): Uint8Array {
    if (packet.length > MAX_BYTES) throw new CorruptError(name, "its packet is longer than 1 GiB");
    const body = readPacket(name, packet, SEIPD);
    const openBody = openers.get(body[0]);
    if (openBody === undefined) {
      const version = body[0] ?? "none";
      throw new CorruptError(name, `there is no key for its packet, of version ${version}`);
    }
    return asBytes(readLiteral(name, openBody(name, body)));
  }
}

/** What is inside of a body: verified, but not known to be a literal packet. */
type BodyOpener = (name: string, body: Uint8Array) => Uint8Array;

function sessionSecret(key: Uint8Array): KeyObject {
  if (key.length !== KEY_BYTES) throw new RangeError(`a session key has ${KEY_BYTES} bytes`);
  return createSecretKey(key);
}

/** The same memory without Buffer's own methods, whose `slice` does not copy. */
function asBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
