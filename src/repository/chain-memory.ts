/**
 * Ends that a host has verified, kept in its cache: what a backup has to know
 * of a thousand old snapshots without reading them again.
 */
import type { Cache } from "../cache/cache.ts";
import { CorruptError } from "../errors.ts";
import type { Fields } from "../format/fields.ts";
import { decodeLine } from "../format/lines.ts";
import { decodeObjectHash } from "../format/object-hash.ts";
import type { Stub, Stubs } from "./chain.ts";

const STATE = "chain";
/** What a cache keeps under one name; some 30,000 ends. With more, all are read each time. */
const MAX_BYTES = 8 * 2 ** 20;

/** What is remembered; nothing, if that is lost or makes no sense. */
export function knownStubs(cache: Pick<Cache, "getState">): Stubs {
  const state = cache.getState(STATE);
  const stubs: Stubs = new Map();
  if (state === undefined) return stubs;
  try {
    const line = decodeLine("the cache's chain", Buffer.from(state).toString("utf8"));
    for (const stub of line.objects("ends").map(decodeStub)) stubs.set(stub.object, stub);
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    stubs.clear();
  }
  return stubs;
}

export function rememberStubs(cache: Pick<Cache, "putState">, stubs: Stubs): void {
  const bytes = Buffer.from(JSON.stringify({ ends: [...stubs.values()] }));
  if (bytes.length <= MAX_BYTES) cache.putState(STATE, bytes);
}

function decodeStub(fields: Fields): Stub {
  const heads = fields.has("heads")
    ? fields.objects("heads").map((head) => decodeObjectHash(head, "end"))
    : undefined;
  return { ...decodeObjectHash(fields, "end"), heads };
}
