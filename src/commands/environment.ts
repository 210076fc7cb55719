/** The process, as far as commands look at it: variables, places, and what things are made with. */
import { hostname } from "node:os";
import { loadZstd } from "../compression/zstd.ts";
import type { Places, Variables } from "../config/places.ts";
import { placesOf } from "../config/places.ts";
import type { DigestEngine } from "../digest/digest.ts";
import { NotFoundError, UsageError } from "../errors.ts";
import { systemRandom } from "../flow.ts";
import { hostName } from "../format/names.ts";
import type { Means } from "../repository/repository.ts";
import { openPgp } from "../seal/sealing.ts";
import { openTarget } from "../target/location.ts";
import type { PrunableTarget } from "../target/target.ts";

export interface Environment {
  readonly variables: Variables;
  readonly places: Places;
  /**
   * The name of this machine, unless another was given.
   *
   * @throws {@link UsageError} where it is asked for, if it cannot be a host's.
   */
  readonly host: string;
  /** The name that was given: whose snapshots are read, or as whom this run stores. */
  readonly namedHost: string | undefined;
  readonly engine: DigestEngine;
  readonly means: Means;
  /** That the user was given, of the repository to be opened. */
  readonly fingerprint: string | undefined;
  /** Says what a person should know, and a program need not. */
  tell(text: string): void;
}

/** What flags say of it. */
export interface Given {
  readonly fingerprint?: string | undefined;
  readonly host?: string | undefined;
}

/** @throws {@link UsageError} if a variable or a flag makes no sense. */
export async function readEnvironment(
  variables: Variables,
  output: { note(text: string): void },
  given: Given = {},
): Promise<Environment> {
  const fingerprint = given.fingerprint ?? (variables["VARVE_FINGERPRINT"] || undefined);
  const namedHost = given.host === undefined ? undefined : hostName(given.host);
  const digests = variables["VARVE_DIGESTS"] || "fastest";
  if (digests !== "fastest" && digests !== "hash-wasm") {
    throw new UsageError(`VARVE_DIGESTS should be fastest or hash-wasm, not "${digests}"`);
  }
  return {
    variables,
    places: placesOf(variables),
    // Only where it is asked for: most commands work on a machine with any name.
    get host() {
      return namedHost ?? hostName(hostname());
    },
    namedHost,
    engine: digests,
    means: { zstd: await loadZstd(), random: systemRandom, sealing: openPgp(systemRandom) },
    fingerprint: fingerprint === undefined ? undefined : checkFingerprint(fingerprint),
    tell: (text) => output.note(text),
  };
}

function checkFingerprint(text: string): string {
  const fingerprint = text.toLowerCase().replaceAll(/[\s:]/g, "");
  if (/^[0-9a-f]{64}$/.test(fingerprint)) return fingerprint;
  throw new UsageError(`a repository's fingerprint has 64 hexadecimal digits, not "${text}"`);
}

/** Opens the target at an address, or the default one. */
export async function reachTarget(
  address: string | undefined,
  { places }: Environment,
): Promise<PrunableTarget> {
  try {
    return await openTarget(address ?? places.defaultTarget);
  } catch (error) {
    const isEmbedded = address === undefined && places.isEmbedded;
    if (!isEmbedded || !(error instanceof NotFoundError)) throw error;
    throw new NotFoundError(
      `nothing has been backed up to ${places.defaultTarget} yet: varve backup PATH makes a repository there`,
      { cause: error },
    );
  }
}
