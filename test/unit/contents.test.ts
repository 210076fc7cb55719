import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Contents } from "../../src/disk/contents.ts";
import { cacheTag, presence } from "../../src/disk/filter/marker.ts";
import type { LeftOut } from "../../src/disk/filter.ts";
import { Filter } from "../../src/disk/filter.ts";
import { walk } from "../../src/disk/walk.ts";
import { UsageError } from "../../src/errors.ts";
import type { RawName } from "../../src/format/raw-name.ts";
import { rawFromText } from "../../src/format/raw-name.ts";
import { deepTree } from "../support/rough.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { directory, file, plant } from "../support/tree.ts";

const name = "f" as RawName;
const SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55";

function contentsOf(root: string, path = ""): Contents {
  return new Contents(rawFromText(root), rawFromText(path), [name]);
}

describe("what is read of a directory before it is walked", () => {
  it("is the beginning of a file, and no more than was asked for", () => {
    const root = scratchDirectory();
    mkdirSync(join(root, "d"));
    writeFileSync(join(root, "d/f"), "abcdef");
    const contents = contentsOf(root, "d");
    assert.equal(String(Buffer.from(contents.head(name, 4) ?? [])), "abcd");
    assert.equal(String(Buffer.from(contents.head(name, 100) ?? [])), "abcdef");
    // As much memory is taken as there is to read.
    assert.equal(contents.head(name, 2 ** 40)?.buffer.byteLength, 6);
    assert.deepEqual(contents.problems, []);
  });

  it("is nothing where there is no file, whatever has its name", async () => {
    const make: Readonly<Record<string, (path: string) => void>> = {
      nothing: () => {},
      "a directory": (path) => mkdirSync(path),
      "a FIFO": (path) => void spawnSync("mkfifo", [path]),
      "a link": (path) => symlinkSync("/etc/passwd", path),
      "a loop": (path) => symlinkSync("f", path),
      "a link to a device": (path) => symlinkSync("/dev/zero", path),
    };
    for (const [what, put] of Object.entries(make)) {
      const root = scratchDirectory();
      put(join(root, "f"));
      const contents = contentsOf(root);
      assert.equal(contents.head(name, 10), undefined, what);
      assert.deepEqual(contents.problems, [], what);
    }
    const root = scratchDirectory();
    const server = createServer().listen(join(root, "f"));
    assert.equal(contentsOf(root).head(name, 10), undefined, "a socket");
    await new Promise((resolve) => server.close(resolve));
  });

  it("is not read through a link in the way", () => {
    const root = scratchDirectory();
    mkdirSync(join(root, "real"));
    writeFileSync(join(root, "real/f"), "x");
    symlinkSync("real", join(root, "swapped"));
    assert.equal(contentsOf(root, "swapped").head(name, 10), undefined);
    assert.ok(contentsOf(join(root, "swapped")).head(name, 10), "the source itself may be one");
  });

  it("is a problem where there is a file that cannot be read", () => {
    const root = scratchDirectory();
    writeFileSync(join(root, "f"), "x");
    chmodSync(join(root, "f"), 0);
    chmodSync(root, 0o755);
    const contents = contentsOf(root);
    assert.equal(
      unprivileged(() => contents.head(name, 10)),
      undefined,
    );
    const [problem, ...others] = contents.problems;
    assert.equal(problem?.path, "f");
    assert.match(problem.message, /^cannot read what it says of what to leave out: EACCES/);
    assert.deepEqual(others, []);
  });

  it("is found however long the path is", () => {
    const depth = 25;
    const { root, name: each } = deepTree(depth);
    const script = `for at in $(seq ${depth}); do cd -P ${each} || exit 1; done; echo file > .gitignore`;
    assert.equal(spawnSync("bash", ["-c", script], { cwd: root }).status, 0);
    const { kept } = walked(root, new Filter([], { gitignore: true }));
    assert.deepEqual(
      kept.slice(depth).map((path) => path.slice(path.lastIndexOf("/") + 1)),
      [".gitignore"],
    );
  });
});

interface Walked {
  readonly kept: readonly string[];
  readonly told: readonly string[];
}

function walked(root: string, filter: Filter): Walked {
  const kept: string[] = [];
  const told: string[] = [];
  const exclusion = filter.exclusion(({ entry, what, because }: LeftOut) =>
    told.push(`${entry.path}: ${what}: ${because}`),
  );
  for (const step of walk(rawFromText(root), exclusion)) {
    assert.notEqual(step.kind, "problem");
    if (step.kind === "enter" && step.directory.path !== "") kept.push(step.directory.path);
    if (step.kind === "entries") kept.push(...step.entries.map(({ path }) => path));
  }
  return { kept, told };
}

/** Acts as somebody to whom modes mean something; root may read everything. */
function unprivileged<T>(action: () => T): T {
  if (process.getuid?.() !== 0) return action();
  process.seteuid?.(65534);
  try {
    return action();
  } finally {
    process.seteuid?.(0);
  }
}

describe("a directory with a marker", () => {
  const cache = () => new Filter([], { markers: [cacheTag("--exclude-caches")] });

  function rootOf(tag: Parameters<typeof directory>[0]): string {
    const root = scratchDirectory();
    const cached = directory({ a: file(""), d: directory({ b: file("") }), ...tag });
    plant(root, directory({ x: cached, y: file("") }));
    return root;
  }

  it("is kept with that alone", () => {
    for (const tag of [SIGNATURE, `${SIGNATURE}\n# This is a cache`]) {
      const { kept, told } = walked(rootOf({ "CACHEDIR.TAG": file(tag) }), cache());
      assert.deepEqual(kept, ["x", "x/CACHEDIR.TAG", "y"]);
      assert.deepEqual(told, ["x: what is in it: --exclude-caches"]);
    }
  });

  it("is no cache without the signature, in a file", () => {
    const spoilt = [
      { "CACHEDIR.TAG": file("") },
      { "CACHEDIR.TAG": file(SIGNATURE.slice(0, -1)) },
      { "CACHEDIR.TAG": file(` ${SIGNATURE}`) },
      { "CACHEDIR.TAG": file(SIGNATURE.toUpperCase()) },
      { "CACHEDIR.TAG": directory({}) },
      { "cachedir.tag": file(SIGNATURE) },
      { "CACHEDIR.TAG": { type: "symlink", target: "tag", mtime: 1e9 }, tag: file(SIGNATURE) },
    ] as const;
    for (const tag of spoilt) {
      const { kept, told } = walked(rootOf(tag), cache());
      assert.ok(kept.includes("x/d/b"), JSON.stringify(tag));
      assert.deepEqual(told, []);
    }
  });

  it("may have anything of a name, or several", () => {
    const flag = "--exclude-if-present";
    const markers = [".nobackup", "é", "unused"].map((text) => presence(text, flag));
    const filter = new Filter([], { markers: [...markers, cacheTag("--exclude-caches")] });
    const accented = String(rawFromText("é"));
    const root = rootOf({
      ".nobackup": directory({ inside: file("") }),
      [accented]: { type: "symlink", target: "gone", mtime: 1e9 },
    });
    const { kept, told } = walked(root, filter);
    assert.deepEqual(kept, ["x", "x/.nobackup", "x/.nobackup/inside", `x/${accented}`, "y"]);
    assert.deepEqual(told, [`x: what is in it: ${flag} .nobackup, ${flag} é`]);
    // A cache tag that is nowhere is nothing to tell.
    assert.deepEqual(filter.unused, [`${flag} unused`]);
  });

  it("has no path for it", () => {
    for (const text of ["", ".", "..", "a/b", "/"]) {
      assert.throws(() => presence(text, "--exclude-if-present"), UsageError, text);
    }
  });
});
