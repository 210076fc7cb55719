/**
 * zstd frames: the only door to compression.
 *
 * Three implementations stand behind it, and a frame of one is read by all. Their
 * bytes differ, by library and by version: never compare, hash or freeze them.
 *
 * Frames to be read come from a hostile store. One is only decompressed after it
 * was found whole and alone, and to state a size that the caller can hold.
 */
import { CorruptError, UsageError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { frameContentSize } from "./frame-header.ts";
import { loadNapi } from "./napi.ts";
import { loadNode } from "./node.ts";
import { rawFrame } from "./raw-frame.ts";
import { loadWasm } from "./wasm.ts";

/** An implementation: Node's own, the native zstd-napi, or WebAssembly. */
export type ZstdName = "node" | "napi" | "wasm";

/** 1 (fast) to 19 (small); `none` leaves the content as it is. */
export type Level = number | "none";

/** Every call is synchronous. Results may be views on larger buffers: copy before a transfer. */
export interface Zstd {
  readonly name: ZstdName;

  /**
   * Makes one frame, which states the size of its content and has no checksum.
   *
   * @throws RangeError if the level is none of {@link Level}.
   */
  compress(bytes: Uint8Array, level: Level): Uint8Array;

  /**
   * Gives back the content of a frame.
   *
   * @param name - the object or place the frame came from, for the error message.
   * @param frame - exactly one frame.
   * @param limit - the most bytes the caller is ready to hold.
   * @throws {@link CorruptError} if it is not one whole, sound frame, does not
   * state its size, or holds more than `limit`, or other than it states.
   */
  decompress(name: string, frame: Uint8Array, limit: number): Uint8Array;
}

const LOADERS: Record<ZstdName, () => Promise<Codec>> = {
  node: loadNode,
  napi: loadNapi,
  wasm: loadWasm,
};

/** Best first: from 64 KiB on Node's own is nearly as fast as any, and it is there. */
const BY_PREFERENCE: readonly ZstdName[] = ["node", "napi", "wasm"];

/**
 * Loads zstd on this thread.
 *
 * @param choice - this implementation and no other; by default the best there is.
 * @throws {@link UsageError} if it cannot be loaded here.
 */
export async function loadZstd(choice?: ZstdName): Promise<Zstd> {
  const reasons: unknown[] = [];
  for (const name of choice ? [choice] : BY_PREFERENCE) {
    try {
      return checked(name, await LOADERS[name]());
    } catch (reason) {
      reasons.push(reason);
    }
  }
  const tried = choice ?? BY_PREFERENCE.join(", ");
  throw new UsageError(
    `cannot load zstd (tried ${tried}): use Node 22.15 or later, or install varve's dependencies`,
    { cause: new AggregateError(reasons) },
  );
}

/** Adds to an implementation what none can be relied on to check. Exported for its test. */
export function checked(name: ZstdName, codec: Codec): Zstd {
  return {
    name,
    compress(bytes, level) {
      if (level === "none") return rawFrame(bytes);
      // zstd takes 0 for its default, and Node ignores -1.
      if (!isLevel(level)) {
        throw new RangeError(`a compression level is a whole number from 1 to 19, not ${level}`);
      }
      return codec.compress(bytes, level);
    },
    decompress: (object, frame, limit) => decompressWith(codec, object, frame, limit),
  };
}

/** Whether zstd compresses by it. */
export function isLevel(level: number): boolean {
  return Number.isInteger(level) && level >= 1 && level <= 19;
}

function decompressWith(codec: Codec, name: string, frame: Uint8Array, limit: number): Uint8Array {
  const size = frameContentSize(name, frame);
  if (size > limit) {
    throw new CorruptError(name, `its zstd frame holds ${size} bytes, the limit is ${limit}`);
  }
  const content = decompressOrRefuse(codec, name, frame, size);
  if (content.length !== size) {
    throw new CorruptError(name, `its zstd frame states ${size} bytes, not ${content.length}`);
  }
  return content;
}

function decompressOrRefuse(codec: Codec, name: string, frame: Uint8Array, size: number) {
  try {
    return codec.decompress(frame, size);
  } catch (cause) {
    throw new CorruptError(name, "zstd cannot decompress it", { cause });
  }
}
