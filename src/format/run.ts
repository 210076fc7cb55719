/**
 * The records of a run: `begin` says that it exists, `end` is its verdict.
 * Creating `end` is the commit: from then on the snapshot is there, and
 * everything that it names was stored before.
 *
 * Each is a signed record (signed.ts): the host's word on its runs and its
 * snapshots, a keeper's on a run that has expired.
 */
import type { Fields } from "./fields.ts";
import { encodeBase64 } from "./fields.ts";
import { decodeOnlyLine, encodeLines } from "./lines.ts";
import type { RunName } from "./names.ts";
import { parseRunName } from "./names.ts";
import type { ObjectHash } from "./object-hash.ts";
import { decodeObjectHash, HASH_DIGITS } from "./object-hash.ts";

export interface Begin {
  readonly repository: string;
  readonly run: RunName;
  /** The settings that the run goes by. */
  readonly settings: number;
  /** Hash of its key.pgp: a run that is cut off has said nothing else of it. */
  readonly key: string;
}

/** What a run had stored: its key and its index objects. */
export interface RunObjects {
  readonly run: RunName;
  /** Hash of its key.pgp. */
  readonly key: string;
  readonly index: readonly ObjectHash[];
}

/** Where a page of the reach is: behind the line `{"page":n}` of an index object. */
export interface PageReference extends ObjectHash {
  readonly page: number;
}

export interface SnapshotEnd extends RunObjects {
  readonly verdict: "snapshot";
  readonly repository: string;
  readonly settings: number;
  /** Runs that were cut off, whose chunks this snapshot takes over. */
  readonly adopts: readonly RunObjects[];
  /** Every head of this host's chain of ends that the run saw. */
  readonly heads: readonly ObjectHash[];
  readonly reach: readonly PageReference[];
  /** The summary, sealed with the index key. */
  readonly summary: Uint8Array;
  /** The manifest, sealed with the run's session key. */
  readonly manifest: Uint8Array;
}

/** The verdict on a run that gc did not wait for any longer. */
export interface ExpiredEnd {
  readonly verdict: "expired";
  readonly repository: string;
  readonly run: RunName;
}

export type End = SnapshotEnd | ExpiredEnd;

/** The body of a begin, to be signed. */
export function encodeBegin(begin: Begin): Uint8Array {
  return encodeLines([{ varve: "begin", ...begin }]);
}

/** @param bytes - without signatures. @throws {@link CorruptError} if it is anything else. */
export function decodeBegin(name: string, bytes: Uint8Array): Begin {
  const body = decodeOnlyLine(name, bytes, "begin");
  return {
    repository: body.hex("repository", 32),
    run: parseRunName(name, body.value("run")),
    settings: body.integer("settings"),
    key: body.hex("key", HASH_DIGITS),
  };
}

/** The body of an end, to be signed. */
export function encodeEnd(end: End): Uint8Array {
  if (end.verdict === "expired") return encodeLines([{ varve: "end", ...end }]);
  const { summary, manifest, ...rest } = end;
  return encodeLines([
    { varve: "end", ...rest, summary: encodeBase64(summary), manifest: encodeBase64(manifest) },
  ]);
}

/** @param bytes - without signatures. @throws {@link CorruptError} if it is anything else. */
export function decodeEnd(name: string, bytes: Uint8Array): End {
  const body = decodeOnlyLine(name, bytes, "end");
  const repository = body.hex("repository", 32);
  if (body.choice("verdict", ["snapshot", "expired"]) === "expired") {
    return { verdict: "expired", repository, run: parseRunName(name, body.value("run")) };
  }
  return {
    verdict: "snapshot",
    repository,
    ...runObjects(body),
    settings: body.integer("settings"),
    adopts: body.objects("adopts").map(runObjects),
    heads: body.objects("heads").map((head) => decodeObjectHash(head, "end")),
    reach: body
      .objects("reach")
      .map((page) => ({ ...decodeObjectHash(page, "index"), page: page.integer("page") })),
    summary: body.bytes("summary"),
    manifest: body.bytes("manifest"),
  };
}

function runObjects(fields: Fields): RunObjects {
  return {
    run: parseRunName(fields.name, fields.value("run")),
    key: fields.hex("key", HASH_DIGITS),
    index: fields.objects("index").map((index) => decodeObjectHash(index, "index")),
  };
}
