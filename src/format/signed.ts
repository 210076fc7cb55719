/**
 * Signed lines: settings, ends and index objects are JSON lines, the last of
 * which may be signatures over all bytes before the first of them.
 *
 * Whatever stands in front is the body, and signed as a whole: nothing can be
 * put between it and its signatures. What a signature is worth is for the
 * repository to say; here it is only bytes, and whose they claim to be.
 */
import { CorruptError } from "../errors.ts";
import type { Fields } from "./fields.ts";
import { encodeBase64 } from "./fields.ts";
import { decodeLine, encodeLines } from "./lines.ts";

export interface Signature {
  /** Fingerprint of the key that made it, in hex. */
  readonly by: string;
  /** A detached OpenPGP signature (RFC 9580 section 5.2): one packet. */
  readonly signature: Uint8Array;
}

export interface SignedLines {
  /** A view: the lines that are signed. */
  readonly body: Uint8Array;
  readonly signatures: readonly Signature[];
}

const NEWLINE = 0x0a;
/** How a line of a signature begins, and no other does. */
const MARK = Buffer.from('{"by":');
/** More are a part of the body, and then no signature over it is good. */
const MAX_SIGNATURES = 16;
/** One of RSA-4096 takes 900 bytes, the longest of version 6 some more. */
const MAX_LINE_BYTES = 2 ** 15;
const FINGERPRINT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Puts signatures behind a body, which ends with a newline. */
export function encodeSigned({ body, signatures }: SignedLines): Uint8Array {
  const lines = signatures.map(({ by, signature }) => ({ by, signature: encodeBase64(signature) }));
  return Buffer.concat([body, encodeLines(lines)]);
}

/**
 * The inverse of {@link encodeSigned}; lines without a signature have none.
 *
 * @throws {@link CorruptError} if the last line has no end, or at a signature that is none.
 */
export function decodeSigned(name: string, bytes: Uint8Array): SignedLines {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (text.length > 0 && text.at(-1) !== NEWLINE) throw new CorruptError(name, "it is cut off");
  const signatures: Signature[] = [];
  let end = text.length;
  while (signatures.length < MAX_SIGNATURES && end > 0) {
    const start = lineStart(text, end);
    if (!text.subarray(start, start + MARK.length).equals(MARK)) break;
    signatures.unshift(decodeSignature(`${name}, a signature`, text.subarray(start, end)));
    end = start;
  }
  return { body: bytes.subarray(0, end), signatures };
}

/** Where the line begins that ends at `end`. */
function lineStart(text: Buffer, end: number): number {
  return end < 2 ? 0 : text.lastIndexOf(NEWLINE, end - 2) + 1;
}

function decodeSignature(name: string, line: Buffer): Signature {
  if (line.length > MAX_LINE_BYTES) throw new CorruptError(name, "its line is too long");
  const fields = decodeLine(name, line.toString("utf8"));
  return { by: decodeFingerprint(fields, "by"), signature: fields.bytes("signature") };
}

/** A key's fingerprint in hex: 40 digits, or 64 of a key of version 6. */
export function decodeFingerprint(fields: Fields, field: string): string {
  const fingerprint = fields.string(field);
  return FINGERPRINT.test(fingerprint) ? fingerprint : fields.fail(field, "a fingerprint");
}
