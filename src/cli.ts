#!/usr/bin/env node
/**
 * From the command line to a command, and from what it throws to an exit
 * status. The only file that knows the process.
 */
import { writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { backup } from "./commands/backup.ts";
import { cache } from "./commands/cache.ts";
import { cat } from "./commands/cat.ts";
import { check } from "./commands/check.ts";
import { config } from "./commands/config.ts";
import { diff } from "./commands/diff.ts";
import { find } from "./commands/find.ts";
import { checkFlags, refuseConfig } from "./commands/flags.ts";
import { init } from "./commands/init.ts";
import { key } from "./commands/key.ts";
import { ls } from "./commands/ls.ts";
import { manifest } from "./commands/manifest.ts";
import { printable } from "./commands/output.ts";
import { restore } from "./commands/restore.ts";
import { snapshots } from "./commands/snapshots.ts";
import { setApart } from "./commands/streaming.ts";
import { verify } from "./commands/verify.ts";
import { UsageError, VarveError } from "./errors.ts";
import { fileFailure } from "./target/file-failure.ts";
import { endThreads } from "./threads.ts";

// What lives is small and what passes through is much: left alone, V8 lets the heap grow to several
// times what is alive before it collects. It costs no time that shows, and saves some 50 MB.
setFlagsFromString("--heap-growing-percent=50");

leaveNothingInCore();

const FAULT = 1;
const INTERRUPTED = 130;
const PATIENCE_MS = 3000;

const given = setApart(hideBin(process.argv));

const cli = yargs(given)
  // One language in all that is said: the commands' own.
  .locale("en")
  .parserConfiguration({
    "boolean-negation": false,
    "dot-notation": false,
    "parse-positional-numbers": false,
  })
  .scriptName("varve")
  .usage("$0 <command>\n\nEncrypted, deduplicated, incremental backups.")
  .option("json", { type: "boolean", default: false, describe: "One JSON object a line" })
  .option("config", { type: "string", requiresArg: true, describe: "The config file" })
  .option("verbose", { alias: "v", type: "boolean", default: false, describe: "Say more" })
  .option("quiet", { alias: "q", type: "boolean", default: false, describe: "Only problems" })
  .option("no-progress", { type: "boolean", default: false, describe: "Show no progress" })
  .command(init)
  .command(backup)
  .command(restore)
  .command(verify)
  .command(manifest)
  .command(snapshots)
  .command(check)
  .command(key)
  .command(ls)
  .command(find)
  .command(cat)
  .command(diff)
  .command(cache)
  .command(config)
  .demandCommand(1, "say what to do: varve --help lists the commands")
  .strict()
  .recommendCommands()
  .exitProcess(false)
  .check((flags) => {
    checkFlags(flags);
    refuseConfig(flags, process.env);
    return true;
  })
  .fail((message, error) => {
    // YError: yargs' own word for what the user did wrong.
    throw error === undefined || error.name === "YError" ? new UsageError(message) : error;
  });

let isInterrupted = false;

// Temporary files are nobody's, and the repository is valid at every moment.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A progress bar may have hidden the cursor.
    if (process.stderr.isTTY) process.stderr.write("\u001b[?25h\n");
    // A thread may wait for a disk or a pipe that does not answer, and Node's own exit for that thread.
    const die = (): void => {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    };
    if (isInterrupted) die();
    isInterrupted = true;
    setTimeout(die, PATIENCE_MS);
    void endThreads().then(() => process.exit(INTERRUPTED));
  });
}
// Whoever read our output has enough. That ends no backup: `varve backup --json | head -1`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw fileFailure(error, "write to standard output");
});
process.on("uncaughtException", (error) => {
  const status = tell(error);
  void endThreads().then(() => process.exit(status));
});

try {
  await cli.parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}

/**
 * Session keys and passphrases are in memory only, and a core file would put them on a disk. Node
 * cannot forbid the file; Linux can be told to write no memory into it (core(5)), for all threads
 * and for the programs that this one runs. Elsewhere it is for `ulimit -c 0`.
 */
function leaveNothingInCore(): void {
  try {
    writeFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // There is no such thing here.
  }
}

/** Says what went wrong. @returns the exit status. */
function tell(error: unknown): number {
  // Whatever is cut off on the way out is no news.
  if (isInterrupted) return INTERRUPTED;
  const isKnown = error instanceof VarveError;
  const ours = given.slice(0, given.includes("--") ? given.indexOf("--") : undefined);
  const isVerbose = ours.some((flag) => /^(-[a-z]*v[a-z]*|--verbose)$/.test(flag));
  console.error(printable(`varve: ${error instanceof Error ? error.message : String(error)}`));
  if (!isKnown) console.error("This is a fault of varve's own: please report it, with -v.");
  if (isVerbose) {
    // Stacks only: what else hangs on an error may be large, or secret.
    for (let cause = error; cause instanceof Error; cause = cause.cause) {
      console.error(printable(cause.stack ?? ""));
    }
  }
  return isKnown ? error.exitCode : FAULT;
}
