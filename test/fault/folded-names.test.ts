/**
 * Names that a file system takes for one, because it does not tell cases or
 * forms of a letter apart: what led git (CVE-2014-9390, CVE-2021-21300) and
 * node-tar (CVE-2021-37701) through a link under another name.
 *
 * It takes a kernel that can fold names; restore-ground.test.ts has what comes
 * of such a name in a directory that is new, on any.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { RawName } from "../../src/format/raw-name.ts";
import type { DirectoryEntry } from "../../src/format/tree.ts";
import { CONFLICTS } from "../../src/restore/conflict.ts";
import { ground, restoreForged } from "../support/forged-restore.ts";
import { mountExt4 } from "../support/images.ts";
import { Shelf, symlink } from "../support/shelf.ts";
import { told } from "../support/tools.ts";

const isRoot = process.getuid?.() === 0;
const data = Buffer.from("the attacker's");

describe("names that are one to a file system", () => {
  const mounted = isRoot ? mountExt4("casefold") : "only root may mount";
  const skip = typeof mounted === "string" ? mounted : cannotFold(mounted.path);
  after(() => typeof mounted === "string" || mounted.unmount());

  function cannotFold(path: string): string | false {
    try {
      mkdirSync(join(path, "folded"));
      told(["chattr", "+F", join(path, "folded")]);
      return false;
    } catch (error) {
      return (error as Error).message;
    }
  }

  let made = 0;
  /** Both within a directory that is there, and within one that is made. */
  function folded(): string {
    const { path } = mounted as Exclude<typeof mounted, string>;
    const to = join(path, "folded", `to-${made++}`);
    mkdirSync(to);
    return to;
  }
  const both = (root: DirectoryEntry, shelf: Shelf, isDeep: boolean) =>
    isDeep ? shelf.directory("", { ...root, name: "deep" as RawName }) : root;

  for (const isDeep of [false, true]) {
    const where = isDeep ? "in a directory that is made" : "in one that was there";
    it(`leads nothing through a link, ${where}`, { skip }, async () => {
      for (const conflict of CONFLICTS) {
        const { outside, assertUntouched } = ground();
        const shelf = new Shelf();
        const inner = shelf.directory("a", shelf.file("file", data));
        const named = shelf.directory("caf\u00e9", shelf.file("file", data));
        const root = shelf.directory(
          "",
          symlink("A", outside),
          inner,
          symlink("cafe\u0301", outside),
          named,
        );
        const whole = both(root, shelf, isDeep);
        shelf.close();
        await restoreForged(folded(), shelf, whole, {
          conflict,
          onError: "continue",
        });
        assertUntouched();
      }
    });

    it(`tells that one of two files is not there, ${where}`, { skip }, async () => {
      const shelf = new Shelf();
      const root = shelf.directory(
        "",
        shelf.file("README", Buffer.from("1")),
        shelf.file("readme", Buffer.from("2")),
      );
      const whole = both(root, shelf, isDeep);
      shelf.close();
      const to = folded();
      const { problems } = await restoreForged(to, shelf, whole, { onError: "continue" });
      const at = isDeep ? join(to, "deep") : to;
      const [name = "", ...others] = readdirSync(at);
      assert.deepEqual(others, []);
      assert.equal(readFileSync(join(at, name), "utf8"), name === "README" ? "1" : "2");
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", /readme: .* is there already/i);
    });
  }
});
