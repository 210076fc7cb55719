/** What `backup` is told to leave out, by each of the flags; and what it says of that. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import type { Plant } from "../support/tree.ts";
import { directory, file, plant } from "../support/tree.ts";

const NOBODY = "65534";
/** Nobody can read what nobody may; root can. */
const UNPRIVILEGED = ["setpriv", `--reuid=${NOBODY}`, "--clear-groups"];
const hasSetpriv = succeeds([...UNPRIVILEGED, "true"]);
const hasMounts = succeeds(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]);

function succeeds([command = "", ...args]: readonly string[]): boolean {
  return spawnSync(command, args).status === 0;
}

interface Outcome {
  readonly made: Ended;
  /** The paths in the snapshot. */
  readonly kept: readonly string[];
  /** What was said to have matched nothing. */
  readonly unused: readonly string[];
}

/** A machine with a tree on it. */
class Site {
  readonly machine = new Machine();
  readonly tree: string;

  constructor(tree: Plant) {
    this.tree = join(this.machine.home, "tree");
    plant(this.tree, tree);
  }

  write(name: string, text: string): string {
    const path = join(this.machine.home, name);
    writeFileSync(path, text);
    return path;
  }

  async backUp(flags: readonly string[], under: readonly string[] = []): Promise<Outcome> {
    const made = await this.machine.run(["backup", this.tree, ...flags], { under });
    const listed = objectsOf(await this.machine.varve("manifest", "--json"));
    return {
      made,
      kept: listed.map(({ path }) => String(path)).filter((path) => path !== ""),
      unused: made.err.match(/.+(?= matched nothing$)/gm) ?? [],
    };
  }
}

const empty = file("");

// Each on a machine of its own.
describe("backup leaves out", { concurrency: 2 }, () => {
  it("by patterns, of which the last that matches counts", async () => {
    const site = new Site(
      directory({
        "a.o": empty,
        "keep.o": empty,
        "!b": empty,
        sub: directory({ "keep.o": empty, "x.swp": empty }),
        gone: directory({ "keep.o": empty }),
        Trashes: directory({ x: empty }),
      }),
    );
    const patterns = [
      "*.o",
      "!keep.o",
      "gone/",
      "!gone/keep.o",
      "\\!b",
      "re:^.*\\.(swp|Trashes)$/",
    ];
    const flags = patterns.flatMap((pattern) => ["--exclude", pattern]);
    const { made, kept, unused } = await site.backUp([...flags, "--exclude", "re:(?i)TRASHES/$"]);
    assert.equal(made.status, 0, made.err);
    assert.doesNotMatch(made.err, /left out/);
    assert.deepEqual(kept, ["keep.o", "sub", "sub/keep.o", "sub/x.swp"]);
    // The second is Brackup's best known one: nothing comes behind the end.
    assert.deepEqual(unused, ["--exclude !gone/keep.o", "--exclude re:^.*\\.(swp|Trashes)$/"]);
  });

  it("by files of patterns, over which --exclude has the last word", async () => {
    const site = new Site(directory({ a: empty, b: empty, c: empty, "d e": empty }));
    const first = site.write("first", "# what is made\r\n\r\na\r\nnothing\r\n!b\r\n");
    const second = site.write("second", "b\nc\n  d e  \n");
    const files = ["--exclude-file", first, "--exclude-file", second];
    const { made, kept, unused } = await site.backUp(["--exclude", "!c", ...files]);
    assert.equal(made.status, 0, made.err);
    assert.deepEqual(kept, ["c"]);
    assert.deepEqual(unused, [`${first}:4: nothing`]);
  });

  it("by .gitignore files, and says under -v what and why", async () => {
    const site = new Site(
      directory({
        ".gitignore": file("*.o\n/build/\n"),
        "a.o": empty,
        build: directory({ x: empty }),
        sub: directory({ ".gitignore": file("!keep.o"), "keep.o": empty, build: directory({}) }),
      }),
    );
    const { made, kept } = await site.backUp(["--gitignore", "-v"]);
    assert.equal(made.status, 0, made.err);
    assert.deepEqual(kept, [".gitignore", "sub", "sub/.gitignore", "sub/build", "sub/keep.o"]);
    const leftOut = [
      `left out ${site.tree}/a.o (.gitignore)`,
      `left out ${site.tree}/build (.gitignore)`,
    ];
    assert.deepEqual(made.err.match(/^left out.*$/gm), leftOut);
    const preview = await site.machine.varve("backup", site.tree, "--gitignore", "-v", "--dry-run");
    assert.equal(preview.status, 0, preview.err);
    assert.deepEqual(preview.err.match(/^left out.*$/gm), leftOut);
    assert.match(preview.out, /of 3, /);
  });

  it("what is in a .gitignore that cannot be read not, and tells: exit 3", {
    skip: hasSetpriv ? false : "there is no setpriv, or it may not",
  }, async () => {
    const site = new Site(directory({ ".gitignore": file("a"), a: empty }));
    chmodSync(join(site.tree, ".gitignore"), 0);
    assert.equal(spawnSync("chown", ["-R", NOBODY, site.machine.home]).status, 0);
    const { made, kept } = await site.backUp(["--gitignore"], UNPRIVILEGED);
    assert.equal(made.status, 3, made.err);
    assert.deepEqual(kept, ["a"]);
    const path = `${site.tree}/.gitignore`;
    assert.match(made.err, new RegExp(`^${path}: cannot read what it says of what to leave`, "m"));
  });

  it("caches, what is marked and what is large, in a dry run as well", async () => {
    const tag = file("Signature: 8a477f597d28d172789f06886806bc55\n");
    const site = new Site(
      directory({
        cache: directory({ "CACHEDIR.TAG": tag, a: empty, b: directory({ c: empty }) }),
        marked: directory({ ".nobackup": empty, a: empty }),
        none: directory({ "CACHEDIR.TAG": empty, a: empty }),
        large: file("x".repeat(1537)),
        fits: file("x".repeat(1536)),
      }),
    );
    const present = ["--exclude-if-present", ".nobackup", "--exclude-if-present", ".no"];
    const flags = ["--exclude-caches", ...present, "--exclude-larger-than", "1.5k", "-v"];
    const { made, kept, unused } = await site.backUp(flags);
    assert.equal(made.status, 0, made.err);
    const marked = ["cache", "cache/CACHEDIR.TAG", "fits", "marked", "marked/.nobackup"];
    assert.deepEqual(kept, [...marked, "none", "none/CACHEDIR.TAG", "none/a"]);
    assert.deepEqual(unused, ["--exclude-if-present .no"]);
    const leftOut = [
      `left out what is in ${site.tree}/cache (--exclude-caches)`,
      `left out ${site.tree}/large (it is too large)`,
      `left out what is in ${site.tree}/marked (--exclude-if-present .nobackup)`,
    ];
    assert.deepEqual(made.err.match(/^left out.*$/gm), leftOut);
    const preview = await site.machine.varve("backup", site.tree, ...flags, "--dry-run");
    assert.equal(preview.status, 0, preview.err);
    assert.deepEqual(preview.err.match(/^left out.*$/gm), leftOut);
    assert.match(preview.out, /^would read 0 files of 5, 0 B of 1.5 KiB/);
  });

  it("other file systems, and keeps where they are mounted", {
    skip: hasMounts ? false : "it may not mount",
  }, async () => {
    const site = new Site(directory({ mount: directory({ hidden: empty }), z: empty }));
    const mount = join(site.tree, "mount");
    // In a name space of its own: nothing is left mounted.
    const script = `mount -t tmpfs none ${mount} && mkdir ${mount}/d && touch ${mount}/d/a && exec "$@"`;
    const mounted = ["unshare", "-m", "sh", "-ec", script, "sh"];
    const all = await site.backUp([], mounted);
    assert.deepEqual(all.kept, ["mount", "mount/d", "mount/d/a", "z"]);
    const { made, kept } = await site.backUp(["--one-file-system", "-v"], mounted);
    assert.equal(made.status, 0, made.err);
    assert.deepEqual(kept, ["mount", "z"]);
    assert.match(made.err, /^left out what is in .*\/tree\/mount \(another file system\)$/m);
    // What is mounted is one file system, if it is the source.
    const itself = await site.machine.run(["backup", mount, "--one-file-system"], {
      under: mounted,
    });
    assert.match(itself.out, /1 file, /);
  });

  it("names that are no text, by whatever matches them", async () => {
    const site = new Site(
      directory({
        ".gitignore": file(Buffer.from("\xfe*", "latin1")),
        "a\xff": empty,
        "b\xff.o": empty,
        "c\xff": directory({ a: empty }),
        "\xfe": empty,
        "z\xff": directory({ "CACHEDIR.TAG": empty, z: empty }),
      }),
    );
    const list = join(site.machine.home, "list");
    writeFileSync(list, Buffer.from("a\xff\n", "latin1"));
    const { made, kept, unused } = await site.backUp([
      ...["--exclude", "*.o", "--exclude", "c\\xff/", "--exclude", "re:^z.$", "--gitignore"],
      ...["--exclude-file", list, "--exclude-caches", "--exclude-larger-than", "1g"],
    ]);
    assert.equal(made.status, 0, made.err);
    assert.deepEqual(kept, [".gitignore"]);
    assert.deepEqual(unused, []);
  });

  it("nothing by what is no pattern, file, name or size: exit 2, and nothing is made", async () => {
    const site = new Site(directory({ a: empty }));
    const list = site.write("list", "a\nre:a++\n");
    for (const [flag, value, what] of [
      ["--exclude", "re:(?>a)", /--exclude re:\(\?>a\): \(\?> cannot be used here/],
      ["--exclude-file", list, /list:2: re:a\+\+: the possessive \+\+ cannot/],
      ["--exclude-if-present", "a/b", /--exclude-if-present should be the name of a file/],
      ["--exclude-larger-than", "large", /--exclude-larger-than should be a size/],
    ] as const) {
      const { status, err } = await site.machine.varve("backup", site.tree, flag, value);
      assert.equal(status, 2, `${flag} ${value}: ${err}`);
      assert.match(err, what);
    }
    assert.ok(!existsSync(site.machine.repository));
  });
});
