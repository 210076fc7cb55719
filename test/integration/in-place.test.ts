/** Restores over what is there, by the built program: what each --conflict leaves, and what a look ahead says of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { Machine, objectsOf } from "../support/command.ts";
import type { Listing } from "../support/lister.ts";
import { linesOf, listTree, NO_LISTER } from "../support/lister.ts";
import { told } from "../support/tools.ts";
import { NO_STRACE } from "../support/tracing.ts";
import { succeeded } from "../support/verdicts.ts";

const TREE = `
  umask 022
  mkdir d d/empty e
  for name in same newer older equal gone d/deep replaced; do echo $name > $name; done
  echo two > two; ln two d/two; mkfifo fifo; ln -s target link; ln -s target same-link
  find . -exec touch -h -d '2020-02-02 02:02:02.020202020 UTC' {} +
`;

/** Whoever has worked there since, and made room for what he thinks is better. */
const EDITS = `
  echo NEWER > newer
  echo OLDER > older && touch -d '1999-09-09 UTC' older
  echo EQUAL > equal && touch -d '2020-02-02 02:02:02.020202020 UTC' equal
  rm gone d/two && rmdir d/empty
  rm replaced && ln -s same replaced
  ln -sfn elsewhere link
  chmod 0600 fifo
  chmod 0700 e
  echo mine > mine
  touch -h -d '2020-02-02 02:02:02.020202020 UTC' d .
`;
const PARTIAL = ".varve-partial-";
const EDITED = ["newer", "older", "equal", "replaced", "link", "fifo", "two"];

function withoutTimesOfDirectories(listing: Listing): Listing {
  const mtime = "some time";
  return new Map(
    [...listing].map(([path, line]) => [path, line.type === "d" ? { ...line, mtime } : line]),
  );
}

describe("a restore over a changed tree", { skip: NO_LISTER }, () => {
  const machine = new Machine();
  const tree = join(machine.home, "tree");
  let original: Listing;
  let edited: Listing;

  before(async () => {
    told(["mkdir", tree]);
    told(["bash", "-ec", TREE], { cwd: tree });
    original = listTree(tree);
    succeeded(await machine.varve("backup", tree));
    told(["bash", "-ec", EDITS], { cwd: tree });
    edited = listTree(tree);
  });

  function copy(name: string): string {
    told(["cp", "-a", tree, join(machine.home, name)]);
    return join(machine.home, name);
  }

  /** The original, with `mine` and those names as they were edited. */
  function expected(...names: readonly string[]): Listing {
    const all = new Map(original);
    for (const name of ["mine", ...names]) {
      const line = edited.get(name);
      assert.ok(line, name);
      all.set(name, line);
    }
    return new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  const CASES = [
    ["overwrite", []],
    ["identical", []],
    // What has a later time, or the same.
    ["update", ["newer", "equal", "replaced", "link", "fifo"]],
    ["skip", ["e", ...EDITED]],
  ] as const;

  for (const [conflict, kept] of CASES) {
    it(`leaves by ${conflict} ${kept.length > 0 ? kept.join(", ") : "nothing that differs"}`, async () => {
      const to = copy(conflict);
      const args = ["restore", "--to", to, "--conflict", conflict, "--json"];
      const untouched = linesOf(listTree(to, "changes"));
      const ahead = objectsOf(succeeded(await machine.varve(...args, "--dry-run")));
      assert.deepEqual(linesOf(listTree(to, "changes")), untouched);
      const done = objectsOf(succeeded(await machine.varve(...args)));
      // By skip a directory keeps the time of what was made in it.
      const only = conflict === "skip" ? withoutTimesOfDirectories : (listing: Listing) => listing;
      assert.deepEqual(linesOf(only(listTree(to))), linesOf(only(expected(...kept))));

      const preview = ahead.find(({ event }) => event === "preview");
      const restored = done.find(({ event }) => event === "restored");
      assert.ok(preview && restored);
      // Directories that were there are counted by the restore; one is made.
      const made = Number(restored["files"]) + Number(restored["others"]) + 1;
      assert.equal(Number(preview["make"]) + Number(preview["replace"]), made);
      assert.equal(preview["keep"], restored["kept"]);
    });
  }

  it("stops by abort at the first thing, and changes nothing", async () => {
    const to = copy("abort");
    const untouched = linesOf(listTree(to, "changes"));
    const ahead = await machine.varve("restore", "--to", to, "--json", "--dry-run");
    assert.equal(ahead.status, 3, ahead.err);
    const preview = objectsOf(ahead).find(({ event }) => event === "preview");
    assert.equal(preview?.["inTheWay"], 10);
    const { status, err } = await machine.varve("restore", "--to", to);
    assert.equal(status, 2, err);
    assert.match(err, /d\/deep is there already/);
    assert.deepEqual(linesOf(listTree(to, "changes")), untouched);
  });

  for (const [conflict, when] of [
    ["update", 4],
    ["identical", 9],
  ] as const) {
    it(`goes on by ${conflict} with what was killed half way`, { skip: NO_STRACE }, async () => {
      const to = join(machine.home, `killed-${conflict}`);
      // Its name is the last thing that something gets.
      const inject = `inject=renameat2:signal=KILL:when=${when}`;
      const under = ["strace", "-f", "-o", "/dev/null", "-e", "trace=renameat2", "-e", inject];
      const killed = await machine.run(["restore", "--to", to], { under });
      assert.equal(killed.status, null, killed.err);
      const half = listTree(to);
      assert.ok(half.size > 1 && half.size < original.size + 1, String([...half.keys()]));
      succeeded(await machine.varve("restore", "--to", to, "--conflict", conflict));
      // What was begun lies there under a name that nobody has.
      const whole = new Map([...listTree(to)].filter(([path]) => !path.includes(PARTIAL)));
      assert.deepEqual(linesOf(whole), linesOf(original));
    });
  }
});
