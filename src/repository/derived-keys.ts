/**
 * What the repository secret stands for: HKDF-SHA256 (RFC 5869) with the
 * repository's id as salt derives the key of chunk ids, the chunker's table
 * and the index key. None of them decrypts content.
 */
import { hkdfSync } from "node:crypto";
import type { PacketKey, PacketVersion } from "../format/secret.ts";
import { KEY_BYTES } from "../format/secret.ts";

export interface DerivedKeys {
  /** Keys BLAKE3: whoever lacks it cannot test for a known file. */
  readonly chunkId: Uint8Array;
  /** 256 entries of the chunker. */
  readonly gear: Uint32Array;
  /** Seal tables, indexes, reach and summaries: one for each packet format. */
  readonly index: readonly PacketKey[];
}

const GEAR_ENTRIES = 256;
const VERSIONS: readonly PacketVersion[] = [1, 2];

/** @param repository - its id, hexadecimal digits. */
export function deriveKeys(repository: string, secret: Uint8Array): DerivedKeys {
  const derive = (purpose: string, length: number): Uint8Array =>
    new Uint8Array(
      hkdfSync("sha256", secret, Buffer.from(repository, "hex"), `varve ${purpose}`, length),
    );
  const gear = derive("gear", GEAR_ENTRIES * 4);
  const view = new DataView(gear.buffer);
  return {
    chunkId: derive("chunk id", KEY_BYTES),
    gear: Uint32Array.from({ length: GEAR_ENTRIES }, (_, at) => view.getUint32(at * 4, true)),
    index: VERSIONS.map((packets) => ({ packets, key: derive(`index ${packets}`, KEY_BYTES) })),
  };
}

/** The index key for packets of one format. */
export function indexKey({ index }: DerivedKeys, packets: PacketVersion): PacketKey {
  const found = index.find((key) => key.packets === packets);
  if (found === undefined) throw new RangeError(`there is no index key for packets ${packets}`);
  return found;
}
