/**
 * What comes back is what was there: everything that a file system has, backed
 * up and restored by the built program, and listed by other tools.
 */
import assert from "node:assert/strict";
import { chownSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import type { Line, Listing } from "../support/lister.ts";
import { linesOf, listTree, NO_LISTER } from "../support/lister.ts";
import { NO_RICH_TREE, richTree } from "../support/rich-tree.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { told } from "../support/tools.ts";
import { succeeded } from "../support/verdicts.ts";
import { keyOf } from "../support/world.ts";

const isRoot = process.getuid?.() === 0;
const NO_ROOT = !isRoot && "only root may";
const USER = 1234;
/** Tests run as root in CI: then somebody else has to be found. */
const asUser = isRoot ? ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"] : [];
const USERS = `${USER}:${USER}`;

/** Nothing of it changes a content. */
const NEW_METADATA = `
  cd attributes
  chmod 0640 binary
  chown 7:8 empty-value
  setfattr -n user.new -v new several
  setfattr -x user.empty empty-value
  setfacl -b acl
  touch -d '2005-05-05 05:05:05.555555555 UTC' long-name default
  ln binary another-name
`;

function assertSame(found: Listing, expected: Listing): void {
  assert.deepEqual(linesOf(found), linesOf(expected));
}

/** What is to come of a line; nothing: it is left out. */
type Change = (line: Line) => Line | undefined;

function changed(listing: Listing, ...changes: readonly Change[]): Listing {
  const lines = new Map<string, Line>();
  for (const [path, original] of listing) {
    let line: Line | undefined = original;
    for (const change of changes) line = line && change(line);
    if (line !== undefined) lines.set(path, line);
  }
  return lines;
}

const isDevice = ({ type }: Line) => type === "b" || type === "c";

/** What comes back without --special. */
const harmless: Change = (line) => {
  if (isDevice(line)) return undefined;
  const bits = Number.parseInt(line.mode, 8) & (line.type === "d" ? 0o3777 : 0o1777);
  const mode = line.type === "l" ? line.mode : bits.toString(8).padStart(4, "0");
  return withoutFacts(/^(security|trusted)\./)({ ...line, mode });
};

/** The one that everybody may make is a whiteout. */
const withoutDevices: Change = (line) =>
  isDevice(line) && !line.facts.includes("device 0:0") ? undefined : line;

function withoutFacts(pattern: RegExp): (line: Line) => Line {
  return (line) => ({ ...line, facts: line.facts.filter((fact) => !pattern.test(fact)) });
}

function ownedBy(owner: string): Change {
  return (line) => ({ ...line, owner });
}

describe("a tree of root's", { skip: NO_ROOT || NO_LISTER || NO_RICH_TREE }, () => {
  const store = join(scratchDirectory(), "store");
  const machine = new Machine({ VARVE_TARGET: store });
  let tree: string;
  let original: Listing;
  let made = 0;

  before(async () => {
    succeeded(await machine.varve("init", "--no-passphrase"));
    tree = richTree(machine.home);
    original = listTree(tree);
    succeeded(await machine.varve("backup", tree));
  });

  /** Restores into a new directory. */
  async function restored(...flags: string[]): Promise<{ ended: Ended; found: Listing }> {
    made += 1;
    const to = join(machine.home, `restored-${made}`);
    const ended = await machine.varve("restore", "--to", to, ...flags);
    return { ended, found: listTree(to) };
  }

  it("comes back with --special, to the last nanosecond", async () => {
    const { ended, found } = await restored("--special", "--workers", "2", "--verify");
    succeeded(ended);
    assertSame(found, original);
  });

  it("comes back without what gives rights, which is told once", async () => {
    const { ended, found } = await restored("--no-owner");
    succeeded(ended);
    assertSame(found, changed(original, harmless, ownedBy("0:0")));
    const note =
      "left out: setuid or setgid of 6 files, capabilities of 2 files, labels of 2 files, 5 devices";
    assert.ok(ended.err.includes(note), ended.err);
  });

  it("comes back from a second snapshot, with what is new of it but no content", async () => {
    told(["bash", "-ec", NEW_METADATA], { cwd: tree });
    original = listTree(tree);
    const again = await machine.varve("backup", "--json", tree);
    const stored = objectsOf(succeeded(again)).find(({ event }) => event === "snapshot");
    assert.equal(stored?.["newBytes"], 0);
    const { ended, found } = await restored("--special", "--numeric-ids");
    succeeded(ended);
    assertSame(found, original);
  });

  it("is not touched by --conflict identical, onto itself", async () => {
    const untouched = listTree(tree, "changes");
    const args = ["restore", "--to", tree, "--conflict", "identical", "--special", "--json"];
    const ended = succeeded(await machine.varve(...args));
    assertSame(listTree(tree, "changes"), untouched);
    const totals = objectsOf(ended).find(({ event }) => event === "restored");
    assert.deepEqual([totals?.["files"], totals?.["others"], totals?.["bytes"]], [0, 0, 0]);
  });

  describe("that an ordinary user restores", () => {
    const usable = [ownedBy(USERS), withoutFacts(/^(trusted|security)\./)];
    const home = scratchDirectory();
    const variables = { VARVE_TARGET: store, VARVE_IDENTITY: join(home, "key"), HOME: home };
    const user = new Machine(variables);
    before(() => {
      copyFileSync(keyOf(machine), variables.VARVE_IDENTITY);
      told(["chown", "-R", USERS, join(store, ".."), home, user.home]);
    });

    it("comes back, but for what is root's, which is told once", async () => {
      const ended = await user.run(["restore", "--to", "out"], { under: asUser });
      succeeded(ended);
      assertSame(listTree(join(user.home, "out")), changed(original, harmless, ...usable));
      assert.equal(ended.err.match(/^left out: /gm)?.length, 1, ended.err);
      assert.doesNotMatch(ended.err, /could not/);
    });

    it("has its devices refused, and told as problems, where they are asked for", async () => {
      const args = ["restore", "--to", "special", "--special", "--on-error", "continue"];
      const { status, err } = await user.run(args, { under: asUser });
      assert.equal(status, 3, err);
      for (const name of ["null", "big", "big-too", "block"]) {
        assert.ok(err.includes(`devices/${name}: `), err);
      }
      assert.match(err, /4 problems/);
      // Root's, and told once.
      for (const name of ["trusted.of-file", "trusted.of-link", "security.capability"]) {
        assert.equal(err.split(`could not set its ${name} (EPERM)`).length, 2, err);
      }
      const found = listTree(join(user.home, "special"));
      assertSame(found, changed(original, withoutDevices, ...usable));
    });
  });
});

describe("a tree of an ordinary user's", { skip: NO_LISTER || NO_RICH_TREE }, () => {
  const machine = new Machine();
  let tree: string;
  let original: Listing;
  const run = (...args: string[]) => machine.run(args, { under: asUser });

  before(async () => {
    if (isRoot) chownSync(machine.home, USER, USER);
    tree = richTree(machine.home, asUser);
    original = listTree(tree);
    succeeded(await run("backup", tree));
  });

  it("comes back to its owner, to the last nanosecond", async () => {
    succeeded(await run("restore", "--special", "--to", "special"));
    assertSame(listTree(join(machine.home, "special")), original);
  });

  it("comes back over itself, also where its owner has shut himself out", async () => {
    told(
      [
        ...asUser,
        "sh",
        "-c",
        "chmod u+w modes/directory-0500 && echo other > modes/directory-0500/inside && chmod u-w modes/directory-0500",
      ],
      { cwd: tree },
    );
    succeeded(await run("restore", "--special", "--to", tree, "--conflict", "identical"));
    assertSame(listTree(tree), original);
  });
});
