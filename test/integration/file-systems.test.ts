/** Restores onto file systems that are full, or give what is made on them more than it had. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Machine } from "../support/command.ts";
import { mountExt4 } from "../support/images.ts";
import { linesOf, listTree, NO_LISTER } from "../support/lister.ts";
import { NO_RICH_TREE, richTree } from "../support/rich-tree.ts";
import { missingTool, told } from "../support/tools.ts";
import { noise } from "../support/trees.ts";
import { succeeded } from "../support/verdicts.ts";

const MIB = 2 ** 20;
const MOUNT = 'mount -t tmpfs -o size=2m none "$0" && cd "$0"';
const NO_TMPFS =
  missingTool("unshare") ||
  (spawnSync("unshare", ["-rm", "sh", "-c", MOUNT, "/tmp"]).status !== 0 &&
    "no file system can be mounted here");

describe("a file system that is too small", { skip: NO_TMPFS }, () => {
  const machine = new Machine();
  const to = join(machine.home, "to");
  const tree = join(machine.home, "tree");

  before(async () => {
    for (const path of [tree, to]) mkdirSync(path);
    for (const [at, size] of [0.5, 0.5, 3, 0.5].entries()) {
      writeFileSync(join(tree, `file-${at}`), noise(size * MIB, at));
    }
    succeeded(await machine.varve("backup", tree));
  });

  /** Restores to it. @returns what it says, its status, and then what lies there. */
  async function restored(...flags: string[]): Promise<string[]> {
    const program = machine.commandLine("restore", "--to", to, ...flags);
    const script = `${MOUNT} && { "$@" 2>&1; echo "status $?"; find . -type f | sort | xargs -r sha1sum; }`;
    return told([
      "env",
      `HOME=${machine.home}`,
      "unshare",
      "-rm",
      "sh",
      "-c",
      script,
      to,
      ...program,
    ]).split("\n");
  }

  it("is not written to", async () => {
    const [said = "", ...rest] = await restored();
    assert.match(said, /to has [\d.]+ [KM]iB free and the restore takes 4\.\d MiB/);
    assert.deepEqual(rest, ["status 4", ""]);
  });

  it("gets whole files only, where that is not asked first", async () => {
    const lines = await restored("--no-space-check");
    const status = lines.indexOf("status 4");
    const said = lines.slice(0, status);
    // Files that do not fit are named as they should be, and not as they are while they are written.
    assert.ok(said.length > 0);
    for (const line of said) {
      assert.match(line, /cannot write \/\S+\/to\/file-[0-3]: no space is left \(ENOSPC\)/);
    }
    const sums = told(["sh", "-c", "sha1sum ./*"], { cwd: tree }).split("\n");
    for (const sum of lines.slice(status + 1)) assert.ok(sums.includes(sum), sum);
  });
});

describe("a file system with ACLs and long attributes", { skip: NO_LISTER || NO_RICH_TREE }, () => {
  const mounted = process.getuid?.() === 0 ? mountExt4("ea_inode") : "only root may mount";
  const skip = typeof mounted === "string" && mounted;
  const machine = new Machine();
  let original: string[];
  const place = (name: string) => join(typeof mounted === "string" ? "" : mounted.path, name);

  before(async () => {
    if (skip) return;
    mkdirSync(place("source"));
    const tree = richTree(place("source"));
    original = linesOf(listTree(tree));
    assert.ok(original.some((line) => line.includes("user.large")));
    succeeded(await machine.varve("backup", tree));
    mkdirSync(place("giving"));
    told(["setfacl", "-m", "d:u:7:rwx,d:g:8:rwx,d:m::rwx", place("giving")]);
  });
  after(() => typeof mounted === "string" || mounted.unmount());

  for (const to of ["giving/new", "giving"]) {
    it(`gets back what was there and no more, in ${to}`, { skip }, async () => {
      told(["rm", "-rf", place("giving/new")]);
      succeeded(await machine.varve("restore", "--special", "--to", place(to)));
      assert.deepEqual(linesOf(listTree(place(to))), original);
    });
  }
});
