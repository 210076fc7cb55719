/**
 * Stores a snapshot's reach. A page that an earlier snapshot of the source had
 * in just the same form is named again, and only the others are written.
 */
import { createHash } from "node:crypto";
import type { Cache } from "../cache/cache.ts";
import { CorruptError } from "../errors.ts";
import { Fields } from "../format/fields.ts";
import { decodeLine } from "../format/lines.ts";
import { decodeObjectHash, objectHashOf } from "../format/object-hash.ts";
import type { ReachPage } from "../format/reach.ts";
import { encodePage, paginate } from "../format/reach.ts";
import type { PageReference } from "../format/run.ts";
import type { IndexWriter } from "./index-objects.ts";
import type { Reach } from "./reach.ts";

/** Pages by the hash of their lines. */
type KnownPages = ReadonlyMap<string, PageReference>;

/** @returns where the pages of `reach` are, in its order. */
export async function storeReach(
  reach: Reach,
  known: KnownPages,
  index: IndexWriter,
): Promise<Map<string, PageReference>> {
  const pages = new Map<string, ReachPage>();
  for (const page of paginate(reach.tapes())) pages.set(objectHashOf(encodePage(page)), page);
  const fresh = [...pages].filter(([hash]) => !known.has(hash));
  const written = new Map<string, PageReference>();
  if (fresh.length > 0) {
    const object = await index.write({ holds: "reach", pages: fresh.map(([, page]) => page) });
    for (const [page, [hash]] of fresh.entries()) written.set(hash, { ...object, page });
  }
  const references = new Map<string, PageReference>();
  for (const hash of pages.keys()) {
    const reference = written.get(hash) ?? known.get(hash);
    if (reference !== undefined) references.set(hash, reference);
  }
  return references;
}

/** Remembers the pages of a source's last snapshot. */
export function rememberPages(cache: Cache, source: string, pages: KnownPages): void {
  cache.putState(stateName(source), Buffer.from(JSON.stringify({ pages: [...pages] })));
}

/** What {@link rememberPages} remembered; nothing, if that is lost, makes no sense, or an index object of it is gone. */
export function knownPages(cache: Pick<Cache, "getState" | "packs">, source: string): KnownPages {
  const state = cache.getState(stateName(source));
  if (state === undefined) return new Map();
  try {
    const line = decodeLine("the cache's pages", Buffer.from(state).toString("utf8"));
    const names = new Set(cache.packs.indexNames());
    return new Map(
      line
        .array("pages")
        .map(decodePage)
        .filter(([, { object }]) => names.has(object)),
    );
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    return new Map();
  }
}

/** Checked as if it came from the store: it goes back there. */
function decodePage(item: unknown): [lines: string, PageReference] {
  const [lines, reference] = Array.isArray(item) ? item : [];
  const fields = new Fields("the cache's pages", reference);
  if (typeof lines !== "string") fields.fail("lines", "a hash");
  return [lines, { ...decodeObjectHash(fields, "index"), page: fields.integer("page") }];
}

/** States' names are short and ASCII; a source's is any path. */
function stateName(source: string): string {
  return `reach-${createHash("sha256").update(source).digest("hex")}`;
}
