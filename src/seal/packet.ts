/**
 * One OpenPGP encrypted-data packet: SEIPDv2 with AES-256-GCM (RFC 9580 section
 * 5.13.2), written and read directly on node:crypto, around exactly one literal
 * data packet. OpenPGP.js gives and takes the same packets
 * (test/unit/packet.test.ts) at many times the cost (bench/seal.bench.ts).
 *
 * Salts are drawn in here, a fresh one for each packet, and cannot be passed in
 * (message-key.ts says what would break).
 *
 * Worker threads load this: it must not import OpenPGP.js.
 */

import type { DecipherGCM, KeyObject } from "node:crypto";
import { createSecretKey } from "node:crypto";
import { CorruptError } from "../errors.ts";
import type { RandomSource } from "../flow.ts";
import * as framing from "./framing.ts";
import { deriveMessageKey, KEY_BYTES, SALT_BYTES, TAG_BYTES } from "./message-key.ts";

/** Makes packets of one format under one key. */
export interface Sealer {
  /**
   * The size of the packet around `plain` bytes. It depends on nothing else.
   *
   * @throws RangeError if that is more than one packet can hold, 4 GiB.
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

/** Opens packets that were made under one key. */
export interface Opener {
  /**
   * The plain bytes of a packet: all of them verified, or none.
   *
   * @param name - of the object that is read, for the error message.
   * @param packet - one whole packet and nothing behind it.
   * @throws {@link CorruptError} if it is anything else than a packet made under this key.
   */
  open(name: string, packet: Uint8Array): Uint8Array;
}

const PACKET_TYPE = 18;
const VERSION = 2;
const AES_256 = 9;
const GCM = 3;
/** Says 128 KiB, so that a segment of 64 KiB is one AEAD chunk. */
const CHUNK_OCTET = 11;
/** Says 4 MiB, the most that RFC 9580 allows. */
const MAX_CHUNK_OCTET = 16;

/** Version, cipher, mode, chunk size, salt: what a body begins with. */
const PREFIX_BYTES = 4 + SALT_BYTES;

/**
 * Seals SEIPDv2 packets. One that holds up to 127 KiB is 86 bytes longer than
 * what it holds.
 *
 * @param key - the session key, 32 bytes; they are copied.
 * @param random - where the salts come from.
 */
export function packetSealer(key: Uint8Array, random: RandomSource): Sealer {
  const secret = sessionSecret(key);
  const suite = suiteOctets(CHUNK_OCTET);
  const chunkSize = chunkBytes(CHUNK_OCTET);
  return { sealedSize, seal };

  function seal(plain: Uint8Array, into: Uint8Array): number {
    const size = sealedSize(plain.length);
    if (into.length < size) throw new RangeError(`${size} bytes do not fit into ${into.length}`);
    framing.writeHeader(into, PACKET_TYPE, size - framing.HEADER_BYTES);
    let at = append(into, framing.HEADER_BYTES, suite.subarray(1));
    at = append(into, at, random(SALT_BYTES));
    const messageKey = deriveMessageKey(secret, into.subarray(at - SALT_BYTES, at), suite);

    // The literal packet is never put together: its header and then the slices
    // of `plain` go straight into the ciphers.
    const header = framing.literalHeader(plain.length);
    const literalSize = header.length + plain.length;
    let chunk = 0;
    for (let from = 0; from < literalSize; from += chunkSize) {
      const cipher = messageKey.cipher(chunk++, suite);
      if (from === 0) at = append(into, at, cipher.update(header));
      const start = Math.max(0, from - header.length);
      const slice = plain.subarray(start, from + chunkSize - header.length);
      at = append(into, at, cipher.update(slice));
      cipher.final();
      at = append(into, at, cipher.getAuthTag());
    }

    const last = messageKey.cipher(chunk, withTotal(suite, literalSize));
    last.final();
    return append(into, at, last.getAuthTag());
  }
}

/**
 * Opens SEIPDv2 packets, whichever tool made them: AES-256-GCM, any chunk size.
 *
 * @param key - the session key, 32 bytes; they are copied.
 */
export function packetOpener(key: Uint8Array): Opener {
  const secret = sessionSecret(key);
  return { open };

  function open(name: string, packet: Uint8Array): Uint8Array {
    const body = framing.readPacket(name, packet, PACKET_TYPE);
    const chunkOctet = readSuite(name, body);
    const suite = suiteOctets(chunkOctet);
    const messageKey = deriveMessageKey(secret, body.subarray(4, PREFIX_BYTES), suite);
    const sealedChunk = chunkBytes(chunkOctet) + TAG_BYTES;
    const end = body.length - TAG_BYTES;

    const pieces: Buffer[] = [];
    let literalSize = 0;
    for (let at = PREFIX_BYTES; at < end; at += sealedChunk) {
      const sealed = body.subarray(at, Math.min(at + sealedChunk, end));
      const piece = openChunk(name, sealed, messageKey.decipher(pieces.length, suite));
      literalSize += piece.length;
      pieces.push(piece);
    }
    // Each chunk is known to be in its place by now, but not that it was the last one.
    const total = messageKey.decipher(pieces.length, withTotal(suite, literalSize));
    openChunk(name, body.subarray(end), total);

    const [first] = pieces;
    const literal = first && pieces.length === 1 ? first : Buffer.concat(pieces);
    return framing.readLiteral(name, asBytes(literal));
  }
}

function sealedSize(plain: number): number {
  const literalSize = framing.LITERAL_HEADER_BYTES + plain;
  const chunks = Math.ceil(literalSize / chunkBytes(CHUNK_OCTET));
  const body = PREFIX_BYTES + literalSize + (chunks + 1) * TAG_BYTES;
  if (body > framing.MAX_BODY_BYTES) {
    throw new RangeError(`${plain} bytes are too many for one packet`);
  }
  return framing.HEADER_BYTES + body;
}

/** The associated data of every chunk: packet type, version, cipher, mode, chunk size. */
function suiteOctets(chunkOctet: number): Uint8Array {
  return Uint8Array.of(framing.typeOctet(PACKET_TYPE), VERSION, AES_256, GCM, chunkOctet);
}

/** The associated data of the final tag: `suite`, and how long all chunks are together. */
function withTotal(suite: Uint8Array, total: number): Uint8Array {
  const octets = new Uint8Array(suite.length + 8);
  octets.set(suite);
  new DataView(octets.buffer).setBigUint64(suite.length, BigInt(total));
  return octets;
}

/** The chunk size octet of a body whose suite is ours and which is long enough to have a salt. */
function readSuite(name: string, body: Uint8Array): number {
  const [version, cipher, mode, chunkOctet = Number.POSITIVE_INFINITY] = body;
  if (version !== VERSION || cipher !== AES_256 || mode !== GCM || chunkOctet > MAX_CHUNK_OCTET) {
    throw new CorruptError(name, "not a version 2 packet with AES-256-GCM");
  }
  if (body.length < PREFIX_BYTES + TAG_BYTES) throw new CorruptError(name, "its packet is cut off");
  return chunkOctet;
}

/** What is inside of `text ‖ tag`. */
function openChunk(name: string, sealed: Uint8Array, decipher: DecipherGCM): Buffer {
  const text = sealed.length - TAG_BYTES;
  if (text < 0) throw new CorruptError(name, "its packet is cut off");
  decipher.setAuthTag(sealed.subarray(text));
  const plain = decipher.update(sealed.subarray(0, text));
  try {
    decipher.final();
  } catch {
    throw new CorruptError(name, "changed since it was sealed, or sealed with another key");
  }
  return plain;
}

function sessionSecret(key: Uint8Array): KeyObject {
  if (key.length !== KEY_BYTES) throw new RangeError(`a session key has ${KEY_BYTES} bytes`);
  return createSecretKey(key);
}

function chunkBytes(chunkOctet: number): number {
  return 2 ** (chunkOctet + 6);
}

function append(into: Uint8Array, at: number, bytes: Uint8Array): number {
  into.set(bytes, at);
  return at + bytes.length;
}

/** The same memory without Buffer's own methods, whose `slice` does not copy. */
function asBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
