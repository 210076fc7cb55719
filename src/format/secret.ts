/**
 * The payloads of key messages: what is inside `keys/<n>.pgp` and
 * `runs/<host>/<run>/key.pgp` once OpenPGP has opened them. Each line says what
 * it belongs to, so that no message passes for another. Keys that seal are
 * spelt as `gpg --override-session-key-fd` takes them.
 */
import { CorruptError } from "../errors.ts";
import type { Fields } from "./fields.ts";
import { encodeBase64 } from "./fields.ts";
import { decodeLines, decodeOnlyLine, encodeLines } from "./lines.ts";
import type { RunName } from "./names.ts";
import { parseRunName } from "./names.ts";

/** Bytes of the repository secret and of every session key. */
export const KEY_BYTES = 32;

/** The two packet formats: SEIPDv1, which every gpg reads, and SEIPDv2 with AES-256-GCM. */
export type PacketVersion = 1 | 2;

/** A session key, and the one packet format that is used under it. */
export interface PacketKey {
  readonly packets: PacketVersion;
  readonly key: Uint8Array;
}

/** OpenPGP's number for AES-256, in front of a key's hexadecimal digits. */
const AES_256 = "9:";

/** The repository's keys, as the recipients can read them. */
export interface RepositoryKeys {
  readonly repository: string;
  /** The secret that writers share. */
  readonly secret: Uint8Array;
  /** Derived from it, one for each packet format; spelt out for recovery without varve. */
  readonly index: readonly PacketKey[];
  /** Session keys of earlier runs, sealed once more: for a new recipient, or to open many at once. */
  readonly sessions: readonly RunKey[];
}

/** The key that seals one run's segments and its manifest. */
export interface RunKey {
  readonly run: RunName;
  readonly key: PacketKey;
}

export function encodeRepositoryKeys(keys: RepositoryKeys): Uint8Array {
  const { repository, secret, index, sessions } = keys;
  return encodeLines([
    { varve: "keys", repository, secret: encodeBase64(secret), index: index.map(spell) },
    ...sessions.map((session) => sessionLine(repository, session)),
  ]);
}

/** @throws {@link CorruptError} if it is anything else, or another repository's. */
export function decodeRepositoryKeys(
  name: string,
  payload: Uint8Array,
  repository: string,
): RepositoryKeys {
  const [line, ...sessions] = decodeLines(name, payload);
  if (line?.value("varve") !== "keys") throw new CorruptError(name, "it holds no keys");
  if (line.value("repository") !== repository) {
    throw new CorruptError(name, "it holds the keys of another repository");
  }
  return {
    repository,
    secret: line.bytes("secret", KEY_BYTES),
    index: line.objects("index").map(spelled),
    sessions: sessions.map((session) => decodeSession(session, repository)),
  };
}

/** @param repository - its id. */
export function encodeSessionKey(repository: string, session: RunKey): Uint8Array {
  return encodeLines([sessionLine(repository, session)]);
}

/**
 * @param owner - whose key it has to be: a store may answer for one run with another's.
 * @throws {@link CorruptError} if it is anything else.
 */
export function decodeSessionKey(
  name: string,
  payload: Uint8Array,
  { repository, run }: { readonly repository: string; readonly run: RunName },
): PacketKey {
  const session = decodeSession(decodeOnlyLine(name, payload, "session"), repository);
  if (session.run !== run) throw new CorruptError(name, "it holds the key of another run");
  return session.key;
}

function sessionLine(repository: string, { run, key }: RunKey): object {
  return { varve: "session", repository, run, ...spell(key) };
}

function decodeSession(line: Fields, repository: string): RunKey {
  if (line.value("varve") !== "session" || line.value("repository") !== repository) {
    throw new CorruptError(line.name, "it holds no session key of this repository");
  }
  return { run: parseRunName(line.name, line.value("run")), key: spelled(line) };
}

function spell({ packets, key }: PacketKey): { packets: PacketVersion; key: string } {
  return { packets, key: AES_256 + Buffer.from(key).toString("hex") };
}

/** No value is quoted in an error: it may be a key. */
function spelled(line: Fields): PacketKey {
  const text = line.string("key");
  if (!/^9:[0-9a-f]{64}$/.test(text)) line.fail("key", "an AES-256 key, 9:<hex>");
  return {
    packets: decodePacketVersion(line),
    key: new Uint8Array(Buffer.from(text.slice(AES_256.length), "hex")),
  };
}

/** @throws {@link CorruptError} if the field `packets` is neither 1 nor 2. */
export function decodePacketVersion(fields: Fields): PacketVersion {
  const version = fields.integer("packets", 2);
  return version === 1 || version === 2 ? version : fields.fail("packets", "1 or 2");
}
