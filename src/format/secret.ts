/**
 * The payloads of key messages: what is inside `keys/<n>.pgp` and
 * `runs/<host>/<run>/key.pgp` once OpenPGP has opened them. Each is one JSON
 * line that says what it belongs to, so that no message passes for another.
 * Keys that seal are spelt as `gpg --override-session-key-fd` takes them.
 */
import { CorruptError } from "../errors.ts";
import type { Fields } from "./fields.ts";
import { encodeBase64 } from "./fields.ts";
import { decodeOnlyLine, encodeLines } from "./lines.ts";
import type { RunName } from "./names.ts";

/** Bytes of the repository secret and of every session key. */
export const KEY_BYTES = 32;
/** OpenPGP's number for AES-256, in front of a key's hexadecimal digits. */
const AES_256 = "9:";

/** The two packet formats: SEIPDv1, which every gpg reads, and SEIPDv2 with AES-256-GCM. */
export type PacketVersion = 1 | 2;

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
    { varve: "keys", repository, secret: encodeBase64(secret), index: spell(index) },
  ]);
}

/** @throws {@link CorruptError} if it is anything else. */
export function decodeRepositoryKeys(name: string, payload: Uint8Array): RepositoryKeys {
  const line = decodeOnlyLine(name, payload, "keys");
  return {
    repository: line.hex("repository", 32),
    secret: line.bytes("secret", KEY_BYTES),
    index: spelled(line, "index"),
  };
}

/** The key that seals one run's segments and its manifest. */
export interface SessionKey {
  readonly repository: string;
  readonly run: RunName;
  readonly key: Uint8Array;
}

export function encodeSessionKey({ repository, run, key }: SessionKey): Uint8Array {
  return encodeLines([{ varve: "session", repository, run, key: spell(key) }]);
}

/**
 * @param owner - whose key it has to be: a store may answer for one run with another's.
 * @throws {@link CorruptError} if it is anything else.
 */
export function decodeSessionKey(
  name: string,
  payload: Uint8Array,
  owner: Pick<SessionKey, "repository" | "run">,
): SessionKey {
  const line = decodeOnlyLine(name, payload, "session");
  const { repository, run } = owner;
  if (line.value("repository") !== repository || line.value("run") !== run) {
    throw new CorruptError(name, "it holds the key of another run");
  }
  return { repository, run, key: spelled(line, "key") };
}

function spell(key: Uint8Array): string {
  return AES_256 + Buffer.from(key).toString("hex");
}

/** No value is quoted in an error: it may be a key. */
function spelled(line: Fields, field: string): Uint8Array {
  const text = line.string(field);
  if (!/^9:[0-9a-f]{64}$/.test(text)) line.fail(field, "an AES-256 key, 9:<hex>");
  return Buffer.from(text.slice(AES_256.length), "hex");
}
