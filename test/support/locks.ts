/**
 * Sealed packets as somebody sees them who tries keys: hundreds of thousands,
 * each held against the first bytes that every packet has inside. The few
 * that pass have to open the packet whole.
 */
import { createCipheriv, hkdfSync } from "node:crypto";
import type { PacketVersion } from "../../src/format/secret.ts";
import { literalHeader } from "../../src/seal/framing.ts";
import { packetOpener } from "../../src/seal/packet.ts";

export interface Lock {
  readonly name: string;
  readonly packets: PacketVersion;
  /** One packet with its header of 6 bytes. */
  readonly sealed: Uint8Array;
}

/** src/format/README.md, section 3. */
const VERSION_AT = 6;
const V2 = { suite: Buffer.from("d20209030b", "hex"), salt: 10, body: 42 };
const V1 = { body: 7 };
const BLOCK = 16;
const TYPE_OF_LITERAL = literalHeader(0).subarray(0, 2);

/** Whether a packet opens with these 32 bytes as its session key. */
export function opens({ packets, sealed }: Lock, key: Uint8Array): boolean {
  if (!(packets === 2 ? seemsToOpen2(sealed, key) : seemsToOpen1(sealed, key))) return false;
  try {
    return packetOpener({ packets, key }).open("x", sealed).length > 0;
  } catch {
    return false;
  }
}

/** Counter 2 of GCM hides the first block, which is a literal packet's header. */
function seemsToOpen2(sealed: Uint8Array, key: Uint8Array): boolean {
  if (sealed[VERSION_AT] !== 2) throw new Error("it is no packet of version 2");
  const salt = sealed.subarray(V2.salt, V2.body);
  const derived = Buffer.from(hkdfSync("sha256", key, salt, V2.suite, 36));
  const counter = Buffer.alloc(BLOCK);
  derived.copy(counter, 0, 32);
  counter[BLOCK - 1] = 2;
  const mask = encrypted(derived.subarray(0, 32), counter);
  return TYPE_OF_LITERAL.every(
    (byte, at) => byte === ((sealed[V2.body + at] ?? 0) ^ (mask[at] ?? 0)),
  );
}

/** CFB: the last two octets of the prefix come once more behind it. */
function seemsToOpen1(sealed: Uint8Array, key: Uint8Array): boolean {
  if (sealed[VERSION_AT] !== 1) throw new Error("it is no packet of version 1");
  const first = sealed.subarray(V1.body, V1.body + BLOCK);
  const masks = encrypted(key, Buffer.concat([Buffer.alloc(BLOCK), first]));
  return [0, 1].every((at) => {
    const prefix = (first[BLOCK - 2 + at] ?? 0) ^ (masks[BLOCK - 2 + at] ?? 0);
    return prefix === ((sealed[V1.body + BLOCK + at] ?? 0) ^ (masks[BLOCK + at] ?? 0));
  });
}

function encrypted(key: Uint8Array, blocks: Uint8Array): Buffer {
  return createCipheriv("aes-256-ecb", key, null).setAutoPadding(false).update(blocks);
}
