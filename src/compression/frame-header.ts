/**
 * The outline of a zstd frame, as RFC 8878 section 3.1.1 draws it: what has to
 * be known before memory is spent on a frame out of a hostile store.
 *
 * The implementations do not agree on what is wrong with a frame. All let empty
 * and skippable frames follow it, Node 26 anything at all; Node 22 returns no
 * bytes and no error for one that is cut off. So its extent is decided here.
 */
import { CorruptError } from "../errors.ts";

const MAGIC = 0xfd2fb528;
const DESCRIPTOR_AT = 4;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const RLE_BLOCK = 1;

/**
 * Reads how many bytes a frame says its content has.
 *
 * @param name - the object or place the frame came from, for the error message.
 * @param frame - exactly one frame.
 * @throws {@link CorruptError} if this is no zstd frame, if it does not state the
 * size, if it is cut off, or if anything follows it.
 */
export function frameContentSize(name: string, frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const header = readHeader(name, view);
  let end = header.end;
  let last = false;
  while (!last && end + BLOCK_HEADER_BYTES <= view.byteLength) {
    const block = view.getUint16(end, true) | (view.getUint8(end + 2) << 16);
    last = (block & 1) === 1;
    const isRle = ((block >> 1) & 3) === RLE_BLOCK;
    end += BLOCK_HEADER_BYTES + (isRle ? 1 : block >> 3);
  }
  if (header.hasChecksum) end += CHECKSUM_BYTES;
  if (!last || end > view.byteLength) throw cutOff(name);
  if (end < view.byteLength) {
    throw new CorruptError(name, `${view.byteLength - end} bytes follow its zstd frame`);
  }
  return header.contentSize;
}

interface Header {
  readonly contentSize: number;
  readonly hasChecksum: boolean;
  /** Where the first block begins. */
  readonly end: number;
}

function readHeader(name: string, view: DataView): Header {
  if (view.byteLength <= DESCRIPTOR_AT || view.getUint32(0, true) !== MAGIC) {
    throw new CorruptError(name, "it is not a zstd frame");
  }
  const descriptor = view.getUint8(DESCRIPTOR_AT);
  const sizeFlag = descriptor >> 6;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const windowBytes = isSingleSegment ? 0 : 1;
  const dictionaryBytes = (1 << (descriptor & 3)) >> 1;
  const sizeAt = DESCRIPTOR_AT + 1 + windowBytes + dictionaryBytes;
  // Without a flag the size has one byte in a single segment, and else is not there.
  const sizeBytes = sizeFlag === 0 ? 1 - windowBytes : 1 << sizeFlag;
  if (sizeBytes === 0) throw new CorruptError(name, "its zstd frame does not state its size");
  if (sizeAt + sizeBytes > view.byteLength) throw cutOff(name);
  return {
    contentSize: readSize(view, sizeAt, sizeBytes),
    hasChecksum: (descriptor & 4) !== 0,
    end: sizeAt + sizeBytes,
  };
}

/** Beyond 2^53 the size is only near the truth, which is far beyond every limit. */
function readSize(view: DataView, at: number, bytes: number): number {
  switch (bytes) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

function cutOff(name: string): CorruptError {
  return new CorruptError(name, "its zstd frame is cut off");
}
