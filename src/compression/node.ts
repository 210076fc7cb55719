/**
 * zstd as Node brings it along, from 22.15 on.
 *
 * Every call makes a context of its own, which small frames feel: half the speed
 * of zstd-napi at 4 KiB, nine tenths from 64 KiB on, given room for a whole result.
 */
import * as zlib from "node:zlib";
import type { Codec } from "./codec.ts";
import { plain } from "./codec.ts";

/** What is missing from the types of Node 20. */
interface NodeZstd {
  readonly zstdCompressSync?: (bytes: Uint8Array, options: object) => Buffer;
  readonly zstdDecompressSync?: (bytes: Uint8Array, options: object) => Buffer;
}

/** ZSTD_c_compressionLevel of zstd.h. */
const LEVEL_PARAMETER = 100;
/** The smallest `chunkSize` that zlib takes. */
const LEAST_CHUNK = 64;

/** @throws Error if this Node has no zstd. */
export async function loadNode(): Promise<Codec> {
  const { zstdCompressSync, zstdDecompressSync } = zlib as typeof zlib & NodeZstd;
  if (!zstdCompressSync || !zstdDecompressSync) {
    throw new Error(`Node ${process.versions.node} has no zstd, 22.15 and later do`);
  }
  return {
    compress: (bytes, level) =>
      plain(
        zstdCompressSync(bytes, {
          // By default zlib collects the result from pieces of 16 KiB.
          chunkSize: compressBound(bytes.length),
          params: { [LEVEL_PARAMETER]: level },
        }),
      ),
    decompress: (frame, size) =>
      plain(
        zstdDecompressSync(frame, {
          maxOutputLength: Math.max(size, 1),
          chunkSize: Math.max(size, LEAST_CHUNK),
        }),
      ),
  };
}

/** Room for what does not compress: no less than ZSTD_compressBound of zstd.h. */
function compressBound(size: number): number {
  return size + (size >>> 8) + 512;
}
