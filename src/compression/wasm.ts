/**
 * zstd in WebAssembly, for a Node without zstd where no native module can be
 * had: at two thirds of native speed.
 *
 * The package does not check its allocations, and takes 96 MiB of address space
 * a thread. Sizes are limited before they get here.
 */
import type { Codec } from "./codec.ts";
import { plain } from "./codec.ts";

/** @throws Error if the module cannot be loaded. */
export async function loadWasm(): Promise<Codec> {
  const zstd = await import("@foxglove/wasm-zstd");
  await zstd.isLoaded;
  return {
    compress: (bytes, level) => plain(zstd.compress(bytes, level)),
    decompress: (frame, size) => plain(zstd.decompress(frame, size)),
  };
}
