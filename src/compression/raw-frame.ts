/**
 * A zstd frame whose content stands in it as it is: for what is not to be
 * compressed, and still read by everything that reads zstd (RFC 8878, sections
 * 3.1.1.1 and 3.1.1.2.2). It costs 3 bytes for every 128 KiB, and 9.
 */

const MAGIC = 0xfd2fb528;
/** A single segment, its content's size in 4 bytes, no checksum, no dictionary. */
const DESCRIPTOR = 0xa0;
const HEADER_BYTES = 9;
const BLOCK_HEADER_BYTES = 3;
/** No block may be larger, and none larger than the content, which here is the window. */
const MAX_BLOCK_BYTES = 128 * 1024;
const LAST = 1;

/** @throws RangeError if the content is so large that 4 bytes cannot state its size. */
export function rawFrame(content: Uint8Array): Uint8Array {
  if (content.length >= 2 ** 32) throw new RangeError(`${content.length} bytes are no one frame`);
  // No content is one block too: a frame ends with the block that says so.
  const blocks = Math.max(1, Math.ceil(content.length / MAX_BLOCK_BYTES));
  const frame = new Uint8Array(HEADER_BYTES + blocks * BLOCK_HEADER_BYTES + content.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, DESCRIPTOR);
  view.setUint32(5, content.length, true);
  let at = HEADER_BYTES;
  for (let block = 0; block < blocks; block++) {
    const from = block * MAX_BLOCK_BYTES;
    const bytes = content.subarray(from, from + MAX_BLOCK_BYTES);
    // The last one's bit, the type (0: raw) in two, the size in 21.
    const header = (bytes.length << 3) | (block === blocks - 1 ? LAST : 0);
    view.setUint16(at, header & 0xffff, true);
    view.setUint8(at + 2, header >> 16);
    frame.set(bytes, at + BLOCK_HEADER_BYTES);
    at += BLOCK_HEADER_BYTES + bytes.length;
  }
  return frame;
}
