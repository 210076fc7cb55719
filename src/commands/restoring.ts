/** The flags of `restore`, and what is made of them. */
import { availableParallelism } from "node:os";
import type { Argv } from "yargs";
import { UsageError } from "../errors.ts";
import { displayName } from "../format/raw-name.ts";
import type { OnError } from "../restore/account.ts";
import type { Conflict } from "../restore/conflict.ts";
import { CONFLICTS } from "../restore/conflict.ts";
import type { LeftOut, Ownership } from "../restore/policy.ts";
import { Policy } from "../restore/policy.ts";
import type { Shortfall } from "../restore/shortfalls.ts";
import type { Output, OutputFlags } from "./output.ts";
import { count } from "./output.ts";
import type { ReadingFlags } from "./reading.ts";
import { readingFlags } from "./reading.ts";

export interface RestoreFlags extends ReadingFlags {
  path: string[] | undefined;
  to: string;
  conflict: Conflict;
  "on-error": OnError;
  "dry-run": boolean;
  verify: boolean;
  owner: boolean | undefined;
  "no-owner": boolean;
  "numeric-ids": boolean;
  special: boolean;
  "no-space-check": boolean;
  workers: number;
}

export function restoreFlags(cli: Argv<OutputFlags>): Argv<RestoreFlags> {
  return readingFlags(cli)
    .positional("path", {
      type: "string",
      array: true,
      describe: "What to restore; all by default",
    })
    .option("to", {
      type: "string",
      requiresArg: true,
      demandOption: true,
      describe: "The directory to restore to",
    })
    .option("conflict", {
      choices: CONFLICTS,
      requiresArg: true,
      default: "abort" as const,
      describe: "What to do about what is there already",
    })
    .option("on-error", {
      choices: ["abort", "continue"] as const,
      requiresArg: true,
      default: "abort" as const,
      describe: "What to do about a file that cannot be restored",
    })
    .option("dry-run", { type: "boolean", default: false, describe: "Only say what would be done" })
    .option("verify", { type: "boolean", default: false, describe: "Read everything back" })
    .option("owner", { type: "boolean", describe: "Give things to their owners; root's default" })
    .option("no-owner", { type: "boolean", default: false, describe: "Everything becomes yours" })
    .option("numeric-ids", {
      type: "boolean",
      default: false,
      describe: "Owners by number, whatever the names are here",
    })
    .option("special", {
      type: "boolean",
      default: false,
      describe: "Devices, setuid and setgid, capabilities and labels as well",
    })
    .option("no-space-check", {
      type: "boolean",
      default: false,
      describe: "Begin whether or not there seems to be room",
    })
    .option("workers", {
      type: "number",
      requiresArg: true,
      default: availableParallelism(),
      describe: "Threads that write; 0: none",
    });
}

/** @throws {@link UsageError} for flags that contradict each other. */
export function policyOf(flags: RestoreFlags): Policy {
  return new Policy(ownershipOf(flags), flags.special ? "restored" : "left out");
}

function ownershipOf({ owner, ...flags }: RestoreFlags): Ownership {
  if (flags["no-owner"]) {
    if (owner) throw new UsageError("--owner and --no-owner contradict each other");
    if (flags["numeric-ids"]) throw new UsageError("--numeric-ids is about owners: --no-owner");
    return "ours";
  }
  if (!(owner ?? process.getuid?.() === 0)) return "ours";
  return flags["numeric-ids"] ? "by number" : "by name";
}

/** Says once of each kind what was left out, and what the system refused. */
export function tellShortfalls(
  leftOut: LeftOut,
  shortfalls: readonly Shortfall[],
  output: Output,
): void {
  const { setuid, capabilities, labels, devices } = leftOut;
  const parts = [
    ...(setuid > 0 ? [`setuid or setgid of ${count(setuid, "file")}`] : []),
    ...(capabilities > 0 ? [`capabilities of ${count(capabilities, "file")}`] : []),
    ...(labels > 0 ? [`labels of ${count(labels, "file")}`] : []),
    ...(devices > 0 ? [count(devices, "device")] : []),
  ];
  if (parts.length > 0) output.note(`left out: ${parts.join(", ")} (--special restores them)`);
  for (const { what, code, path, count: number } of shortfalls) {
    const others = number > 1 ? ` and of ${number - 1} more` : "";
    const message = `could not set its ${what} (${code})${others}`;
    // Nobody but root may set everything: who is not root has been told all that there is to do.
    const isExpected = code === "EPERM" && process.getuid?.() !== 0;
    if (isExpected) output.note(`${displayName(path)}: ${message}`);
    else output.problem({ path, message });
  }
}
