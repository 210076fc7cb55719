/** `backup --stdin` and `--stdin-command`: what is piped in, or printed, comes back as a file. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Ended } from "../support/command.ts";
import { ended, Machine, objectsOf, PROGRAM } from "../support/command.ts";
import { isRunning } from "../support/processes.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { NO_TERMINAL, onTerminal } from "../support/terminal.ts";
import { filesBelow, noise } from "../support/trees.ts";
import { idsOf, succeeded } from "../support/verdicts.ts";

const MIB = 2 ** 20;
const SIZES = ["--chunk-size", "16k", "--segment-size", "4k", "--pack-size", "1m"];

async function machineWithRepository(): Promise<Machine> {
  const machine = new Machine({ VARVE_TARGET: join(scratchDirectory(), "t") }, "by default");
  succeeded(await machine.varve("init", "--no-passphrase", ...SIZES));
  return machine;
}

function targetOf({ variables }: Machine): string {
  return variables["VARVE_TARGET"] ?? "";
}

/** Runs the program at the end of a shell's pipe. @param writer - what stands before it. */
function piped(machine: Machine, writer: string, ...args: string[]): Promise<Ended> {
  return machine.run(args, { under: ["sh", "-c", `${writer} | exec "$@"`, "sh"] });
}

/** Starts a backup of what the caller writes, to a socket: that is what Node has for a pipe. */
function started(machine: Machine, ...args: string[]): ChildProcess {
  const command = [PROGRAM, "backup", ...args];
  return spawn(process.execPath, command, { cwd: machine.home, env: machine.variables });
}

async function until(reached: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!reached()) {
    assert.ok(Date.now() < deadline, "it did not come to that");
    await setTimeout(10);
  }
}

const packsOf = (machine: Machine) => {
  const packs = join(targetOf(machine), "packs");
  return existsSync(packs) ? filesBelow(packs).length : 0;
};

const endsOf = (machine: Machine) =>
  filesBelow(join(targetOf(machine), "runs")).filter((path) => path.endsWith("/end"));

/** What a snapshot has under a name. */
async function bytesOf(machine: Machine, name: string): Promise<string> {
  return succeeded(await machine.varve("cat", name)).out;
}

function snapshotOf(made: Ended): Record<string, unknown> {
  const [snapshot] = objectsOf(succeeded(made));
  assert.equal(snapshot?.["event"], "snapshot");
  return snapshot ?? {};
}

describe("standard input", () => {
  let machine: Machine;
  const content = noise(30 * MIB);

  before(async () => {
    machine = await machineWithRepository();
    writeFileSync(join(machine.home, "content"), content);
  });

  it("comes back as the file that it was to be", async () => {
    const made = snapshotOf(
      await piped(machine, "cat content", "backup", "--stdin", "dump.sql", "--json"),
    );
    assert.deepEqual(
      [made["source"], made["files"], made["bytes"], made["newBytes"]],
      ["dump.sql", 1, content.length, content.length],
    );
    succeeded(await machine.varve("restore", "--to", "out"));
    const restored = join(machine.home, "out/dump.sql");
    assert.deepEqual(readdirSync(join(machine.home, "out")), ["dump.sql"]);
    assert.ok(readFileSync(restored).equals(content));
    const { mode, uid, mtimeMs } = statSync(restored);
    assert.deepEqual([mode & 0o7777, uid, mtimeMs], [0o600, process.getuid?.(), made["begun"]]);
    const digest = createHash("sha1").update(content).digest("hex");
    assert.equal((await machine.varve("manifest")).out, `${digest}  dump.sql\n`);
    assert.match((await machine.varve("ls", "-l")).out, / 31457280 .* dump\.sql$/m);
    succeeded(await machine.varve("verify", "out"));
    assert.match((await machine.varve("diff", "latest", "./out/dump.sql")).out, /^0 added, 0 rem/);
    assert.deepEqual(idsOf(await machine.varve("snapshots", "--source", "dump.sql", "--json")), [
      made["id"],
    ]);
    succeeded(await machine.varve("check"));
  });

  it("is stored once, however often it comes", async () => {
    const packs = packsOf(machine);
    const made = snapshotOf(
      await machine.run(["backup", "--stdin", "dump.sql", "--time", "@1700000000", "--json"], {
        under: ["sh", "-c", 'exec "$@" < content', "sh"],
      }),
    );
    assert.deepEqual([made["newBytes"], made["storedBytes"]], [0, 0]);
    assert.equal(packsOf(machine), packs);
    const [file] = objectsOf(await machine.varve("manifest", "--json"));
    assert.match(String(file?.["mtime"]), /^1700000000\./);
  });

  it("is waited for, even if it does not block", { skip: NO_TERMINAL }, async () => {
    const unblocked =
      "import os, sys; os.set_blocking(0, False); os.execvp(sys.argv[1], sys.argv[1:])";
    const writer = "(sleep 1; echo one; sleep 0.5; echo two)";
    const shell = ["sh", "-c", `${writer} | exec python3 -c '${unblocked}' "$@"`, "sh"];
    succeeded(await machine.run(["backup", "--stdin", "slow"], { under: shell }));
    assert.equal(await bytesOf(machine, "slow"), "one\ntwo\n");
  });

  it("may be empty, and that is told to everybody", async () => {
    const made = succeeded(await machine.varve("backup", "--stdin", "empty", "-q"));
    assert.equal(made.err, "empty is empty: nothing came\n");
  });

  it("is no terminal", { skip: NO_TERMINAL }, async () => {
    const { status, out } = await onTerminal(machine, ["backup", "--stdin", "x"]);
    assert.equal(status, 2);
    assert.match(out, /nothing is piped in: standard input is the terminal/);
  });

  it("is no directory", async () => {
    const under = ["sh", "-c", 'exec "$@" < /', "sh"];
    const { status, err } = await machine.run(["backup", "--stdin", "x"], { under });
    assert.deepEqual([status, /is a directory: back it up/.test(err)], [2, true]);
  });
});

describe("standard input that is cut off", () => {
  it("makes no snapshot, and what was stored is not sent again", async () => {
    const machine = await machineWithRepository();
    const content = noise(16 * MIB);
    const child = started(machine, "--stdin", "dump");
    const end = ended(child);
    child.stdin?.on("error", () => {});
    child.stdin?.write(content.subarray(0, 12 * MIB));
    await until(() => packsOf(machine) >= 10);
    // It waits for more now, which does not keep it.
    child.kill("SIGINT");
    assert.equal((await end).status, 130);
    assert.deepEqual(endsOf(machine), []);
    writeFileSync(join(machine.home, "content"), content);
    const made = snapshotOf(
      await piped(machine, "cat content", "backup", "--stdin", "dump", "--json"),
    );
    assert.ok(Number(made["newBytes"]) <= 8 * MIB, JSON.stringify(made));
    succeeded(await machine.varve("restore", "--to", "out"));
    assert.ok(readFileSync(join(machine.home, "out/dump")).equals(content));
  });
});

describe("a program's output", () => {
  let machine: Machine;
  const backup = (...args: string[]) => machine.varve("backup", ...args);

  before(async () => {
    machine = await machineWithRepository();
  });

  it("does not count if the program fails", async () => {
    const script = `head -c ${3 * MIB} /dev/urandom; echo secret; echo it broke >&2; exit 1`;
    const { status, err } = await backup("-v", "--stdin-command", "sh", "-c", script);
    assert.equal(status, 4, err);
    assert.match(err, /^it broke\nvarve: sh failed \(exit status 1\): nothing was committed$/m);
    assert.doesNotMatch(err, /secret|fault of varve/);
    assert.deepEqual(endsOf(machine), []);
    assert.ok(packsOf(machine) > 0);
  });

  it("is a file of the name it is given, and its arguments are its own", async () => {
    const args = ["%s|", "a b", "-v", "", "--json", "--", "--to=x"];
    const made = await backup("--stdin", "named", "--stdin-command", "--", "printf", ...args);
    assert.match(succeeded(made).out, /^snapshot [0-9a-f]{16} of named: 1 file, 25 B/);
    assert.equal(await bytesOf(machine, "named"), "a b|-v||--json|--|--to=x|");
  });

  it("counts once the program has ended, which may read what is piped in", async () => {
    const script = "cat; exec >&-; sleep 0.5; echo done > done";
    const args = ["backup", "--stdin-command", "sh", "-c", script];
    succeeded(await piped(machine, "echo through", ...args));
    assert.ok(existsSync(join(machine.home, "done")));
    assert.equal(await bytesOf(machine, "sh"), "through\n");
  });

  it("ends with the backup, which Ctrl-C ends", async () => {
    const ends = endsOf(machine);
    const file = join(scratchDirectory(), "pid");
    const script = `echo x; echo $$ > ${file}; exec sleep 1000`;
    const child = started(machine, "--stdin-command", "sh", "-c", script);
    const end = ended(child);
    await until(() => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"));
    const pid = Number(readFileSync(file, "utf8"));
    child.kill("SIGINT");
    assert.equal((await end).status, 130);
    await until(() => !isRunning(pid));
    assert.deepEqual(endsOf(machine), ends);
  });

  it("ends with the backup, which the target ends", async () => {
    const packs = join(targetOf(machine), "packs");
    const file = join(scratchDirectory(), "pid");
    // The run's own directory cannot be made: something else is there.
    const script = `echo $$ > ${file}; for run in ${targetOf(machine)}/runs/*/*; do
      run=\${run#*/runs/}; [ -e ${packs}/$run ] || { mkdir -p ${packs}/\${run%/*}; : > ${packs}/$run; }
    done; head -c ${4 * MIB} /dev/urandom; exec sleep 1000`;
    const { status, err } = await backup("--stdin-command", "sh", "-c", script);
    assert.equal(status, 2, err);
    assert.match(err, /packs.* is in the way/);
    await until(() => !isRunning(Number(readFileSync(file, "utf8"))));
  });
});
