/** What a backup under way shows of its secrets: in a core file, and in command lines. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { RunName } from "../../src/format/names.ts";
import { ended, Machine, PROGRAM } from "../support/command.ts";
import { occurrences } from "../support/plunder.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { NO_STRACE } from "../support/tracing.ts";
import { noise } from "../support/trees.ts";
import { succeeded } from "../support/verdicts.ts";
import type { Writer } from "../support/writer.ts";
import { enrolmentOf, makeWriter, sessionKeyOf } from "../support/writer.ts";

const PATTERN = "/proc/sys/kernel/core_pattern";
const NO_CORE = noCore();
const mark = `marker ${randomBytes(16).toString("hex")}`;

/** Why there would be no core file in the working directory, where it can be looked into. */
function noCore(): string | false {
  const cwd = scratchDirectory();
  spawnSync("sh", ["-c", "ulimit -c unlimited && kill -ABRT $$"], { cwd });
  if (readdirSync(cwd).length > 0) return false;
  const pattern = existsSync(PATTERN) ? readFileSync(PATTERN, "utf8").trim() : "unknown";
  return `no core file comes into the working directory: the pattern is ${pattern}`;
}

/** The filter of core(5) for memory that is no file's: the system's default has that and some more. */
const OWN_MEMORY = "0x03";
const FILES = 12;

/** Made of what does not compress, and full of the mark. */
function markedNoise(seed: number): Uint8Array {
  const bytes = Buffer.from(noise(4 * 2 ** 20, seed));
  for (let at = 0; at + mark.length < bytes.length; at += 4096) bytes.write(mark, at);
  return bytes;
}

interface Aborted {
  readonly core: Buffer;
  readonly sessionKey: Uint8Array;
}

describe("a backup under way", () => {
  let privateKey: string;
  before(async () => {
    const maker = new Machine();
    succeeded(await maker.varve("key", "generate", "--no-passphrase", "key"));
    privateKey = readFileSync(join(maker.home, "key"), "utf8");
  });

  /** Kills a backup that is half done, so that the system writes a core file if it is to. */
  async function aborted(prepare: (filter: string) => void): Promise<Aborted> {
    const writer = await makeWriter(privateKey);
    for (let seed = 0; seed < FILES; seed += 1) {
      writeFileSync(join(writer.tree, `${seed}`), markedNoise(seed));
    }
    const cwd = scratchDirectory();
    const child = underWay(writer, cwd);
    const end = ended(child);
    const run = await halfDone(child, writer.store);
    prepare(`/proc/${child.pid}/coredump_filter`);
    child.kill("SIGABRT");
    assert.equal((await end).status, null, "it was done already");
    const [name = ""] = readdirSync(cwd);
    return {
      core: readFileSync(join(cwd, name)),
      sessionKey: await sessionKeyOf(writer, run, privateKey),
    };
  }

  const has = (secret: Uint8Array, bytes: Buffer) =>
    occurrences(secret, [{ where: "there", bytes }]).length > 0;

  it("leaves no secret and no content in a core file", { skip: NO_CORE }, async () => {
    const { core, sessionKey } = await aborted((filter) => {
      assert.equal(readFileSync(filter, "utf8").trim(), "00000000");
    });
    assert.ok(!has(sessionKey, core));
    assert.ok(!core.includes(mark));
  });

  it("would leave both, were the system not told so", { skip: NO_CORE }, async () => {
    const { core, sessionKey } = await aborted((filter) => writeFileSync(filter, OWN_MEMORY));
    assert.ok(has(sessionKey, core));
    assert.ok(core.includes(mark));
  });

  it("has no secret in a command line", { skip: NO_STRACE }, async () => {
    const writer = await makeWriter(privateKey);
    const trace = join(scratchDirectory(), "trace");
    const under = ["strace", "-f", "-s", "4096", "-e", "trace=execve", "-o", trace];
    writeFileSync(join(writer.tree, "file"), "content");
    const { machine, tree, store } = writer;
    succeeded(await machine.run(["backup", tree], { under }));
    const said = readFileSync(trace);
    assert.match(said.toString(), /execve\(.*"backup"/);
    const { secret, signingKey } = await enrolmentOf(writer);
    const [run] = runsIn(store);
    assert.ok(run);
    for (const it of [secret, await sessionKeyOf(writer, run, privateKey)]) {
      assert.ok(!has(it, said));
    }
    assert.ok(signingKey.includes("PRIVATE KEY"));
    assert.ok(!said.includes("PRIVATE KEY"));
  });
});

function underWay({ machine, tree }: Writer, cwd: string): ChildProcess {
  const program = [process.execPath, PROGRAM, "backup", "--workers", "1", tree];
  return spawn("sh", ["-c", 'ulimit -c unlimited; exec "$@"', "sh", ...program], {
    cwd,
    env: machine.variables,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Waits until some packs of a run are stored. @returns the run. */
async function halfDone(child: ChildProcess, store: string): Promise<RunName> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const [run] = runsIn(store);
    const packs = join(store, "packs", run ?? "none");
    if (run !== undefined && existsSync(packs) && readdirSync(packs).length >= 3) return run;
    assert.equal(child.exitCode, null, "it ended before it was half done");
    assert.ok(Date.now() < deadline, "nothing is stored");
    await setTimeout(5);
  }
}

function runsIn(store: string): RunName[] {
  const runs = join(store, "runs");
  if (!existsSync(runs)) return [];
  return readdirSync(runs).flatMap((host) =>
    readdirSync(join(runs, host)).map((run) => `${host}/${run}` as RunName),
  );
}
