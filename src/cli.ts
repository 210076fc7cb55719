#!/usr/bin/env node
/**
 * From the command line to a command, and from what it throws to an exit
 * status. The only file that knows the process.
 */
import { setFlagsFromString } from "node:v8";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { backup } from "./commands/backup.ts";
import { init } from "./commands/init.ts";
import { manifest } from "./commands/manifest.ts";
import { restore } from "./commands/restore.ts";
import { snapshots } from "./commands/snapshots.ts";
import { verify } from "./commands/verify.ts";
import { UsageError, VarveError } from "./errors.ts";

// What lives is small and what passes through is much: left alone, V8 lets the heap grow to several
// times what is alive before it collects. It costs no time that shows, and saves some 50 MB.
setFlagsFromString("--heap-growing-percent=50");

const FAULT = 1;
const INTERRUPTED = 130;

const cli = yargs(hideBin(process.argv))
  .scriptName("varve")
  .usage("$0 <command>\n\nEncrypted, deduplicated, incremental backups.")
  .option("json", { type: "boolean", default: false, describe: "One JSON object a line" })
  .option("verbose", { alias: "v", type: "boolean", default: false, describe: "Say more" })
  .option("quiet", { alias: "q", type: "boolean", default: false, describe: "Only problems" })
  .option("progress", { type: "boolean", default: true, describe: "Show progress on a terminal" })
  .command(init)
  .command(backup)
  .command(restore)
  .command(verify)
  .command(manifest)
  .command(snapshots)
  .demandCommand(1, "say what to do: varve --help lists the commands")
  .strict()
  .recommendCommands()
  .version(false)
  .exitProcess(false)
  .fail((message, error) => {
    throw error ?? new UsageError(message);
  });

// Temporary files are nobody's, and the repository is valid at every moment.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A progress bar may have hidden the cursor.
    if (process.stderr.isTTY) process.stderr.write("\u001b[?25h\n");
    process.exit(INTERRUPTED);
  });
}
// Whoever reads our output has enough: `varve manifest | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : FAULT);
});

try {
  await cli.parseAsync();
} catch (error) {
  process.exitCode = error instanceof VarveError ? error.exitCode : FAULT;
  tell(error);
}

function tell(error: unknown): void {
  const isVerbose = process.argv.includes("-v") || process.argv.includes("--verbose");
  const known = error instanceof VarveError;
  console.error(`varve: ${error instanceof Error ? error.message : String(error)}`);
  if (!known) console.error("This is a fault of varve's own: please report it, with -v.");
  if (isVerbose && error instanceof Error) console.error(error.stack, error.cause ?? "");
}
