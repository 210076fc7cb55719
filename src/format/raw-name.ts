/**
 * Names as file systems have them: bytes. In memory a raw name is a string
 * with one character for each byte (latin1): compact, sorted by byte value
 * by plain comparison, and joined to paths by `/` without looking inside.
 *
 * Stored and shown, a name that is UTF-8 is text, and any other is base64.
 */
import { isUtf8 } from "node:buffer";
import type { Fields } from "./fields.ts";
import { decodeBase64 } from "./fields.ts";

/** One character a byte. Never show it as it is: {@link displayName} does that. */
export type RawName = string & { readonly kind: "RawName" };

const ASCII = /^[\x20-\x7e]*$/;
const ESCAPE = /\\x[0-9a-f]{2}|\\u\{[0-9a-f]{1,6}\}/g;
const MAX_CHARACTER = 0x10ffff;

export function rawName(bytes: Uint8Array): RawName {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    "latin1",
  ) as RawName;
}

/** The raw form of a name typed or stored as text. */
export function rawFromText(text: string): RawName {
  return (ASCII.test(text) ? text : rawName(Buffer.from(text, "utf8"))) as RawName;
}

/** The bytes, for system calls. */
export function rawBytes(name: RawName): Buffer {
  return Buffer.from(name, "latin1");
}

/** The text of a name that is UTF-8; nothing for any other. */
export function rawText(name: RawName): string | undefined {
  if (ASCII.test(name)) return name;
  const bytes = rawBytes(name);
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}

/**
 * For messages, so that no terminal obeys: control and formatting characters
 * become `\u{1b}`; in a name that is not UTF-8 all bytes that are not printable
 * ASCII become `\xff`. A backslash is escaped too: nothing else looks like an escape.
 */
export function displayName(name: RawName): string {
  const text = rawText(name);
  if (text === undefined) return name.replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, escapeByte);
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu, escapeCharacter);
}

/** The inverse of {@link displayName}; nothing for what it never gives. */
export function rawFromDisplay(shown: string): RawName | undefined {
  const name = rawFromText(shown).replaceAll(ESCAPE, readEscape) as RawName;
  return displayName(name) === shown ? name : undefined;
}

function escapeByte(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

function readEscape(shown: string): string {
  const code = Number.parseInt(shown.replace(/[^0-9a-f]+/, ""), 16);
  if (shown.startsWith("\\x")) return String.fromCharCode(code);
  return code <= MAX_CHARACTER ? rawFromText(String.fromCodePoint(code)) : shown;
}

/** `{ [field]: text }`, or `{ [field + "Bytes"]: base64 }` where it is not UTF-8. */
export function encodeRaw(field: string, name: RawName): Record<string, string> {
  const text = rawText(name);
  if (text !== undefined) return { [field]: text };
  return { [`${field}Bytes`]: rawBytes(name).toString("base64") };
}

/** The inverse of {@link encodeRaw}. @throws {@link CorruptError} if neither field is right. */
export function decodeRaw(fields: Fields, field: string): RawName {
  if (fields.has(field)) return rawFromText(fields.string(field));
  const bytes = decodeBase64(fields.value(`${field}Bytes`));
  return bytes === undefined ? fields.fail(field, "a name") : rawName(bytes);
}
