/** How little of a long run has to be done again, whenever it is cut off. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { preview } from "../../src/backup/preview.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import { CrashError, crashAt, FaultyTarget } from "../support/faults.ts";
import { randomBytes } from "../support/random.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { backUp, cacheDirectory, makeSite, session, taskOf } from "../support/site.ts";

const MIB = 2 ** 20;
/** More than are stored between two index objects; each has more chunks than an entry lists. */
const FILES = 75;
const CALLS_BEFORE_PACKS = 12;

it("remembers files whose lists of chunks lie on the tape of trees, which fills slowly", async () => {
  const source = scratchDirectory();
  mkdirSync(join(source, "d"));
  for (let at = 0; at < FILES; at += 1) {
    writeFileSync(join(source, "d", String(at).padStart(3, "0")), randomBytes(at, MIB));
  }
  const store = new MemoryTarget();
  const site = await makeSite(store);
  const cache = cacheDirectory();
  const target = new FaultyTarget(store, crashAt(FILES + CALLS_BEFORE_PACKS));
  await assert.rejects(backUp(site, target, source, { cache }), CrashError);
  const packs = target.log.filter(({ name }) => name.startsWith("packs/")).length;
  assert.ok(packs > 64, `${packs} packs`);
  const { changedFiles, files } = await session(site, store, cache, (tools) =>
    preview(taskOf(source), tools, { problem: () => {}, changed: () => {} }),
  );
  assert.equal(files, FILES);
  assert.ok(changedFiles < FILES - 60, `${changedFiles} would be read`);
});
