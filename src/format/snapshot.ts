/**
 * What an `end` seals. The summary, under the index key, is enough to list and
 * to prune without a private key. The manifest, under the run's session key,
 * is what only the recipients can read: the tree.
 */
import { CorruptError } from "../errors.ts";
import type { Fields } from "./fields.ts";
import { decodeOnlyLine, encodeLines } from "./lines.ts";
import type { RunName } from "./names.ts";
import type { RawName } from "./raw-name.ts";
import { decodeRaw, encodeRaw } from "./raw-name.ts";
import type { Entry } from "./tree.ts";
import { decodeRoot, encodeEntry } from "./tree.ts";

export interface Totals {
  readonly files: number;
  readonly directories: number;
  /** Symbolic links, FIFOs, sockets and devices. */
  readonly others: number;
  /** Bytes of all files' content. */
  readonly bytes: number;
  /** Bytes of content that this run stored, before compression. */
  readonly newBytes: number;
  /** Bytes that this run added to the target before its end. */
  readonly storedBytes: number;
  /** What could not be read, or changed while it was. */
  readonly problems: number;
}

export interface Summary {
  readonly run: RunName;
  readonly host: string;
  /** The path that was backed up; a name without a slash is a stream's. */
  readonly source: RawName;
  /** Milliseconds since 1970, by the host's clock. */
  readonly begun: number;
  readonly ended: number;
  readonly tags: readonly string[];
  /** Whether the walk reached its end. */
  readonly complete: boolean;
  readonly totals: Totals;
}

export interface Manifest {
  readonly run: RunName;
  readonly source: RawName;
  readonly excludes: readonly string[];
  /** What was backed up: mostly a directory, whose name is empty; anything else has its own. */
  readonly root: Entry;
}

/** In milliseconds: no `Date` can say more (ECMA-262 section 21.4.1.1). */
const LAST_TIME = 8.64e15;

export function encodeSummary({ source, ...summary }: Summary): Uint8Array {
  return encodeLines([{ varve: "summary", ...encodeRaw("source", source), ...summary }]);
}

/** @throws {@link CorruptError} if it is anything else, or another run's. */
export function decodeSummary(name: string, run: RunName, bytes: Uint8Array): Summary {
  const line = ofRun(name, decodeOnlyLine(name, bytes, "summary"), run);
  const totals = line.object("totals");
  return {
    run,
    host: line.string("host"),
    source: decodeRaw(line, "source"),
    begun: line.integer("begun", LAST_TIME),
    ended: line.integer("ended", LAST_TIME),
    tags: line.strings("tags"),
    complete: line.boolean("complete"),
    totals: {
      files: totals.integer("files"),
      directories: totals.integer("directories"),
      others: totals.integer("others"),
      bytes: totals.integer("bytes"),
      newBytes: totals.integer("newBytes"),
      storedBytes: totals.integer("storedBytes"),
      problems: totals.integer("problems"),
    },
  };
}

export function encodeManifest({ run, source, excludes, root }: Manifest): Uint8Array {
  return encodeLines([
    { varve: "manifest", run, ...encodeRaw("source", source), excludes, root: encodeEntry(root) },
  ]);
}

/** @throws {@link CorruptError} if it is anything else, or another run's. */
export function decodeManifest(name: string, run: RunName, bytes: Uint8Array): Manifest {
  const line = ofRun(name, decodeOnlyLine(name, bytes, "manifest"), run);
  return {
    run,
    source: decodeRaw(line, "source"),
    excludes: line.strings("excludes"),
    root: decodeRoot(line.object("root")),
  };
}

/** The key that opened it would open the same of another run. */
function ofRun(name: string, line: Fields, run: RunName): Fields {
  if (line.value("run") !== run) throw new CorruptError(name, `it is not of run ${run}`);
  return line;
}
