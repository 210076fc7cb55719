/**
 * JSON lines: what everything but packs is made of. One JSON value a line,
 * UTF-8, each line ended by a newline.
 */
import { CorruptError } from "../errors.ts";
import { Fields } from "./fields.ts";

const NEWLINE = 0x0a;

/** Encodes values, one a line. */
export function encodeLines(values: Iterable<object>): Uint8Array {
  let text = "";
  for (const value of values) text += `${JSON.stringify(value)}\n`;
  return Buffer.from(text);
}

/**
 * Decodes the lines of a document, one at a time.
 *
 * @param name - the document's name, for error messages.
 * @throws {@link CorruptError} at a line that is no JSON object, or if the last line has no end.
 */
export function* decodeLines(name: string, bytes: Uint8Array): Generator<Fields> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let number = 0;
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(NEWLINE, from);
    number += 1;
    if (end < 0) throw new CorruptError(name, `line ${number} has no end`);
    yield decodeLine(`${name}, line ${number}`, text.toString("utf8", from, end));
    from = end + 1;
  }
}

/** @throws {@link CorruptError} if `text` is not one JSON object. */
export function decodeLine(name: string, text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The cause is left out: it quotes the text, and that may be a secret.
    throw new CorruptError(name, "it is not JSON");
  }
  return new Fields(name, value);
}
