/**
 * The part of zstd-napi in use here. Its own types are missing where the
 * package is, and it is optional: without a compiler npm leaves it out, and the
 * build has to go on.
 */
declare module "zstd-napi/binding.js" {
  class CCtx {
    setParameter(parameter: number, value: number): void;
    /** @returns how many bytes were written. */
    compress2(into: Uint8Array, bytes: Uint8Array): number;
  }

  class DCtx {
    /** @returns how many bytes were written. */
    decompress(into: Uint8Array, frame: Uint8Array): number;
  }

  const binding: {
    readonly CCtx: typeof CCtx;
    readonly DCtx: typeof DCtx;
    readonly CParameter: { readonly compressionLevel: number };
    compressBound(size: number): number;
  };
  export = binding;
}
