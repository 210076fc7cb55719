/** Whether a target did what it may do with some bytes. */
import { CorruptError, VarveError } from "../../src/errors.ts";
import type { FuzzTarget } from "./target.ts";
import { OBJECT } from "./target.ts";

/** What a parser may take besides what its input is worth: heaps are untidy. */
const FREE_BYTES = 64 * 2 ** 20;
/** For each byte of input: a record as objects takes tens of bytes for one of text. */
const BYTES_A_BYTE = 512;

/** What a target made of its input. */
export type Verdict =
  | { readonly kind: "taken" | "refused" }
  | { readonly kind: "wrong"; readonly problem: string };

export async function judge(target: FuzzTarget, input: Uint8Array): Promise<Verdict> {
  const before = memory();
  let verdict: Verdict = { kind: "taken" };
  try {
    // Not input.slice(): of a Buffer that is the same memory.
    await target.run(new Uint8Array(input));
  } catch (error) {
    const problem = problemOf(error);
    verdict = problem === undefined ? { kind: "refused" } : { kind: "wrong", problem };
  }
  const taken = memory() - before;
  if (verdict.kind !== "wrong" && taken > FREE_BYTES + BYTES_A_BYTE * input.length) {
    return { kind: "wrong", problem: `it took ${taken} bytes for ${input.length}` };
  }
  return verdict;
}

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Only varve's errors, and damage only in the name of what is damaged. */
function problemOf(error: unknown): string | undefined {
  if (!(error instanceof VarveError)) {
    return error instanceof Error ? String(error.stack) : `it threw ${String(error)}`;
  }
  if (error instanceof CorruptError && !error.object.startsWith(OBJECT)) {
    return `it blames ${error.object}`;
  }
  return undefined;
}
