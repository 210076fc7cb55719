/**
 * The names of stored objects. All are ASCII, all sort: a reader lists from the
 * last name it saw. Nothing about content or paths is in a name.
 */
import { CorruptError, UsageError } from "../errors.ts";

/** `<host>/<sequence>-<random>`: one run of one host. */
export type RunName = string & { readonly kind: "RunName" };

/** Without `..`, so that no name leads out of its directory. */
const HOST_PATTERN = "(?!.*\\.\\.)[a-z0-9][a-z0-9._-]{0,62}";
const RUN_PATTERN = `${HOST_PATTERN}/(\\d{10})-[0-9a-f]{16}`;
/** Up to 2^53: no target, and no cache, has names of any length. */
const NUMBER_PATTERN = "\\d{8,16}";
const HOST = new RegExp(`^${HOST_PATTERN}$`);
const RUN = new RegExp(`^${RUN_PATTERN}$`);
/** Kinds of objects that others refer to. */
export type ObjectKind = "keys" | "pack" | "index" | "end";
const OBJECTS: Record<ObjectKind, RegExp> = {
  keys: new RegExp(`^keys/${NUMBER_PATTERN}\\.pgp$`),
  pack: new RegExp(`^packs/${RUN_PATTERN}/${NUMBER_PATTERN}$`),
  index: new RegExp(`^index/${RUN_PATTERN}/${NUMBER_PATTERN}$`),
  end: new RegExp(`^runs/${RUN_PATTERN}/end$`),
};

const NUMBER_DIGITS = 8;
const SEQUENCE_DIGITS = 10;

/**
 * A host's name as it stands in object names.
 *
 * @throws {@link UsageError} if nothing usable is left of `name`.
 */
export function hostName(name: string): string {
  const host = name.toLowerCase().replaceAll(/[^a-z0-9._-]/g, "-");
  if (!HOST.test(host)) {
    throw new UsageError(
      `"${name}" cannot be a host's name: use letters, digits, '-', '.', '_' (--host)`,
    );
  }
  return host;
}

/** Whether it is one that {@link hostName} gives. */
export function isHostName(name: string): boolean {
  return HOST.test(name);
}

/**
 * The name of a host's run number `sequence`; `random` is 8 bytes.
 *
 * @throws {@link UsageError} if the numbers of this host are used up: somebody
 * has stored a run with a very high one, for a backup a second takes 300 years.
 */
export function runName(host: string, sequence: number, random: Uint8Array): RunName {
  const digits = String(sequence).padStart(SEQUENCE_DIGITS, "0");
  const name = `${host}/${digits}-${Buffer.from(random).toString("hex")}`;
  if (RUN.test(name)) return name as RunName;
  throw new UsageError(`host ${host} has no run number ${digits}: use another name (--host)`);
}

/**
 * Checks a run's name that somebody stored.
 *
 * @throws {@link CorruptError} in the name of `source` if it is none.
 */
export function parseRunName(source: string, value: unknown): RunName {
  if (typeof value === "string" && RUN.test(value)) return value as RunName;
  throw new CorruptError(source, "it should name a run");
}

/**
 * Checks a host's name that somebody stored.
 *
 * @throws {@link CorruptError} in the name of `source` if it is none.
 */
export function parseHost(source: string, value: unknown): string {
  if (typeof value === "string" && HOST.test(value)) return value;
  throw new CorruptError(source, "it should name a host");
}

/**
 * Checks the name of an object that somebody stored.
 *
 * @throws {@link CorruptError} in the name of `source` if it is none of this kind.
 */
export function parseObjectName(source: string, kind: ObjectKind, value: unknown): string {
  if (typeof value === "string" && OBJECTS[kind].test(value)) return value;
  throw new CorruptError(source, `it should name an object (${kind})`);
}

export function runHost(run: RunName): string {
  return run.slice(0, run.indexOf("/"));
}

export function runSequence(run: RunName): number {
  return Number(RUN.exec(run)?.[1]);
}

/** The run that owns an object below `runs/`, `packs/` or `index/`; nothing if none does. */
export function runOfObject(object: string): RunName | undefined {
  const run = object.split("/").slice(1, 3).join("/");
  return RUN.test(run) ? (run as RunName) : undefined;
}

export const settingsName = (n: number): string => `settings/${digits(n)}`;
export const keysName = (n: number): string => `keys/${digits(n)}.pgp`;
/** The private key that opens a key message has its number. */
export const identityName = (keys: string): string => keys.replace(/\.pgp$/, ".asc");
export const beginName = (run: RunName): string => `runs/${run}/begin`;
export const runKeyName = (run: RunName): string => `runs/${run}/key.pgp`;
export const endName = (run: RunName): string => `runs/${run}/end`;
export const packName = (run: RunName, n: number): string => `packs/${run}/${digits(n)}`;
export const indexName = (run: RunName, n: number): string => `index/${run}/${digits(n)}`;

function digits(n: number): string {
  return String(n).padStart(NUMBER_DIGITS, "0");
}
