/**
 * Takes the steps of a walk: what is known goes straight into the tree, files
 * that have to be read become jobs.
 */
import { fstatSync, readlinkSync } from "node:fs";
import { atPath } from "../disk/long-path.ts";
import { joinPath, systemPath } from "../disk/path.ts";
import type { Found, Problem, Step } from "../disk/walk.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Entry } from "../format/tree.ts";
import type { Xattr } from "../format/xattrs.ts";
import type { Span } from "../repository/reach.ts";
import { attributesOf } from "./attributes.ts";
import type { FileJob, StreamJob } from "./content.ts";
import type { EntryMaker } from "./entry.ts";
import type { Gather } from "./gather.ts";
import type { Reuse, Visit } from "./reuse.ts";
import type { Slot, TreeBuilder } from "./tree.ts";

export interface ScanListener {
  problem(problem: Problem): void;
  /** Segments of a file that has not changed. */
  needs(span: Span): void;
}

export class Scan {
  directories = 0;
  /** Symbolic links, FIFOs, sockets and devices. */
  others = 0;
  readonly #root: RawName;
  readonly #reuse: Reuse;
  readonly #tree: TreeBuilder;
  readonly #gather: Gather;
  readonly #maker: EntryMaker;
  readonly #listener: ScanListener;
  /** The directories that were entered and not left. */
  readonly #visits: Visit[] = [];

  /** @param root - the source's path. */
  constructor(
    root: RawName,
    parts: {
      readonly reuse: Reuse;
      readonly tree: TreeBuilder;
      readonly gather: Gather;
      readonly entries: EntryMaker;
    },
    listener: ScanListener,
  ) {
    this.#root = root;
    this.#reuse = parts.reuse;
    this.#tree = parts.tree;
    this.#gather = parts.gather;
    this.#maker = parts.entries;
    this.#listener = listener;
  }

  /** @returns the files that have to be read. */
  take(step: Step): FileJob[] {
    switch (step.kind) {
      case "enter":
        this.#enter(step.directory);
        return [];
      case "leave":
        if (step.isLost) this.#gather.lose(step.directory.path);
        this.#leave(step.isLost ? "drop" : "keep");
        return [];
      case "problem":
        this.#listener.problem(step.problem);
        return [];
      case "entries":
        return this.#entries(step.entries);
    }
  }

  /** Takes a stream for the whole of the source, whose name it has. @returns its job. */
  takeStream(stream: StreamJob): FileJob {
    const stats = fstatSync(stream.descriptor, { bigint: true });
    const path = "" as RawName;
    const found = { name: this.#root, path, stats };
    return this.#gather.openStream({ directory: path, found, slot: this.#tree.slot() }, stream);
  }

  #entries(entries: readonly Found[]): FileJob[] {
    const visit = this.#visits.at(-1) ?? { path: "" as RawName, after: undefined };
    const known = this.#reuse.lookUp(visit, entries);
    const jobs: FileJob[] = [];
    for (const [at, found] of entries.entries()) {
      const slot = this.#tree.slot();
      const file = known[at];
      if (!found.stats.isFile()) {
        this.#other(found, slot);
      } else if (file === undefined) {
        const job = this.#gather.open({ directory: visit.path, found, slot });
        if (job !== undefined) jobs.push(job);
      } else {
        for (const span of file.spans) this.#listener.needs(span);
        this.#gather.reuse({ found, slot }, file);
      }
    }
    return jobs;
  }

  #enter(directory: Found): void {
    const visit: Visit = { path: directory.path, after: undefined };
    this.#tree.enter(this.#maker.directory(directory, this.#xattrs(directory)));
    this.#visits.push(visit);
    this.#reuse.enter(visit);
    this.directories += 1;
  }

  #leave(what: "keep" | "drop"): void {
    this.#tree.leave(what);
    const visit = this.#visits.pop();
    if (visit !== undefined) this.#reuse.leave(visit);
  }

  #other(found: Found, slot: Slot): void {
    const xattrs = this.#xattrs(found);
    const entry = found.stats.isSymbolicLink()
      ? this.#symlink(found, xattrs)
      : this.#maker.special(found, xattrs);
    slot.fill(entry);
    if (entry !== undefined) this.others += 1;
  }

  #symlink(found: Found, xattrs: readonly Xattr[]): Entry | undefined {
    try {
      const target = atPath(
        joinPath(this.#root, found.path),
        (path) => readlinkSync(systemPath(path), "latin1") as RawName,
      );
      return this.#maker.symlink(found, target, xattrs);
    } catch (error) {
      const message = `cannot read where it points: ${(error as Error).message}`;
      this.#listener.problem({ path: found.path, message });
      return undefined;
    }
  }

  #xattrs(found: Found): readonly Xattr[] {
    const { xattrs, problem } = atPath(joinPath(this.#root, found.path), attributesOf);
    if (problem !== undefined) this.#listener.problem({ path: found.path, message: problem });
    return xattrs;
  }
}
