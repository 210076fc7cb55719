/**
 * What the repository secret stands for: HKDF-SHA256 (RFC 5869) with the
 * repository's id as salt derives the key of chunk ids, the chunker's table
 * and the index key. None of them decrypts content.
 */
import { hkdfSync } from "node:crypto";
import { KEY_BYTES } from "../format/secret.ts";

export interface DerivedKeys {
  /** Keys BLAKE3: whoever lacks it cannot test for a known file. */
  readonly chunkId: Uint8Array;
  /** 256 entries of the chunker. */
  readonly gear: Uint32Array;
  /** Seals tables, indexes, reach and summaries. */
  readonly index: Uint8Array;
}

const GEAR_ENTRIES = 256;

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
    index: derive("index", KEY_BYTES),
  };
}
