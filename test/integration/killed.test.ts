/**
 * Commands that are ended at any call of theirs: by kill -9, by Ctrl-C, or by
 * a system that shuts down. What is in the repository stays valid, and the
 * same command once more goes on where it was.
 *
 * A few moments here; with SLOW=1 every one of them.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { reachTarget } from "../../src/commands/environment.ts";
import { openAsHost } from "../../src/commands/session.ts";
import { Machine } from "../support/command.ts";
import type { EndSignal, Moment, Traced } from "../support/killing.ts";
import { openedBelow, runUpTo, spread, traced } from "../support/killing.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { tablesOf } from "../support/stored.ts";
import { NO_STRACE } from "../support/tracing.ts";
import { filesBelow, fingerprintOf, noise } from "../support/trees.ts";
import { succeeded } from "../support/verdicts.ts";
import { environmentOf } from "../support/world.ts";

const SIZES = ["--chunk-size", "64k", "--segment-size", "4k", "--pack-size", "1m"];
const PACK_BYTES = 2 ** 20;
const FILE_BYTES = 400_000;
const FILES = 15;
const NOT_SLOW = process.env["SLOW"] ? false : "only with SLOW=1";
const SIGNALS: readonly EndSignal[] = ["KILL", "INT", "TERM"];

const machine = new Machine({ VARVE_TARGET: "t" });
const tree = join(machine.home, "tree");
/** The machine with an empty repository, and the same with a snapshot in it. */
const states = { empty: scratchDirectory(), stored: scratchDirectory() };

function keep(state: keyof typeof states): void {
  cpSync(machine.home, states[state], { recursive: true, preserveTimestamps: true });
}

/** At the same place, for what is remembered of it names that. */
function bringBack(state: keyof typeof states): void {
  for (const name of readdirSync(machine.home)) {
    rmSync(join(machine.home, name), { recursive: true });
  }
  cpSync(states[state], machine.home, { recursive: true, preserveTimestamps: true });
}

before(async () => {
  succeeded(await machine.varve("init", "--no-passphrase", "t", ...SIZES));
  mkdirSync(join(tree, "small"), { recursive: true });
  for (let at = 0; at < FILES; at += 1) {
    writeFileSync(join(tree, `file-${at}`), noise(FILE_BYTES, at));
  }
  for (let at = 0; at < 20; at += 1) writeFileSync(join(tree, `small/${at}`), `small ${at}`);
  keep("empty");
});

/** Ends a command at a moment. @returns nothing if it came to its own end before. */
async function endAt(
  args: readonly string[],
  moment: Moment,
  signal: EndSignal,
): Promise<Traced | undefined> {
  const run = await runUpTo(machine, args, { ...moment, signal });
  if (run.ended.status === 0) return undefined;
  // On its way out nobody minds a signal any more, and what it does then is the system's.
  const { status, err } = run.ended;
  const ways = signal === "KILL" ? ["SIGKILL"] : ["130", `SIG${signal}`];
  assert.ok(ways.includes(run.ended.signal ?? String(status)), `${moment.line}\n${err}`);
  assert.equal(err, "");
  return run;
}

async function assertValid(): Promise<void> {
  succeeded(await machine.varve("check"));
}

async function assertRestores(): Promise<void> {
  const out = join(machine.home, "out");
  rmSync(out, { recursive: true, force: true });
  succeeded(await machine.varve("restore", "--to", out));
  assert.equal(fingerprintOf(out), fingerprintOf(tree));
}

/** Packs of which something was stored once more later. */
async function packsSentAgain(): Promise<string[]> {
  const environment = await environmentOf(machine);
  const target = await reachTarget(join(machine.home, "t"), environment);
  const { repository } = await openAsHost(target, environment);
  const first = new Map<string, string>();
  const again = new Set<string>();
  for (const { pack, parts } of await tablesOf(
    { unlocked: repository.unlocked, means: environment.means },
    target,
  )) {
    for (const { id } of parts.flatMap(({ frames }) => frames.flatMap(({ chunks }) => chunks))) {
      const before = first.get(id);
      if (before === undefined) first.set(id, pack);
      else again.add(before);
    }
  }
  return [...again];
}

describe("a backup that is ended", { skip: NO_STRACE }, () => {
  const args = ["backup", tree];
  let moments: readonly Moment[];

  before(async () => {
    const whole = await traced(machine, args);
    succeeded(whole.ended);
    moments = whole.moments;
    assert.equal(openedBelow(tree, whole).length, FILES + 20);
    keep("stored");
  });

  /** Runs once more, to the end, and looks at what `ended` runs left to it. */
  async function goOn(ended: readonly Traced[]): Promise<void> {
    const next = await traced(machine, args);
    succeeded(next.ended);
    const now = new Set(openedBelow(tree, next));
    for (const run of ended) {
      const again = openedBelow(tree, run).filter((name) => now.has(name));
      const bytes = again.reduce((sum, name) => sum + statSync(join(tree, name)).size, 0);
      // A pack that is being filled, one that is on its way, and what they share a file with.
      assert.ok(bytes <= 2 * PACK_BYTES + FILE_BYTES, `read again: ${again.join(" ")}`);
    }
    // One of which nobody heard that it is there.
    const sent = await packsSentAgain();
    assert.ok(sent.length <= ended.length, `sent again: ${sent.join(" ")}`);
    await assertValid();
    await assertRestores();
  }

  it("goes on where it was, however often", async () => {
    bringBack("empty");
    const ended: Traced[] = [];
    for (const [at, moment] of spread(moments, SIGNALS.length + 2)
      .slice(1, -1)
      .entries()) {
      const run = await endAt(args, moment, SIGNALS[at] ?? "KILL");
      if (run === undefined) continue;
      ended.push(run);
    }
    assert.ok(ended.length > 1, "nothing was ended");
    await assertValid();
    await goOn(ended);
  });

  it("goes on where it was, whichever call it was ended at", { skip: NOT_SLOW }, async () => {
    for (const [at, moment] of moments.entries()) {
      bringBack("empty");
      const run = await endAt(args, moment, SIGNALS[at % SIGNALS.length] ?? "KILL");
      await assertValid();
      if (run !== undefined) await goOn([run]);
    }
  });
});

describe("a restore that is ended", { skip: NO_STRACE }, () => {
  const out = join(machine.home, "out");
  const args = ["restore", "--to", "out", "--conflict", "overwrite"];

  it("comes to its end the next time, whichever call it was ended at", async () => {
    bringBack("stored");
    const whole = await traced(machine, args);
    succeeded(whole.ended);
    const all = process.env["SLOW"] ? whole.moments : spread(whole.moments, 3).slice(1, -1);
    for (const [at, moment] of all.entries()) {
      bringBack("stored");
      if ((await endAt(args, moment, SIGNALS[at % SIGNALS.length] ?? "KILL")) === undefined)
        continue;
      succeeded(await machine.varve(...args));
      // What was being written has a name of its own, which nobody takes for a file of the tree.
      for (const path of filesBelow(out)) if (path.includes("/.varve-partial-")) rmSync(path);
      assert.equal(fingerprintOf(out), fingerprintOf(tree), moment.line.slice(0, 200));
    }
  });
});
