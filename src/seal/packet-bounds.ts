/**
 * Where packets begin and end in a run of them, as in a key or a signature
 * (RFC 9580 section 4.2). OpenPGP.js passes over packets that it does not know,
 * so what has to be counted is counted here first: a key that nobody read must
 * not look like one that was.
 *
 * Only the headers are read. Lengths have to be definite, as they are wherever
 * no data is streamed.
 */

export interface PacketBounds {
  readonly type: number;
  /** Where the header begins, and where the body does. */
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/** @returns nothing unless `bytes` are whole packets of definite length, end to end. */
export function packetBounds(bytes: Uint8Array): PacketBounds[] | undefined {
  const found: PacketBounds[] = [];
  for (let at = 0; at < bytes.length; ) {
    const packet = boundsAt(bytes, at);
    // What is cut off would end behind the end of all bytes.
    if (packet === undefined || packet.end > bytes.length) return undefined;
    found.push(packet);
    at = packet.end;
  }
  return found;
}

function boundsAt(bytes: Uint8Array, start: number): PacketBounds | undefined {
  const octet = bytes[start] ?? 0;
  const isCurrent = octet >= 0xc0;
  const type = isCurrent ? octet & 0x3f : (octet >> 2) & 0xf;
  const size = isCurrent ? currentLength(bytes, start) : formerLength(bytes, start);
  if (octet < 0x80 || size === undefined) return undefined;
  const body = start + 1 + size.octets;
  return { type, start, body, end: body + size.length };
}

interface Length {
  readonly octets: number;
  readonly length: number;
}

function currentLength(bytes: Uint8Array, start: number): Length | undefined {
  const first = bytes[start + 1] ?? 0;
  if (first < 192) return { octets: 1, length: first };
  if (first < 224) {
    return { octets: 2, length: ((first - 192) << 8) + (bytes[start + 2] ?? 0) + 192 };
  }
  return first === 0xff ? { octets: 5, length: numberAt(bytes, start + 2, 4) } : undefined;
}

function formerLength(bytes: Uint8Array, start: number): Length | undefined {
  const kind = (bytes[start] ?? 0) & 3;
  const octets = 2 ** kind;
  return kind === 3 ? undefined : { octets, length: numberAt(bytes, start + 1, octets) };
}

function numberAt(bytes: Uint8Array, at: number, octets: number): number {
  let number = 0;
  for (let index = at; index < at + octets; index++) number = number * 256 + (bytes[index] ?? 0);
  return number;
}
