/** Bytes to measure with: made in memory, and the same each time. */
import { randomBytes } from "../test/support/random.ts";
import { logText } from "../test/support/text.ts";

/**
 * The kinds of data that files hold, `bytes` of each: what nothing can compress,
 * text, holes, and a mix of the three in pieces of 1 to 64 KiB.
 */
export function corpora(bytes: number): Readonly<Record<string, Uint8Array>> {
  const random = randomBytes(1, bytes);
  const text = logText(2, bytes);
  return { random, text, zeros: new Uint8Array(bytes), mixed: mixed(random, text) };
}

function mixed(random: Uint8Array, text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(random.length);
  const choices = Buffer.from(randomBytes(3, 4096));
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const choice = choices.readUInt16LE((2 * turn) % choices.length);
    const end = at + 1024 * (1 + (choice >> 10));
    if (choice % 3 === 0) bytes.set(random.subarray(at, end), at);
    if (choice % 3 === 1) bytes.set(text.subarray(at, end), at);
    at = end;
  }
  return bytes;
}
