/**
 * System calls that fail in the middle of a backup, where strace makes them
 * fail: what it is about is told by name, all else is stored.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Ended } from "../support/command.ts";
import { Machine, objectsOf } from "../support/command.ts";
import { randomBytes } from "../support/random.ts";
import { sha1Of } from "../support/restless.ts";
import { sparseFile } from "../support/rough.ts";
import { scratchDirectory } from "../support/scratch.ts";

/** Not every system lets a process watch another, and old versions cannot inject. */
const INJECT = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=getpgid:error=EIO"];
const NO_STRACE =
  spawnSync("strace", [...INJECT, "true"]).status === 0 ? false : "strace is not there";

describe("a backup", { skip: NO_STRACE }, () => {
  const machine = new Machine({ VARVE_TARGET: join(scratchDirectory(), "target") });
  const source = scratchDirectory();
  const victim = join(source, "b-victim");
  const content = randomBytes(1, 400_000);

  before(async () => {
    for (const name of ["a", "b-victim", "c"]) writeFileSync(join(source, name), content);
    sparseFile(join(source, "sparse"), 2_000_000, { 1000000: content });
    // So that one reading takes several calls.
    const sizes = ["--chunk-size", "16k", "--segment-size", "4k"];
    const made = await machine.varve("init", "--no-passphrase", ...sizes);
    assert.equal(made.status, 0, made.err);
  });

  /** Backs up while some calls that are about one file fail. */
  async function backUp(calls: string, path: string): Promise<Ended> {
    const under = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", path, "-e", `inject=${calls}`];
    return machine.run(["backup", "--force", "--json", source], { under });
  }

  async function sumsOf(): Promise<Record<string, string>> {
    const sums: Record<string, string> = {};
    for (const { path, digest } of objectsOf(await machine.varve("manifest", "--json"))) {
      if (path !== "") sums[String(path)] = String(digest);
    }
    return sums;
  }

  const whole = `sha1:${sha1Of(content)}`;
  const problemsIn = (ended: Ended) =>
    objectsOf(ended)
      .filter(({ event }) => event === "problem")
      .map(({ path, message }) => `${path}: ${message}`);

  for (const [what, calls] of [
    ["opened", "openat:error=EACCES"],
    ["read", "pread64:error=EIO"],
    ["read to its end", "pread64:error=EIO:when=2+"],
  ] as const) {
    it(`tells a file that cannot be ${what}, exits with 3, and stores the others`, async () => {
      const made = await backUp(calls, victim);
      assert.equal(made.status, 3, made.err);
      const [problem = "", ...others] = problemsIn(made);
      assert.match(problem, new RegExp(`^${victim}: cannot (open|read) it: E(ACCES|IO)`));
      assert.deepEqual(others, []);
      const sums = await sumsOf();
      assert.deepEqual(Object.keys(sums), ["a", "c", "sparse"]);
      assert.deepEqual([sums["a"], sums["c"]], [whole, whole]);
    });
  }

  it("stores a file without the attributes that cannot be read, and tells so", async () => {
    const made = await backUp("flistxattr:error=EIO", victim);
    assert.equal(made.status, 3, made.err);
    const problems = problemsIn(made);
    assert.match(
      problems.join("\n"),
      /^[^\n]*b-victim: stored without its extended attr[^\n]*EIO[^\n]*$/,
    );
    assert.equal((await sumsOf())["b-victim"], whole);
    // And remembers nothing: the next run tries again.
    const next = await machine.varve("backup", "--dry-run", "-v", source);
    assert.match(next.err, /would read b-victim/);
  });

  it("reads holes, where the file system cannot tell where they are", async () => {
    const made = await backUp("lseek:error=EINVAL", join(source, "sparse"));
    assert.equal(made.status, 0, made.err);
    const entries = objectsOf(await machine.varve("manifest", "--json"));
    const sparse = entries.find(({ path }) => path === "sparse");
    assert.equal(sparse?.["holes"], undefined);
    const zeros = new Uint8Array(600_000);
    const expected = Buffer.concat([new Uint8Array(1_000_000), content, zeros]);
    assert.equal(sparse?.["digest"], `sha1:${sha1Of(expected)}`);
  });

  it("goes on as if nothing had been, once the calls work", async () => {
    const made = await machine.varve("backup", source);
    assert.equal(made.status, 0, made.err);
    assert.deepEqual(Object.keys(await sumsOf()), ["a", "b-victim", "c", "sparse"]);
    const verified = await machine.varve("verify", source);
    assert.equal(verified.status, 0, verified.err);
  });
});
