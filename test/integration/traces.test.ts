/** What a run leaves, and what it does not: opened files, stored bytes, plain text, progress, secrets. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { reachTarget, readEnvironment } from "../../src/commands/environment.ts";
import { openAsHost } from "../../src/commands/session.ts";
import type { PackTable, TapePart } from "../../src/format/table.ts";
import { segmentCount } from "../../src/format/table.ts";
import { readIndex } from "../../src/repository/index-objects.ts";
import { Machine } from "../support/command.ts";
import { NO_TERMINAL, onTerminal } from "../support/terminal.ts";
import { NO_STRACE } from "../support/tracing.ts";
import { bytesBelow, filesBelow, MARK, sampleTree } from "../support/trees.ts";

const KIB = 1024;
/** The progress of 9 files: how much, and how fast. */
const SHOWN = /9 files {2}\S+ KiB {2}\S+ \wi?B\/s/;

const machine = new Machine();
const source = sampleTree();

before(async () => {
  assert.equal((await machine.varve("backup", source)).status, 0);
});

describe("the repository", () => {
  it("has no name and no content in plain text", () => {
    const text = `a ${MARK} text`;
    assert.ok(readFileSync(join(source, `${MARK}.txt`), "utf8").includes(text));
    const { status, stdout } = spawnSync("grep", ["-ra", MARK, machine.repository]);
    assert.equal(status, 1, String(stdout));
    assert.ok(!filesBelow(machine.repository).some((path) => path.includes(MARK)));
  });
});

describe("segments", () => {
  it("have one size, but for each tape's last, which is a smaller one", async () => {
    const environment = await readEnvironment(machine.variables, { note: () => {} });
    const target = await reachTarget(undefined, environment);
    const { repository } = await openAsHost(target, environment);
    const tapes = new Map<string, number[]>();
    for await (const { name } of repository.target.list("index/")) {
      const index = await readIndex(repository, name);
      if (index.holds !== "places") continue;
      for (const part of partsOf(index.tables)) note(tapes, part);
    }
    const inner = [...tapes.values()].flatMap((sizes) => Object.values(sizes.slice(0, -1)));
    const last = [...tapes.values()].map((sizes) => sizes.at(-1) ?? 0);
    assert.ok(inner.length > 0);
    assert.equal(new Set(inner).size, 1);
    assert.ok(last.every((size) => size <= Math.max(...inner)));
    assert.ok(last.some((size) => size < Math.max(...inner)));
  });
});

/** Enters the sealed size of each segment under its tape and number. */
function note(tapes: Map<string, number[]>, { run, tape, segments }: TapePart): void {
  const sizes = tapes.get(`${run} ${tape}`) ?? [];
  for (const group of segments) {
    for (let at = 0; at < segmentCount(group); at += 1) sizes[group.first + at] = group.sealedSize;
  }
  tapes.set(`${run} ${tape}`, sizes);
}

function partsOf(tables: Iterable<PackTable>): TapePart[] {
  return [...tables].flatMap(({ parts }) => parts);
}

describe("a second backup", () => {
  it("opens no file that has not changed", { skip: NO_STRACE }, async () => {
    const trace = join(machine.home, "trace");
    const under = ["strace", "-f", "-e", "trace=open,openat", "-o", trace];
    const size = bytesBelow(machine.repository);
    assert.equal((await machine.run(["backup", source], { under })).status, 0);
    const opened = readFileSync(trace, "utf8").split("\n");
    const inSource = opened.filter((line) => line.includes(source));
    assert.ok(inSource.length > 0, "the walk itself should be seen");
    assert.deepEqual(
      inSource.filter((line) => !line.includes("O_DIRECTORY")),
      [],
    );
    assert.ok(bytesBelow(machine.repository) - size <= 24 * KIB);
  });

  it("stores little for one small file", async () => {
    writeFileSync(join(source, "docs/deep/changed"), "x".repeat(KIB));
    const size = bytesBelow(machine.repository);
    assert.equal((await machine.varve("backup", source)).status, 0);
    assert.ok(bytesBelow(machine.repository) - size <= 64 * KIB);
  });
});

describe("progress", () => {
  it("is shown on a terminal, unless it is not wanted", { skip: NO_TERMINAL }, async () => {
    const shown = await onTerminal(machine, ["backup", source]);
    assert.match(shown.out, SHOWN);
    const hidden = await onTerminal(machine, ["backup", "--no-progress", source]);
    assert.doesNotMatch(hidden.out, SHOWN);
  });

  it("is shown nowhere else, and -q leaves nothing", async () => {
    const { out, err } = await machine.varve("backup", "-q", source);
    assert.deepEqual([out, err], ["", ""]);
  });
});

describe("variables", () => {
  it("choose the digests and the cache", async () => {
    const cache = join(machine.home, "elsewhere");
    const variables = { VARVE_DIGESTS: "hash-wasm", VARVE_CACHE_DIR: cache };
    const made = await machine.run(["backup", "--force", source], { variables });
    assert.match(made.out, /; 0 B new,/, made.err);
    assert.equal(readdirSync(cache).length, 1);
    const verified = await machine.run(["restore", "--to", "w", "--verify"], { variables });
    assert.equal(verified.status, 0, verified.err);
  });

  it("may name a cache that cannot be used: a backup does without", async () => {
    const blocked = join(machine.home, "file");
    writeFileSync(blocked, "");
    const variables = { VARVE_CACHE_DIR: blocked };
    const { status, err, out } = await machine.run(["backup", source], { variables });
    assert.equal(status, 0, err);
    assert.match(err, /temporary cache/);
    assert.match(out, /; 0 B new,/);
  });
});

describe("secrets", () => {
  it("are in nothing that is said, and in no command line", { skip: NO_STRACE }, async () => {
    const variables = { VARVE_PASSPHRASE: "correct horse" };
    const owner = new Machine(variables);
    const trace = join(owner.home, "trace");
    const under = ["strace", "-f", "-s", "4096", "-e", "trace=execve", "-o", trace];
    let said = "";
    for (const args of [
      ["backup", "-v", source],
      ["restore", "-v", "--to", "out"],
      ["restore", "-v", "--to", "out"],
    ]) {
      const { out, err } = await owner.run(args, { under });
      said += out + err + readFileSync(trace, "utf8");
    }
    const host = join(owner.home, ".local/share/varve/hosts");
    const [name = ""] = readdirSync(host);
    const { secret } = JSON.parse(readFileSync(join(host, name), "utf8")) as { secret: string };
    assert.match(said, /there already/);
    for (const it of ["correct horse", secret, "PRIVATE KEY"]) assert.ok(!said.includes(it));
  });
});
