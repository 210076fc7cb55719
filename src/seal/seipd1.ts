/**
 * The body of a version 1 packet (SEIPDv1) with AES-256: RFC 9580 section 5.13.1.
 * Nothing that is inside leaves before the SHA-1 over all of it has matched.
 *
 * A body begins with 16 octets of chance, the last two of them repeated. They are
 * drawn in here, anew for each packet: the IV is zeros, so only they keep equal
 * beginnings from being seen. Nobody looks at the repetition when a packet is
 * opened, for an answer about it would be an oracle.
 */
import type { KeyObject } from "node:crypto";
import { createHash } from "node:crypto";
import { CorruptError } from "../errors.ts";
import type { RandomSource } from "../flow.ts";
import { BLOCK_BYTES, cfbUnder } from "./cfb.ts";
import { LITERAL_HEADER_BYTES, literalHeader } from "./framing.ts";

const VERSION = 1;
/** A block of chance and the repetition. */
const PREFIX_BYTES = BLOCK_BYTES + 2;
const HASH_BYTES = 20;
const MDC_HEADER: Uint8Array = Uint8Array.of(0xd3, HASH_BYTES);
const MDC_BYTES = MDC_HEADER.length + HASH_BYTES;

/** How long the body around `plain` bytes is: 53 bytes longer. */
export function bodySize(plain: number): number {
  return 1 + PREFIX_BYTES + LITERAL_HEADER_BYTES + plain + MDC_BYTES;
}

/** Fills bodies, each of {@link bodySize}, with what seals `plain`. */
export function bodySealer(
  secret: KeyObject,
  random: RandomSource,
): (plain: Uint8Array, body: Uint8Array) => void {
  const { encipher } = cfbUnder(secret);
  return (plain, body) => {
    const chance = random(BLOCK_BYTES);
    const head = Buffer.concat([chance, chance.subarray(-2), literalHeader(plain.length)]);
    body[0] = VERSION;
    encipher([head, plain, mdcBehind(head, plain)], body.subarray(1));
  };
}

/**
 * Gives what is inside of bodies.
 *
 * The function that it returns throws {@link CorruptError} if a body is anything
 * else, or was not sealed under this key.
 */
export function bodyOpener(secret: KeyObject): (name: string, body: Uint8Array) => Uint8Array {
  const { decipher } = cfbUnder(secret);
  return (name, body) => {
    if (body.length < 1 + PREFIX_BYTES + MDC_BYTES) {
      throw new CorruptError(name, "its packet is cut off");
    }
    const opened = decipher(body.subarray(1));
    const end = opened.length - MDC_BYTES;
    if (!mdcBehind(opened.subarray(0, end)).equals(opened.subarray(end))) {
      throw new CorruptError(name, "changed since it was sealed, or sealed with another key");
    }
    return opened.subarray(PREFIX_BYTES, end);
  };
}

/** The modification detection code packet: its SHA-1 is over all in front, and its own header. */
function mdcBehind(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha1");
  for (const part of parts) hash.update(part);
  return Buffer.concat([MDC_HEADER, hash.update(MDC_HEADER).digest()]);
}
