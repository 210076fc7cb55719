/**
 * Compares a tree on disk with a snapshot, file by file: every content is read
 * and hashed, every name, type and link target looked at. What differs, lacks,
 * or is too much is told.
 */
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import type { Digests } from "../digest/digest.ts";
import { atPath } from "../disk/long-path.ts";
import { joinPath, systemPath } from "../disk/path.ts";
import { typeOf } from "../disk/stats.ts";
import type { Problem } from "../disk/walk.ts";
import { CorruptError } from "../errors.ts";
import { fileSize } from "../format/holes.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Entry } from "../format/tree.ts";
import { systemCode } from "../target/file-failure.ts";
import type { ChunkSource } from "./chunk-source.ts";
import { FileComparer } from "./compare-file.ts";
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
  readonly #comparer: FileComparer;
  readonly #report: (difference: Problem) => void;
  readonly #levels: Level[] = [];

  constructor(
    task: VerifyTask,
    chunks: ChunkSource,
    digests: Digests,
    report: (difference: Problem) => void,
  ) {
    this.#task = task;
    this.#comparer = new FileComparer(chunks, digests);
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
      const target = this.#at(path, (disk) => readlinkSync(disk, "latin1"));
      if (target !== entry.target) this.#differs(path, "it points elsewhere");
    } else if (entry.type === "file") {
      this.totals.files += 1;
      this.totals.bytes += fileSize(entry);
      const difference = await this.#comparer.difference(this.#diskPath(path), { path, entry });
      if (difference !== undefined) this.#differs(path, difference);
    }
  }

  /** Whether something of the entry's type is there; tells if not. */
  #hasType(path: RawName, entry: Entry, parent: Level | undefined): boolean {
    // Sockets are nothing without their server: no restore makes them.
    const isOptional = entry.type === "socket";
    const stats =
      parent?.isThere === false
        ? undefined
        : this.#at(path, (disk) => lstatSync(disk, { throwIfNoEntry: false }));
    if (stats === undefined) {
      if (!isOptional) this.#differs(path, "it is missing");
      return false;
    }
    const found = typeOf(stats);
    if (found !== entry.type) this.#differs(path, `it is a ${found} instead of a ${entry.type}`);
    return found === entry.type;
  }

  #list(path: RawName, level: Level): void {
    const { selection, extras } = this.#task;
    level.isThere = true;
    if (extras === "ignore") return;
    const names = this.#at(path, (disk) => readdirSync(disk, "latin1")) as string[];
    for (const name of names as RawName[]) {
      if (selection.takes(joinPath(path, name))) level.extra.add(name);
    }
  }

  #at<T>(path: RawName, action: (disk: string | Buffer) => T): T {
    return atPath(this.#diskPath(path), (short) => action(systemPath(short)));
  }

  #diskPath(path: RawName): RawName {
    return joinPath(this.#task.directory, path);
  }

  #differs(path: RawName, message: string): void {
    this.totals.differences += 1;
    this.#report({ path, message });
  }
}
