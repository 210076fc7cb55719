/**
 * Index objects: documents under the index key that say what a run stored.
 * One holds either places (the tables of packs, one behind the other) or pages
 * of the reach, which other snapshots may name again.
 *
 * They are signed lines (signed.ts): whoever has the index key, as every host
 * has, could else make another host believe that its data is stored already.
 */
import { CorruptError } from "../errors.ts";
import type { Fields } from "./fields.ts";
import { decodeLines, encodeLines } from "./lines.ts";
import { parseObjectName } from "./names.ts";
import type { ReachPage } from "./reach.ts";
import { decodePage, encodePage } from "./reach.ts";
import type { PackTable } from "./table.ts";
import { decodeTables, encodeTable } from "./table.ts";

interface Header {
  readonly repository: string;
  /** Its own name: it passes for no other. */
  readonly object: string;
}

export type IndexObject = Header &
  (
    | { readonly holds: "places"; readonly tables: Iterable<PackTable> }
    | { readonly holds: "reach"; readonly pages: readonly ReachPage[] }
  );

/** The lines of an index object, but for its signature; {@link decodeIndex} is the inverse. */
export function encodeIndex(index: IndexObject): Uint8Array {
  const { repository, object, holds } = index;
  const parts: Uint8Array[] = [encodeLines([{ varve: "index", repository, object, holds }])];
  if (index.holds === "places") {
    for (const table of index.tables) parts.push(encodeTable(table));
  } else {
    for (const [page, part] of index.pages.entries()) {
      parts.push(encodeLines([{ page }]), encodePage(part));
    }
  }
  return Buffer.concat(parts);
}

/**
 * @param lines - an opened index object, without its signature.
 * @throws {@link CorruptError} if it is none, at the latest when its tables have been read.
 */
export function decodeIndex(name: string, lines: Uint8Array): IndexObject {
  const fields = decodeLines(name, lines);
  const header = fields.next().value;
  if (header?.value("varve") !== "index") throw new CorruptError(name, "it is no index object");
  const common = {
    repository: header.hex("repository", 32),
    object: parseObjectName(name, "index", header.value("object")),
  };
  if (header.choice("holds", ["places", "reach"]) === "places") {
    return { ...common, holds: "places", tables: decodeTables(fields) };
  }
  return { ...common, holds: "reach", pages: decodePages(fields) };
}

function decodePages(lines: Iterable<Fields>): ReachPage[] {
  const pages: Fields[][] = [];
  for (const line of lines) {
    if (!line.has("page")) {
      const page = pages.at(-1);
      if (page === undefined) throw new CorruptError(line.name, "it belongs to no page");
      page.push(line);
    } else if (line.integer("page") === pages.length) {
      pages.push([]);
    } else {
      line.fail("page", `${pages.length}, the next number`);
    }
  }
  return pages.map(decodePage);
}
