/**
 * What does a whole backup cost, and a restore, beside `tar | zstd -1`, which
 * neither encrypts nor deduplicates, and beside `cp -a`?
 *
 * usage: node dist/bench/whole.bench.js [TREE] [ROUNDS]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Measured } from "./processes.ts";
import { measure, median, spread } from "./processes.ts";

const tree = resolve(
  process.argv[2] ?? fileURLToPath(new URL("../../node_modules", import.meta.url)),
);
const rounds = Number(process.argv[3] ?? 5);
const work = mkdtempSync(join(tmpdir(), "varve-bench-"));
const cli = `node ${fileURLToPath(new URL("../src/cli.js", import.meta.url))}`;
const home = join(work, "home");
const variables = { HOME: home, XDG_DATA_HOME: "", XDG_CACHE_HOME: "" };

/** In this order in each round: what one makes, the next may use. */
const steps: Readonly<Record<string, string>> = {
  "tar | zstd -1": `tar -C ${tree} -cf - . | zstd -1 -q -f -o ${work}/tar.zst`,
  "first backup": `rm -rf ${home} && ${cli} backup ${tree}`,
  "second, unchanged": `${cli} backup ${tree}`,
  "third, unchanged": `${cli} backup ${tree}`,
  "cp -a": `rm -rf ${work}/copy && cp -a ${tree} ${work}/copy`,
  "full restore": `rm -rf ${work}/restored && ${cli} restore --to ${work}/restored`,
};

try {
  const results = new Map<string, Measured[]>(Object.keys(steps).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, command] of Object.entries(steps)) {
      const measured = await measure(command, variables);
      // The first round warms up, and is checked.
      if (round > 0) results.get(name)?.push(measured);
    }
    if (round === 0) {
      execFileSync("diff", ["-r", "--no-dereference", tree, `${work}/restored`]);
      console.log(`${tree}: ${sizeOf(tree)} MB; restored tree equal by diff -r`);
      console.log(
        `stored: tar.zst ${sizeOf(`${work}/tar.zst`)} MB, repository ${sizeOf(`${home}/.local`)} MB`,
      );
    }
  }
  const floor = median(results.get("tar | zstd -1")?.map(({ wall }) => wall) ?? []);
  for (const [name, measured] of results) {
    const wall = measured.map((one) => one.wall);
    console.log(
      `  ${name.padEnd(18)} wall ${spread(wall)} s  x ${(median(wall) / floor).toFixed(2)}` +
        `  CPU ${spread(measured.map((one) => one.cpu))} s` +
        `  peak ${spread(
          measured.map((one) => one.memory),
          0,
        )} MB`,
    );
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** In MB. */
function sizeOf(path: string): number {
  return Number(execFileSync("du", ["-sk", path]).toString().split("\t")[0]) / 1000;
}
