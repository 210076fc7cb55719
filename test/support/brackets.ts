/** A bracket on this thread, whose packs go nowhere but into a list. */
import type { Bracket, BracketPlan } from "../../src/backup/bracket.ts";
import { openBracket } from "../../src/backup/bracket.ts";
import type { KnownChunks } from "../../src/backup/chunk-writer.ts";
import { contentSizes, treeSizes } from "../../src/chunker/sizes.ts";
import { loadZstd } from "../../src/compression/zstd.ts";
import { systemRandom } from "../../src/flow.ts";
import type { RunName } from "../../src/format/names.ts";
import type { PackTable } from "../../src/format/table.ts";
import type { FullPack, Packing } from "../../src/pack/pack.ts";
import { Claims } from "../../src/repository/claims.ts";
import { deriveKeys } from "../../src/repository/derived-keys.ts";
import { openPgp } from "../../src/seal/sealing.ts";
import { SMALL } from "./site.ts";

export const RUN = "host/0000000001-0123456789abcdef" as RunName;

const NOTHING_KNOWN: KnownChunks = { locate: () => undefined, refresh: () => {} };

/** For tape 1. */
export function bracketPlan(claims: Claims = new Claims()): BracketPlan {
  return {
    run: RUN,
    tape: 1,
    sizes: SMALL,
    keys: deriveKeys("00".repeat(16), new Uint8Array(32)),
    sessionKey: { packets: 2, key: new Uint8Array(32) },
    level: 1,
    engine: "fastest",
    claims: claims.memory,
  };
}

export interface BracketOptions {
  readonly known?: KnownChunks;
  readonly claims?: Claims;
}

/** A bracket for files' content, or, with smaller chunks, for trees. */
export async function bracketFor(
  what: "content" | "trees",
  { known = NOTHING_KNOWN, claims = new Claims() }: BracketOptions = {},
): Promise<Bracket> {
  const plan = bracketPlan(claims);
  const sizes = what === "content" ? contentSizes(SMALL.chunk) : treeSizes(SMALL.chunk);
  return openBracket(plan, sizes, {
    zstd: await loadZstd(),
    sealing: openPgp(systemRandom),
    known,
  });
}

/** Takes a step to its end. @param full - is shown each pack; its buffer is used again. */
export function run<T>(step: Packing<T>, full: (pack: FullPack) => void = () => {}): T {
  let turn = step.next();
  while (!turn.done) {
    full(turn.value);
    turn = step.next(new Uint8Array(turn.value.bytes.buffer));
  }
  return turn.value;
}

/** Takes a step to its end. @returns the tables of the packs that it filled. */
export function tablesFrom(step: Packing<unknown>): PackTable[] {
  const tables: PackTable[] = [];
  run(step, ({ table }) => tables.push(table));
  return tables;
}
