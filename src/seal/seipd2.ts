/**
 * The body of a version 2 packet (SEIPDv2) with AES-256-GCM: RFC 9580 section
 * 5.13.2. Every AEAD chunk is verified in its place, and the last tag says that
 * there was none behind it.
 *
 * Salts are drawn in here, a fresh one for each packet (message-key.ts says what
 * would break).
 */
import type { DecipherGCM, KeyObject } from "node:crypto";
import { CorruptError } from "../errors.ts";
import type { RandomSource } from "../flow.ts";
import { LITERAL_HEADER_BYTES, literalHeader, SEIPD, typeOctet } from "./framing.ts";
import { deriveMessageKey, SALT_BYTES, TAG_BYTES } from "./message-key.ts";

const VERSION = 2;
const AES_256 = 9;
const GCM = 3;
/** Says 128 KiB, so that a segment of 64 KiB is one AEAD chunk. */
const CHUNK_OCTET = 11;
/** Says 4 MiB, the most that RFC 9580 allows. */
const MAX_CHUNK_OCTET = 16;

/** Version, cipher, mode, chunk size, salt: what a body begins with. */
const PREFIX_BYTES = 4 + SALT_BYTES;

/** How long the body around `plain` bytes is: up to 127 KiB, 80 bytes longer. */
export function bodySize(plain: number): number {
  const literalSize = LITERAL_HEADER_BYTES + plain;
  const chunks = Math.ceil(literalSize / chunkBytes(CHUNK_OCTET));
  return PREFIX_BYTES + literalSize + (chunks + 1) * TAG_BYTES;
}

/** Fills bodies, each of {@link bodySize}, with what seals `plain`. */
export function bodySealer(
  secret: KeyObject,
  random: RandomSource,
): (plain: Uint8Array, body: Uint8Array) => void {
  const suite = suiteOctets(CHUNK_OCTET);
  const chunkSize = chunkBytes(CHUNK_OCTET);
  return (plain, body) => {
    let at = append(body, 0, suite.subarray(1));
    at = append(body, at, random(SALT_BYTES));
    const messageKey = deriveMessageKey(secret, body.subarray(at - SALT_BYTES, at), suite);

    // The literal packet is never put together: its header and then the slices
    // of `plain` go straight into the ciphers.
    const header = literalHeader(plain.length);
    const literalSize = header.length + plain.length;
    let chunk = 0;
    for (let from = 0; from < literalSize; from += chunkSize) {
      const cipher = messageKey.cipher(chunk++, suite);
      if (from === 0) at = append(body, at, cipher.update(header));
      const start = Math.max(0, from - header.length);
      const slice = plain.subarray(start, from + chunkSize - header.length);
      at = append(body, at, cipher.update(slice));
      cipher.final();
      at = append(body, at, cipher.getAuthTag());
    }

    const last = messageKey.cipher(chunk, withTotal(suite, literalSize));
    last.final();
    append(body, at, last.getAuthTag());
  };
}

/**
 * Gives what is inside of bodies: AES-256-GCM, any chunk size.
 *
 * The function that it returns throws {@link CorruptError} if a body is anything
 * else, or was not sealed under this key.
 */
export function bodyOpener(secret: KeyObject): (name: string, body: Uint8Array) => Uint8Array {
  return (name, body) => {
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
    return first && pieces.length === 1 ? first : Buffer.concat(pieces);
  };
}

/** The associated data of every chunk: packet type, version, cipher, mode, chunk size. */
function suiteOctets(chunkOctet: number): Uint8Array {
  return Uint8Array.of(typeOctet(SEIPD), VERSION, AES_256, GCM, chunkOctet);
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

function chunkBytes(chunkOctet: number): number {
  return 2 ** (chunkOctet + 6);
}

function append(into: Uint8Array, at: number, bytes: Uint8Array): number {
  into.set(bytes, at);
  return at + bytes.length;
}
