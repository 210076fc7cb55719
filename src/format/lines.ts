/**
 * JSON lines: what everything but packs is made of. One JSON object a line,
 * UTF-8, each line ended by a newline.
 */
import { isUtf8 } from "node:buffer";
import { CorruptError } from "../errors.ts";
import { Fields } from "./fields.ts";

const NEWLINE = 0x0a;
/** No line is longer: V8 has no strings for much more, and says so with other errors. */
const MAX_LINE_BYTES = 2 ** 28;

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
    const line = `${name}, line ${number}`;
    if (end - from > MAX_LINE_BYTES) throw new CorruptError(line, "it is too long");
    // What is no UTF-8 would silently become other text.
    if (!isUtf8(text.subarray(from, end))) throw new CorruptError(line, "it is not UTF-8");
    yield decodeLine(line, text.toString("utf8", from, end));
    from = end + 1;
  }
}

/** @throws {@link CorruptError} if `text` is not one JSON object. */
export function decodeLine(name: string, text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The cause is left out: V8 quotes the text, and that may be a key.
    throw new CorruptError(name, "it is not JSON");
  }
  return new Fields(name, value);
}

/**
 * The line of a record that has just one; what signs it was taken off before (signed.ts).
 *
 * @throws {@link CorruptError} if it is no such record, or more follows.
 */
export function decodeOnlyLine(name: string, bytes: Uint8Array, kind: string): Fields {
  const [line, more] = decodeLines(name, bytes);
  if (more !== undefined) throw new CorruptError(name, `more than one line for its ${kind}`);
  if (line?.value("varve") !== kind) throw new CorruptError(name, `it holds no ${kind}`);
  return line;
}
