/**
 * The outside of OpenPGP packets: a header that tells kind and length
 * (RFC 9580 section 4.2), and the literal data packet (5.9), the plain envelope
 * that every sealed packet carries inside.
 *
 * What varve writes always has the five-octet length, so that a packet's
 * overhead does not depend on its size. What it reads may have any definite
 * length, and gpg's literal packets still have the legacy header; a partial or
 * indeterminate length, which only streams need, is refused.
 */
import { CorruptError } from "../errors.ts";

/** Bytes of a header as {@link writeHeader} writes it. */
export const HEADER_BYTES = 6;

/** Bytes of the whole envelope in front of the data of a literal packet. */
export const LITERAL_HEADER_BYTES = 12;

/** The type of encrypted data whose integrity is protected. */
export const SEIPD = 18;
const LITERAL = 11;
const BINARY = 0x62;

/** What the legacy format has room for: a type of four bits. */
const LEGACY_TYPES = 16;
/** Bytes of the length by the two bits behind a legacy type; the fourth has none, and no end. */
const LEGACY_LENGTH_BYTES = [1, 2, 4];

/** The first octet of a packet of this type, in the current ("new") format. */
export function typeOctet(type: number): number {
  return 0xc0 | type;
}

/** Writes the header of a packet of `type` with `length` bytes of body to the start of `into`. */
export function writeHeader(into: Uint8Array, type: number, length: number): void {
  into[0] = typeOctet(type);
  into[1] = 0xff;
  view(into).setUint32(2, length);
}

/** What stands in front of `length` bytes of data: binary, without a name, without a date. */
export function literalHeader(length: number): Uint8Array {
  const header = new Uint8Array(LITERAL_HEADER_BYTES);
  writeHeader(header, LITERAL, LITERAL_HEADER_BYTES - HEADER_BYTES + length);
  header[HEADER_BYTES] = BINARY;
  return header;
}

/**
 * The body of the one packet that `bytes` hold, as a view of them.
 *
 * @param name - of the object that is read, for the error message.
 * @throws {@link CorruptError} unless `bytes` are exactly one packet of this type.
 */
export function readPacket(name: string, bytes: Uint8Array, type: number): Uint8Array {
  const { start, length } = readHeader(name, bytes, type);
  if (bytes.length - start !== length) {
    throw new CorruptError(name, `its packet says ${length} bytes, ${bytes.length - start} follow`);
  }
  return bytes.subarray(start);
}

/**
 * The data of the one literal packet that `bytes` hold, as a view of them.
 *
 * @throws {@link CorruptError} unless `bytes` are exactly one binary literal packet.
 */
export function readLiteral(name: string, bytes: Uint8Array): Uint8Array {
  const body = readPacket(name, bytes, LITERAL);
  const start = 2 + (body[1] ?? 0) + 4;
  if (body[0] !== BINARY || body.length < start) {
    throw new CorruptError(name, "its literal packet is not binary data");
  }
  return body.subarray(start);
}

/** Where a body starts and how long it is said to be. */
interface Extent {
  readonly start: number;
  readonly length: number;
}

function readHeader(name: string, bytes: Uint8Array, type: number): Extent {
  const first = bytes[0] ?? 0;
  if (first === typeOctet(type)) return readLength(name, bytes);
  if (type < LEGACY_TYPES && first >> 2 === (0x80 >> 2) + type) {
    return readLegacyLength(name, bytes, LEGACY_LENGTH_BYTES[first & 3]);
  }
  throw new CorruptError(name, `no OpenPGP packet ${type}`);
}

/** RFC 9580 section 4.2.1. */
function readLength(name: string, bytes: Uint8Array): Extent {
  const first = bytes[1] ?? 0xff;
  if (first < 192) return { start: 2, length: first };
  if (first < 224 && bytes.length >= 3) {
    return { start: 3, length: ((first - 192) << 8) + (bytes[2] ?? 0) + 192 };
  }
  if (first === 0xff && bytes.length >= HEADER_BYTES) {
    return { start: HEADER_BYTES, length: view(bytes).getUint32(2) };
  }
  throw new CorruptError(name, "the length of its packet is cut off or partial");
}

/** RFC 9580 section 4.2.2. */
function readLegacyLength(name: string, bytes: Uint8Array, octets: number | undefined): Extent {
  if (octets === undefined || bytes.length < 1 + octets) {
    throw new CorruptError(name, "the length of its packet is cut off or indeterminate");
  }
  const length = Buffer.from(bytes.buffer, bytes.byteOffset + 1, octets).readUIntBE(0, octets);
  return { start: 1 + octets, length };
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
