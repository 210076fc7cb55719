/** What zstd.ts asks of each implementation of zstd, before it adds its own checks. */
export interface Codec {
  /** One frame that states the size of its content, without a checksum: chunk ids verify more. */
  compress(bytes: Uint8Array, level: number): Uint8Array;

  /**
   * Decompresses a whole frame.
   *
   * @param size - the most bytes it may write: what the frame's header states.
   * @throws some Error if the frame is damaged or its content is longer.
   */
  decompress(frame: Uint8Array, size: number): Uint8Array;
}

/** Strips the Buffer off its bytes: `slice` of a Buffer shares memory, of a Uint8Array it copies. */
export function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
