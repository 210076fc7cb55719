/**
 * Inputs that are kept: a file each below test/fuzz/seeds/<target>/. Every run
 * of the tests tries them again, and mutants are made of them.
 *
 * `valid-*` are taken, and could not be made anew the same; `found-*` once went
 * wrong, and are there so that nothing like them does again.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FuzzTarget } from "./target.ts";

/** In the sources, not among what is built. */
const DIRECTORY = fileURLToPath(new URL("../../../test/fuzz/seeds", import.meta.url));

export interface Seed {
  readonly file: string;
  readonly bytes: Uint8Array;
}

export function seedsOf({ name }: FuzzTarget): Seed[] {
  const directory = directoryOf(name);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .sort()
    .map((file) => ({ file, bytes: readFileSync(join(directory, file)) }));
}

/** One of them, for targets that hold others against it. */
export function seedFile(name: string, file: string): string {
  return join(directoryOf(name), file);
}

/** The targets that have seeds, whether or not they are targets still. */
export function seededNames(): string[] {
  return existsSync(DIRECTORY) ? readdirSync(DIRECTORY) : [];
}

/** Keeps an input. @returns its file. */
export function keepSeed({ name }: FuzzTarget, bytes: Uint8Array): string {
  const directory = directoryOf(name);
  mkdirSync(directory, { recursive: true });
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const file = join(directory, `found-${hash}`);
  writeFileSync(file, bytes);
  return file;
}

function directoryOf(name: string): string {
  return join(DIRECTORY, name.replaceAll(" ", "-"));
}
