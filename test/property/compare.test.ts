import assert from "node:assert/strict";
import { chmodSync, lstatSync, lutimesSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { loadDigests } from "../../src/digest/digest.ts";
import type { RunName } from "../../src/format/names.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { displayName, rawFromText } from "../../src/format/raw-name.ts";
import { refreshView } from "../../src/repository/view.ts";
import { ChunkSource } from "../../src/restore/chunk-source.ts";
import type { Difference, Modifier } from "../../src/restore/compare.ts";
import { compareDisk } from "../../src/restore/compare-disk.ts";
import type { StoredTree } from "../../src/restore/compare-trees.ts";
import { compareTrees } from "../../src/restore/compare-trees.ts";
import { Selection } from "../../src/restore/selection.ts";
import { MemoryTarget } from "../../src/target/memory.ts";
import { edit } from "../support/edit.ts";
import { openSnapshot } from "../support/harvest.ts";
import { edits, trees } from "../support/plants.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { backUp, cacheDirectory, HOST, makeSite, session } from "../support/site.ts";
import type { Survey } from "../support/tree.ts";
import { plant, survey } from "../support/tree.ts";

const RUNS = process.env["SLOW"] ? 300 : 12;
/** Where the trees are, for those who select by absolute paths. */
const source = "/source" as RawName;

/** A change of nothing but metadata. */
const touches = fc.record({ at: fc.nat(), kind: fc.constantFrom("mode", "time") });

function touch(root: string, { at, kind }: { at: number; kind: string }): void {
  const all = [...survey(root).keys()];
  const path = Buffer.concat([
    Buffer.from(`${root}/`),
    Buffer.from(all[at % all.length] ?? "", "latin1"),
  ]);
  const stats = lstatSync(path);
  if (kind === "time") lutimesSync(path, 12345, 12345);
  else if (!stats.isSymbolicLink()) chmodSync(path, stats.mode ^ 0o011);
}

type Differences = Record<string, Modifier>;

/** What an independent look at both trees says. @param form - on disk, the same size and time pass for the same. */
function expected(before: Survey, after: Survey, form: "trees" | "disk"): Differences {
  const found: Differences = {};
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(path), after.get(path)];
    if (b === undefined) found[path] = "-";
    else if (a === undefined) found[path] = "+";
    else if (kindOf(a.looks) !== kindOf(b.looks)) found[path] = "T";
    else if (differs(a, b, form)) found[path] = "M";
    else if (metadataOf(a.looks) !== metadataOf(b.looks) || a.mtime !== b.mtime) found[path] = "U";
  }
  return found;
}

const kindOf = (looks: string) => looks.split(" ")[0];
const metadataOf = (looks: string) => (kindOf(looks) === "link" ? "" : looks.split(" ")[1]);

function differs(
  a: { looks: string; mtime: bigint },
  b: { looks: string; mtime: bigint },
  form: "trees" | "disk",
): boolean {
  const [kind, , , size, hash] = a.looks.split(" ");
  if (kind === "directory") return false;
  if (kind === "link") return a.looks !== b.looks;
  const [, , , otherSize, otherHash] = b.looks.split(" ");
  if (form === "disk" && size === otherSize && a.mtime === b.mtime) return false;
  return hash !== otherHash;
}

async function told(differences: AsyncIterable<Difference>): Promise<Differences> {
  const found: Differences = {};
  let last: string | undefined;
  for await (const { path, modifier, first, second } of differences) {
    assert.ok(!(path in found), `${displayName(path)} is told twice`);
    assert.equal(first === undefined, modifier === "+");
    assert.equal(second === undefined, modifier === "-");
    // A directory's names as they are sorted, and what is in it behind its own.
    const place = path.replaceAll("/", "\0");
    assert.ok(last === undefined || last < place, `${displayName(path)} is out of order`);
    last = place;
    found[path] = modifier;
  }
  return found;
}

function only(differences: Differences, patterns: readonly string[]): Differences {
  const isBelow = (path: string) =>
    patterns.length === 0 ||
    patterns.some((wanted) => wanted === "" || path === wanted || path.startsWith(`${wanted}/`));
  return Object.fromEntries(Object.entries(differences).filter(([path]) => isBelow(path)));
}

/** Paths that are text, so that they can be typed. */
const typed = (path: string) => /^[a-e/]*$/.test(path);

describe("what a comparison tells", () => {
  it("is what was edited, of two snapshots and of one and the disk, in all or in a part", async () => {
    const many = fc.array(edits, { maxLength: 5 });
    const few = fc.array(touches, { maxLength: 3 });
    const digest = fc.constantFrom("sha1" as const, "blake3" as const, "none" as const);
    await fc.assert(
      fc.asyncProperty(
        trees,
        many,
        few,
        digest,
        fc.nat(),
        async (tree, changes, slight, digest, at) => {
          const root = scratchDirectory();
          const target = new MemoryTarget();
          const site = await makeSite(target);
          const cache = cacheDirectory();
          plant(root, tree);
          const before = survey(root);
          const first = await backUp(site, target, root, { cache, digest });
          for (const change of changes) edit(root, change);
          for (const change of slight) touch(root, change);
          const after = survey(root);
          const second = await backUp(site, target, root, { cache, digest });
          const paths = [...new Set([...before.keys(), ...after.keys()])].filter(typed);
          const part = paths[at % paths.length] ?? "";

          await session(site, target, cacheDirectory(), async ({ repository, cache }) => {
            await refreshView(repository, cache, HOST);
            const open = async (run: RunName): Promise<StoredTree> => {
              const { manifest, means } = await openSnapshot(site, repository, cache, run);
              return { root: manifest.root, chunks: new ChunkSource(means) };
            };
            const [a, b] = [await open(first.summary.run), await open(second.summary.run)];
            const disk = {
              path: rawFromText(root),
              digests: await loadDigests(repository.keys.chunkId, "fastest"),
              problem: () => assert.fail(),
            };
            for (const patterns of [[], [part]]) {
              const all = () =>
                new Selection(
                  patterns.map((path) => path || "."),
                  source,
                );
              const wanted = (form: "trees" | "disk") =>
                only(expected(before, after, form), patterns);
              const selection = all();
              assert.deepEqual(await told(compareTrees(a, b, selection)), wanted("trees"));
              selection.mustBeFound();
              assert.deepEqual(await told(compareDisk(a, disk, all())), wanted("disk"));
              assert.deepEqual(await told(compareTrees(b, b, all())), {});
              assert.deepEqual(await told(compareDisk(b, disk, all())), {});
            }
          });
        },
      ),
      { numRuns: RUNS },
    );
  });
});
