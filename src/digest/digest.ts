/**
 * Chunk ids and file digests: the only door to hash-wasm.
 *
 * A chunk id names content in the repository: BLAKE3 under the repository's
 * chunk-id key, 32 bytes. A file digest goes with a file's entry, so that a
 * restored file can be checked by anyone who has `sha1sum` or `b3sum`.
 *
 * Loading is asynchronous, everything after it is not. WebAssembly copies its
 * input, so views on shared or WASM memory will do. The honest cost: the hash
 * functions have one state each, not one per file, so of the file digests of one
 * `Digests` only the last opened is alive. A worker loads its own.
 */
import { createHash } from "node:crypto";
import { createBLAKE3, createSHA1 } from "hash-wasm";

/** What a file's content is digested with, as the settings spell it. */
export type FileDigestName = "sha1" | "blake3" | "none";

/** `fastest` lets node:crypto compute what it computes faster; the results are the same. */
export type DigestEngine = "fastest" | "hash-wasm";

/** The digest of one file, which is fed piece by piece. */
export interface FileDigest {
  /** @throws Error if this digest is finished, or another was opened since. */
  update(bytes: Uint8Array): void;

  /**
   * Ends the digest: `sha1:` or `blake3:` and what `sha1sum` or `b3sum` print
   * (lower-case hex); nothing for `none`.
   *
   * @throws Error if this digest is finished, or another was opened since.
   */
  finish(): string | undefined;
}

export interface Digests {
  /** The id of a chunk: its BLAKE3 under the key, 32 bytes of the caller's own. */
  chunkId(bytes: Uint8Array): Uint8Array;

  /** Opens the digest of a file, and ends the use of the one before. */
  file(name: FileDigestName): FileDigest;
}

/** What hash-wasm's hashers and those of node:crypto have in common. */
interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

const KEY_BYTES = 32;

/**
 * Makes the digests of one repository ready on this thread.
 *
 * @param key - the chunk-id key, 32 bytes; copied.
 * @throws RangeError if the key has another length.
 */
export async function loadDigests(key: Uint8Array, engine: DigestEngine): Promise<Digests> {
  if (key.length !== KEY_BYTES) {
    throw new RangeError(`a chunk-id key has ${KEY_BYTES} bytes, not ${key.length}`);
  }
  // hash-wasm reads the key anew for every chunk: if the caller wiped his, ids would change.
  const keyed = await createBLAKE3(256, key.slice());
  return {
    chunkId: (bytes) => keyed.init().update(bytes).digest("binary"),
    file: fileDigests({ sha1: await loadSha1(engine), blake3: await loadBlake3() }),
  };
}

async function loadSha1(engine: DigestEngine): Promise<() => Hasher> {
  // node:crypto uses the processor's SHA instructions, which WebAssembly cannot reach.
  if (engine === "fastest") return () => createHash("sha1");
  const sha1 = await createSHA1();
  return () => sha1.init();
}

async function loadBlake3(): Promise<() => Hasher> {
  const blake3 = await createBLAKE3();
  return () => blake3.init();
}

/** What a finished digest was computed with. */
export function digestName(digest: string): FileDigestName {
  return digest.slice(0, digest.indexOf(":")) as FileDigestName;
}

type Starters = Record<Exclude<FileDigestName, "none">, () => Hasher>;

function fileDigests(start: Starters): (name: FileDigestName) => FileDigest {
  let current = 0;
  return (name) => {
    const hasher = name === "none" ? undefined : start[name]();
    current += 1;
    const turn = current;
    // hash-wasm would mix two files into one state without a word.
    const mustBeOpen = () => {
      if (turn !== current) throw new Error("this file digest is finished, or not the last opened");
    };
    return {
      update(bytes) {
        mustBeOpen();
        hasher?.update(bytes);
      },
      finish() {
        mustBeOpen();
        current += 1;
        return hasher && `${name}:${hasher.digest("hex")}`;
      },
    };
  };
}
