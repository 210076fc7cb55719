/** Trees on disk for whole backups. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchDirectory } from "./scratch.ts";

/** Stands in names and contents of {@link sampleTree}; nowhere else. */
export const MARK = "recognisable";

/** A few files of each kind, in a new directory. @returns its path. */
export function sampleTree(): string {
  const root = join(scratchDirectory(), "source");
  mkdirSync(join(root, "docs", "deep"), { recursive: true });
  mkdirSync(join(root, "empty"));
  const write = (name: string | Buffer, content: string | Uint8Array): void =>
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]), content);
  write(`${MARK}.txt`, `a ${MARK} text\n`.repeat(300));
  write("docs/a b.txt", "spaces\n");
  write("docs/deep/line\nbreak", "newline\n");
  write("docs/deep/back\\slash", "backslash\n");
  write(Buffer.from("docs/deep/latin-\xe9", "latin1"), "no text\n");
  write("docs/nothing", "");
  write("-dash", "dash\n");
  write("large", noise(300_000));
  symlinkSync("docs/a b.txt", join(root, "link"));
  return root;
}

/** Bytes that do not compress, the same each time. */
export function noise(count: number, seed = 0): Uint8Array {
  return createHash("shake256", { outputLength: count }).update(String(seed)).digest();
}

/** One hash over all names and contents below a directory. */
export function fingerprintOf(directory: string): string {
  const hash = createHash("sha256");
  for (const path of filesBelow(directory)) {
    hash.update(`${path.slice(directory.length)}\0`).update(readFileSync(path));
  }
  return hash.digest("hex");
}

/** The bytes of all files below a directory. */
export function bytesBelow(directory: string): number {
  return filesBelow(directory).reduce((sum, path) => sum + readFileSync(path).length, 0);
}

/** All files below a directory, sorted. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Changes one bit of a file. */
export function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  const offset = at % bytes.length;
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
