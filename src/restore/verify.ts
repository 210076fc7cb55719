/**
 * Compares a tree on disk with a snapshot, file by file: every content is read
 * and hashed, every name, type and link target looked at. What differs, lacks,
 * or is too much is told.
 */
import type { Stats } from "node:fs";
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from "node:fs";
import type { Digests } from "../digest/digest.ts";
import { digestName } from "../digest/digest.ts";
import { joinPath, systemPath } from "../disk/path.ts";
import type { Problem } from "../disk/walk.ts";
import { CorruptError } from "../errors.ts";
import { encodeBase64 } from "../format/fields.ts";
import type { RawName } from "../format/raw-name.ts";
import { displayName } from "../format/raw-name.ts";
import type { Entry, FileEntry } from "../format/tree.ts";
import { systemCode } from "../target/file-failure.ts";
import type { ChunkSource } from "./chunk-source.ts";
import { chunksOf } from "./contents.ts";
import type { TreeStep } from "./resolve.ts";
import { resolve } from "./resolve.ts";
import type { Selection } from "./selection.ts";

export interface VerifyTask {
  readonly root: Entry;
  readonly selection: Selection;
  /** The tree on disk: an absolute path. */
  readonly directory: RawName;
  /** What to do about names that the snapshot does not have. */
  readonly extras: "tell" | "ignore";
}

export interface VerifyTotals {
  files: number;
  bytes: number;
  differences: number;
}

const READ_BYTES = 2 ** 20;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const TYPES: readonly (readonly [Entry["type"], (stats: Stats) => boolean])[] = [
  ["file", (stats) => stats.isFile()],
  ["directory", (stats) => stats.isDirectory()],
  ["symlink", (stats) => stats.isSymbolicLink()],
  ["fifo", (stats) => stats.isFIFO()],
  ["socket", (stats) => stats.isSocket()],
  ["character", (stats) => stats.isCharacterDevice()],
  ["block", (stats) => stats.isBlockDevice()],
];

/**
 * Compares, and tells `report` each difference.
 *
 * @throws {@link CorruptError} if the snapshot's own tree is damaged.
 */
export async function verify(
  task: VerifyTask,
  chunks: ChunkSource,
  digests: Digests,
  report: (difference: Problem) => void,
): Promise<VerifyTotals> {
  const verifier = new Verifier(task, chunks, digests, report);
  for await (const step of resolve(task.root, chunks, task.selection)) await verifier.take(step);
  return verifier.totals;
}

/** A directory that was entered. */
interface Level {
  /** If not, nothing below it is looked for: something else in its place may lead elsewhere. */
  isThere: boolean;
  /** The names on disk that the snapshot has not had yet. */
  readonly extra: Set<RawName>;
}

class Verifier {
  readonly totals: VerifyTotals = { files: 0, bytes: 0, differences: 0 };
  readonly #task: VerifyTask;
  readonly #chunks: ChunkSource;
  readonly #digests: Digests;
  readonly #report: (difference: Problem) => void;
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #levels: Level[] = [];

  constructor(
    task: VerifyTask,
    chunks: ChunkSource,
    digests: Digests,
    report: (difference: Problem) => void,
  ) {
    this.#task = task;
    this.#chunks = chunks;
    this.#digests = digests;
    this.#report = report;
  }

  async take(step: TreeStep): Promise<void> {
    const { path, entry } = step;
    if (step.kind === "leave") {
      for (const name of this.#levels.pop()?.extra ?? []) {
        this.#differs(joinPath(path, name), "it is not in the snapshot");
      }
      return;
    }
    const parent = this.#levels.at(-1);
    parent?.extra.delete(entry.name);
    const level: Level = { isThere: false, extra: new Set() };
    if (step.kind === "enter") this.#levels.push(level);
    try {
      if (!this.#hasType(path, entry, parent)) return;
      if (step.kind === "entry") await this.#compare(path, step.entry);
      else this.#list(path, level);
    } catch (error) {
      // What cannot be read is no proof: it is told, and the rest is compared.
      if (systemCode(error) === undefined && !(error instanceof CorruptError)) throw error;
      this.#differs(path, `cannot compare it: ${(error as Error).message}`);
    }
  }

  async #compare(path: RawName, entry: Entry): Promise<void> {
    if (entry.type === "symlink") {
      const target = readlinkSync(this.#path(path), "latin1");
      if (target !== entry.target) this.#differs(path, "it points elsewhere");
    } else if (entry.type === "file") {
      this.totals.files += 1;
      this.totals.bytes += entry.content.size;
      const difference = await this.#compareFile(path, entry);
      if (difference !== undefined) this.#differs(path, difference);
    }
  }

  async #compareFile(path: RawName, entry: FileEntry): Promise<string | undefined> {
    const descriptor = openSync(this.#path(path), READ);
    try {
      return entry.digest === undefined
        ? await this.#compareChunks(path, descriptor, entry)
        : this.#compareDigest(descriptor, entry.digest, entry);
    } finally {
      closeSync(descriptor);
    }
  }

  #compareDigest(descriptor: number, digest: string, { content }: FileEntry): string | undefined {
    const hash = this.#digests.file(digestName(digest));
    let size = 0;
    for (;;) {
      const count = readSync(descriptor, this.#buffer, 0, this.#buffer.length, size);
      if (count === 0) break;
      hash.update(this.#buffer.subarray(0, count));
      size += count;
    }
    if (size !== content.size) return `it has ${size} bytes instead of ${content.size}`;
    const found = hash.finish();
    return found === digest ? undefined : `its content is ${found} instead of ${digest}`;
  }

  /** Without a digest: piece by piece, as it was cut. */
  async #compareChunks(
    path: RawName,
    descriptor: number,
    { content }: FileEntry,
  ): Promise<string | undefined> {
    let at = 0;
    for await (const { id, size } of chunksOf(displayName(path), content, this.#chunks)) {
      const bytes = new Uint8Array(size);
      let filled = 0;
      while (filled < size) {
        const count = readSync(descriptor, bytes, filled, size - filled, at + filled);
        if (count === 0) return `it ends after ${at + filled} bytes of ${content.size}`;
        filled += count;
      }
      if (encodeBase64(this.#digests.chunkId(bytes)) !== id) {
        return `its content differs between byte ${at} and byte ${at + size}`;
      }
      at += size;
    }
    const more = readSync(descriptor, this.#buffer, 0, 1, at);
    return more === 0 ? undefined : `it has more than ${content.size} bytes`;
  }

  /** Whether something of the entry's type is there; tells if not. */
  #hasType(path: RawName, entry: Entry, parent: Level | undefined): boolean {
    // Sockets are nothing without their server: no restore makes them.
    const isOptional = entry.type === "socket";
    const stats =
      parent?.isThere === false
        ? undefined
        : lstatSync(this.#path(path), { throwIfNoEntry: false });
    if (stats === undefined) {
      if (!isOptional) this.#differs(path, "it is missing");
      return false;
    }
    const found = TYPES.find(([, is]) => is(stats))?.[0];
    if (found !== entry.type) this.#differs(path, `it is a ${found} instead of a ${entry.type}`);
    return found === entry.type;
  }

  #list(path: RawName, level: Level): void {
    const { selection, extras } = this.#task;
    level.isThere = true;
    if (extras === "ignore") return;
    const names = readdirSync(this.#path(path), "latin1") as string[] as RawName[];
    for (const name of names) {
      if (selection.takes(joinPath(path, name))) level.extra.add(name);
    }
  }

  #path(path: RawName): string | Buffer {
    return systemPath(joinPath(this.#task.directory, path));
  }

  #differs(path: RawName, message: string): void {
    this.totals.differences += 1;
    this.#report({ path, message });
  }
}
