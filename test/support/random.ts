/** Bytes that look random and are the same each time: the AES-128-CTR keystream under a seed. */
import { createCipheriv } from "node:crypto";

const GEAR_TABLE_ENTRIES = 256;

/** `openssl enc -aes-128-ctr -iv 0 -K <seed as 32 hex digits>` makes the same of zeros. */
export function randomBytes(seed: number, count: number): Uint8Array {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed, 12);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(count));
}

/** A Gear table: the first KiB of {@link randomBytes}, little-endian. */
export function gearTable(seed: number): Uint32Array {
  const bytes = Buffer.from(randomBytes(seed, 4 * GEAR_TABLE_ENTRIES));
  return Uint32Array.from({ length: GEAR_TABLE_ENTRIES }, (_, at) => bytes.readUInt32LE(4 * at));
}
