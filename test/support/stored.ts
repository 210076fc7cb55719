/** What lies in a target, as its packs themselves say. */

import { decodeLines } from "../../src/format/lines.ts";
import type { PackTable } from "../../src/format/table.ts";
import { decodeTables } from "../../src/format/table.ts";
import { TRAILER_BYTES, tableRange } from "../../src/pack/pack.ts";
import { Repository } from "../../src/repository/repository.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import type { Target } from "../../src/target/target.ts";
import type { Site } from "./site.ts";

const MANY = 2 ** 30;

/** The same objects in a target of their own. */
export async function copyOf(target: Target): Promise<MemoryTarget> {
  const copy = new MemoryTarget();
  for await (const { name } of target.list(""))
    await copy.create(name, await target.read(name, MANY));
  return copy;
}

/** The tables of packs, those named or all, in the order of their names. */
export async function tablesOf(
  { unlocked, means }: Pick<Site, "unlocked" | "means">,
  target: Target,
  packs?: readonly string[],
): Promise<PackTable[]> {
  const repository = new Repository(target, unlocked, means);
  const tables: PackTable[] = [];
  for await (const { name, size } of target.list("packs/")) {
    if (packs !== undefined && !packs.includes(name)) continue;
    const pack = await target.read(name, size);
    const [offset, length] = tableRange(name, size, pack.subarray(-TRAILER_BYTES));
    const lines = repository.open(name, pack.subarray(offset, offset + length), MANY);
    tables.push(...decodeTables(decodeLines(name, lines)));
  }
  return tables;
}

/** The ids of the chunks in packs; a chunk that is stored twice comes twice. */
export async function chunksStored(
  site: Site,
  target: Target,
  packs?: readonly string[],
): Promise<string[]> {
  const tables = await tablesOf(site, target, packs);
  return tables.flatMap(({ parts }) =>
    parts.flatMap(({ frames }) => frames.flatMap(({ chunks }) => chunks.map(({ id }) => id))),
  );
}
