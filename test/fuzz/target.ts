/**
 * A fuzz target: a function that reads bytes which somebody else has stored, or
 * that a power cut may have torn. Whatever they are, it returns, or throws one
 * of varve's errors; it never crashes, hangs, or takes memory that neither its
 * input nor its limit is worth.
 */

export interface FuzzTarget {
  readonly name: string;
  /** Valid input: it has to be taken, and is what mutants are made of. */
  readonly examples: readonly Uint8Array[];
  /** What of the bytes is worth changing: JSON lines are changed as JSON too. */
  readonly form: "lines" | "bytes";
  /** `dear`: a thousand of it take seconds. */
  readonly cost?: "dear";
  /** Reads all of the bytes, lazy parts as well. What it is given is its own. */
  run(bytes: Uint8Array): unknown;
}

/** What targets call the bytes: damage has to be told in this name. */
export const OBJECT = "packs/web-1/0000000002-0123456789abcdef/00000000";
