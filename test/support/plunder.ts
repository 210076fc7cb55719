/** All that is found on a machine that somebody has taken over, and what a key could be made of it. */
import { createHash, createHmac, hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { filesBelow } from "./trees.ts";

export const KEY_BYTES = 32;
const BASE64 = /[A-Za-z0-9+/]{24,}={0,2}/g;
const HEX = /(?:[0-9a-fA-F]{2}){12,}/g;

/** Something found, by where. */
export interface Find {
  readonly where: string;
  readonly bytes: Buffer;
}

/** Every file below the directories, and the environment. */
export function plunder(
  directories: readonly string[],
  environment: Readonly<Record<string, string>>,
): Find[] {
  const files = directories
    .flatMap(filesBelow)
    .map((where) => ({ where, bytes: readFileSync(where) }));
  const text = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`);
  return [...files, { where: "the environment", bytes: Buffer.from(text.join("")) }];
}

/** Each run of 32 bytes in what was found, as it lies there or as base64 or hex spell it, once. */
export function* keysIn(finds: readonly Find[]): Generator<Buffer> {
  const seen = new Set<string>();
  for (const { bytes } of finds) {
    for (const form of [bytes, ...spelt(bytes)]) {
      for (const key of windows(form)) {
        const mark = key.toString("latin1");
        if (seen.has(mark)) continue;
        seen.add(mark);
        yield key;
      }
    }
  }
}

/** What hashes, HMAC and HKDF make of a secret and each of these texts, or of texts alone. */
export function* derivedFrom(secret: Uint8Array, texts: readonly string[]): Generator<Buffer> {
  for (const text of texts) {
    for (const parts of [[text], [secret, text], [text, secret]]) {
      const hash = createHash("sha256");
      for (const part of parts) hash.update(part);
      yield hash.digest();
    }
    yield createHmac("sha256", secret).update(text).digest();
    for (const salt of texts.flatMap((other) => [Buffer.from(other), Buffer.from(other, "hex")])) {
      yield Buffer.from(hkdfSync("sha256", secret, salt, text, KEY_BYTES));
    }
  }
}

/** Where a secret occurs: as it is, in hex, or anywhere in base64. */
export function occurrences(secret: Uint8Array, finds: readonly Find[]): string[] {
  const hex = Buffer.from(secret).toString("hex");
  const forms = [Buffer.from(secret), Buffer.from(hex), Buffer.from(hex.toUpperCase())];
  // In front of it stand 0, 1 or 2 bytes of a group of three: the characters of whole groups stay.
  for (const skipped of [0, 2, 1]) {
    const whole = secret.length - skipped - ((secret.length - skipped) % 3);
    forms.push(
      Buffer.from(Buffer.from(secret.subarray(skipped, skipped + whole)).toString("base64")),
    );
  }
  return finds
    .filter(({ bytes }) => forms.some((form) => bytes.includes(form)))
    .map(({ where }) => where);
}

/** What texts in these bytes spell; in JSON, lines of armor are joined by `\n` in two characters. */
function* spelt(bytes: Buffer): Generator<Buffer> {
  const text = bytes.toString("latin1");
  for (const joined of new Set([text, text.replaceAll("\\n", ""), text.replaceAll("\n", "")])) {
    for (const [found] of joined.matchAll(BASE64)) {
      for (const skipped of [0, 1, 2, 3]) yield Buffer.from(found.slice(skipped), "base64");
    }
    for (const [found] of joined.matchAll(HEX)) yield Buffer.from(found, "hex");
  }
}

function* windows(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at + KEY_BYTES <= bytes.length; at += 1) {
    yield bytes.subarray(at, at + KEY_BYTES);
  }
}
