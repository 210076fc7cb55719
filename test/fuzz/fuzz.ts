/**
 * `node dist/test/fuzz/fuzz.js [TARGET] [SECONDS]`: tries mutants with other
 * chance each time, on one target or on each in turn, 60 seconds by default.
 *
 * What goes wrong is kept among the seeds (seeds.ts) and printed: an error that
 * is not varve's, memory beyond bounds, a process that dies, and a watchdog's
 * bark where nothing moves. The exit status is then 1.
 */
import { fork } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "../support/scratch.ts";
import { keepSeed } from "./seeds.ts";
import type { FuzzTarget } from "./target.ts";
import { targets } from "./targets.ts";

const CHILD = fileURLToPath(new URL("./fuzz.child.js", import.meta.url));
const SILENCE_MS = 20_000;
const LOOK_MS = 1000;

/** What a child tells: how many mutants it tried, and what it found. */
export interface Report {
  readonly tried: number;
  readonly found: readonly string[];
}

/** Runs one child on a target until its time is over, or it says no more. */
async function fuzz(target: FuzzTarget, seconds: number): Promise<Report> {
  const current = join(scratchDirectory(), "input");
  const child = fork(CHILD, [target.name, String(seconds), current]);
  let report: Report | undefined;
  let isSilent = false;
  child.on("message", (message) => {
    report = message as Report;
  });
  const watchdog = setInterval(() => {
    const last = existsSync(current) ? statSync(current).mtimeMs : Date.now();
    isSilent = Date.now() - last > SILENCE_MS;
    if (isSilent) child.kill("SIGKILL");
  }, LOOK_MS);
  const ending = await new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `status ${code}`));
  });
  clearInterval(watchdog);
  if (report !== undefined && ending === "status 0") return report;
  const file = keepSeed(target, readFileSync(current));
  rmSync(current);
  const how = isSilent ? `nothing for ${SILENCE_MS} ms` : `the process died: ${ending}`;
  return { tried: 0, found: [`${file}: ${how}`] };
}

const [wanted, seconds = "60"] = process.argv.slice(2);
const chosen = targets.filter(
  ({ name }) => wanted === undefined || wanted === "all" || name === wanted,
);
if (chosen.length === 0) {
  console.error(`no such target: ${targets.map(({ name }) => `"${name}"`).join(" ")}`);
  process.exitCode = 2;
}
for (const target of chosen) {
  const { tried, found } = await fuzz(target, Number(seconds));
  console.log(`${target.name}: ${tried} mutants, ${found.length} found`);
  for (const find of found) console.log(`  ${find}`);
  if (found.length > 0) process.exitCode = 1;
}
