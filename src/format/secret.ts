/**
 * The payloads of key messages: what is inside `keys/<n>.pgp` and
 * `runs/<host>/<run>/key.pgp` once OpenPGP has opened them. Each is one JSON
 * line that says what it belongs to, so that no message passes for another.
 */
import { CorruptError } from "../errors.ts";
import { encodeBase64 } from "./fields.ts";
import { decodeLines, encodeLines } from "./lines.ts";
import type { RunName } from "./names.ts";
import { parseRunName } from "./names.ts";

/** Bytes of the repository secret and of every session key. */
export const KEY_BYTES = 32;

/** The repository's keys, as the recipients can read them. */
export interface RepositoryKeys {
  readonly repository: string;
  /** The secret that writers share. */
  readonly secret: Uint8Array;
  /** Derived from it; spelt out for recovery without varve. */
  readonly index: Uint8Array;
}

export function encodeRepositoryKeys({ repository, secret, index }: RepositoryKeys): Uint8Array {
  return encodeLines([
    { varve: "keys", repository, secret: encodeBase64(secret), index: encodeBase64(index) },
  ]);
}

/** @throws {@link CorruptError} if it is anything else. */
export function decodeRepositoryKeys(name: string, payload: Uint8Array): RepositoryKeys {
  const [line] = decodeLines(name, payload);
  if (line?.value("varve") !== "keys") throw new CorruptError(name, "it holds no repository keys");
  return {
    repository: line.string("repository"),
    secret: line.bytes("secret", KEY_BYTES),
    index: line.bytes("index", KEY_BYTES),
  };
}

/** The key that seals one run's segments and its manifest. */
export interface SessionKey {
  readonly repository: string;
  readonly run: RunName;
  readonly key: Uint8Array;
}

export function encodeSessionKey({ repository, run, key }: SessionKey): Uint8Array {
  return encodeLines([{ varve: "session", repository, run, key: encodeBase64(key) }]);
}

/** @throws {@link CorruptError} if it is anything else. */
export function decodeSessionKey(name: string, payload: Uint8Array): SessionKey {
  const [line] = decodeLines(name, payload);
  if (line?.value("varve") !== "session") throw new CorruptError(name, "it holds no session key");
  return {
    repository: line.string("repository"),
    run: parseRunName(name, line.value("run")),
    key: line.bytes("key", KEY_BYTES),
  };
}
