/**
 * zstd by the optional dependency zstd-napi: native, with contexts that last, so
 * the fastest for small frames.
 *
 * It uses the thin binding, not the package's own front: that would read the
 * header itself and hand out pieces of Node's buffer pool.
 */
import type { Codec } from "./codec.ts";

/** @throws Error if zstd-napi is not installed, or not for this platform. */
export async function loadNapi(): Promise<Codec> {
  const { default: binding } = await import("zstd-napi/binding.js");
  const compressor = new binding.CCtx();
  const decompressor = new binding.DCtx();
  let scratch = new Uint8Array(0);
  return {
    compress(bytes, level) {
      const bound = binding.compressBound(bytes.length);
      if (scratch.length < bound) scratch = new Uint8Array(bound);
      compressor.setParameter(binding.CParameter.compressionLevel, level);
      return scratch.slice(0, compressor.compress2(scratch, bytes));
    },
    decompress(frame, size) {
      const content = new Uint8Array(size);
      return content.subarray(0, decompressor.decompress(content, frame));
    },
  };
}
