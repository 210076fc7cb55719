/** What the tests of restores rely on: that lists of two trees differ wherever the trees do. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { linesOf, listTree, NO_LISTER } from "../support/lister.ts";
import { NO_RICH_TREE } from "../support/rich-tree.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { told } from "../support/tools.ts";

const isRoot = process.getuid?.() === 0;
const NAME = "d".repeat(200);

const OLD = "touch -d 1999-12-31T23:59:59Z";
const TREE = `
  umask 022
  printf a > file; mkdir d; ln -s nowhere link; mkfifo fifo; truncate -s 2M holes
  setfattr -n user.x -v value file
  echo one > one; ln one another
  mkdir ${NAME}; (cd ${NAME}; for _ in $(seq 21); do mkdir ${NAME}; cd -P ${NAME}; done; printf a > deep; ${OLD} deep)
  ${isRoot ? "mknod device c 1 3" : ""}
`;
/** The directory's time is no change of these. */
const SAME = `${OLD} .`;

/** Each changes one line. */
const CHANGES: readonly (readonly [what: string, command: string, by?: "root"])[] = [
  ["the time of a directory", SAME],
  ["a content of the same length", "touch -r file x && printf b > file && touch -r x file && rm x"],
  ["a nanosecond", "touch -d '2001-09-09 01:46:40.123456788 UTC' file"],
  ["a nanosecond of a link", "touch -h -d '2001-09-09 01:46:40.123456788 UTC' link"],
  ["a nanosecond of a directory", "touch -d '2001-09-09 01:46:40.123456788 UTC' d"],
  ["a mode", "chmod 0640 file"],
  ["a sticky bit", "chmod 1755 d"],
  [
    "a target",
    "touch x && touch -h -r link x && ln -sfn elsewhere link && touch -h -r x link && rm x",
  ],
  ["a value", "setfattr -n user.x -v other file"],
  ["a value that is empty", "setfattr -n user.x file"],
  ["an attribute too many", "setfattr -n user.y d"],
  ["an ACL", "setfacl -m u:1:r file"],
  ["a default ACL", "setfacl -m d:u:1:r d"],
  [
    "a hole less",
    "touch -r holes x && dd if=/dev/zero of=holes bs=4K count=512 status=none conv=notrunc && touch -r x holes && rm x",
  ],
  ["two files where there was one", "cp -a one x && mv x one"],
  ["another name", "mv one $'one\\n'"],
  ["an entry less", "rm another"],
  ["a file where there was a FIFO", "touch -r fifo x && rm fifo && mv x fifo"],
  ["a deep content", `find . -name deep -execdir sh -c 'printf b > deep; ${OLD} deep' \\;`],
  ["a deep attribute", "find . -name deep -execdir setfattr -n user.x {} \\;"],
  ["an owner", "chown 1 file", "root"],
  ["a link's group", "chown -h :1 link", "root"],
  ["a capability", "setcap cap_chown=i file", "root"],
  [
    "a device's number",
    "touch -r device x && rm device && mknod device c 1 4 && touch -r x device && rm x",
    "root",
  ],
];

describe("a list", { skip: NO_LISTER || NO_RICH_TREE }, () => {
  const tree = scratchDirectory();
  before(() => void told(["bash", "-c", TREE], { cwd: tree }));

  for (const [what, command, by] of CHANGES) {
    it(`tells ${what}`, { skip: by === "root" && !isRoot && "only root may" }, () => {
      const were = linesOf(listTree(tree));
      told(["bash", "-ec", `${command}; ${SAME}`], { cwd: tree });
      const after = linesOf(listTree(tree));
      const changed = after.filter((line) => !were.includes(line)).length;
      const gone = were.filter((line) => !after.includes(line)).length;
      assert.ok(changed + gone > 0, "it looks the same");
      assert.ok(changed <= 1 && gone <= 1, after.join("\n"));
    });
  }

  it("tells who has touched anything, on request", () => {
    const were = linesOf(listTree(tree, "changes"));
    assert.deepEqual(linesOf(listTree(tree, "changes")), were);
    told(["touch", "-r", "holes", "holes"], { cwd: tree });
    const after = linesOf(listTree(tree, "changes"));
    assert.equal(after.filter((line) => !were.includes(line)).length, 1);
  });
});
