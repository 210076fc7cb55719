/**
 * `backup --stdin` and `--stdin-command`: one stream instead of sources. Its
 * source is its name, without a slash: no path that is backed up is like that.
 */
import { basename } from "node:path";
import type { Argv } from "yargs";
import type { BackupTask } from "../backup/task.ts";
import { outputOf } from "../disk/program.ts";
import { standardInput } from "../disk/stream.ts";
import { UsageError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { rawFromText } from "../format/raw-name.ts";
import type { GivenFlags } from "./flags.ts";
import { listOf, shownName } from "./flags.ts";

export interface StreamFlags {
  stdin: string | undefined;
  "stdin-command": string | undefined;
}

const COMMAND = "--stdin-command";
/** File systems take no longer ones, and it has to be restored. */
const MAX_NAME_BYTES = 255;
/** What says how trees are walked, and files read. */
const NOT_FOR_STREAMS = [
  ...["source", "from", "exclude", "exclude-file", "exclude-if-present", "exclude-larger-than"],
  ...["exclude-caches", "gitignore", "one-file-system", "dry-run", "force", "checkpoint"],
  "workers",
] as const;

/** Adds the flags. */
export function streamFlags<T>(cli: Argv<T>): Argv<T & StreamFlags> {
  return cli
    .option("stdin", {
      type: "string",
      requiresArg: true,
      describe: "Back up standard input, as a file of this name",
    })
    .option("stdin-command", {
      type: "string",
      requiresArg: true,
      describe: "Back up what a program prints, if it ends well; all that follows is its own",
    });
}

/**
 * Sets a program's arguments apart, as they are: behind `--`, where none of them is a flag of ours.
 *
 * @param args - the whole command line; so is what comes back.
 */
export function setApart(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const at = args.findIndex((arg) => arg === COMMAND || arg.startsWith(`${COMMAND}=`));
  if (at < 0 || (end >= 0 && end < at)) return [...args];
  const [flag = "", ...behind] = args.slice(at);
  // As restic has it: --stdin-from-command -- CMD.
  if (flag === COMMAND && behind[0] === "--") behind.shift();
  const program = flag === COMMAND ? behind.splice(0, 1) : [];
  return [...args.slice(0, at), flag, ...program, "--", ...behind];
}

/**
 * What is backed up instead of sources, and how; nothing if the flags name no stream.
 *
 * @throws {@link UsageError} for what does not go together, a name that is none, or a terminal.
 */
export function streamOf(
  flags: StreamFlags & object,
): Pick<BackupTask, "source" | "stream" | "checkpoint" | "workers"> | undefined {
  const { stdin, "stdin-command": program } = flags;
  if (program === undefined && stdin === undefined) return undefined;
  const flag = program === undefined ? "--stdin" : COMMAND;
  const args = listOf([], flags);
  refuseOthers(flags, flag);
  if (program === undefined && args.length > 0) refuseOthers({ source: args }, flag);
  return {
    source: nameOf(stdin ?? basename(program ?? "")),
    stream: program === undefined ? standardInput() : outputOf(program, args),
    // Half of it is nothing that could be gone on with.
    checkpoint: Number.POSITIVE_INFINITY,
    // Of its own: this one hears signals meanwhile.
    workers: 1,
  };
}

function refuseOthers(flags: object, flag: string): void {
  const given = flags as Omit<GivenFlags, "_">;
  for (const name of NOT_FOR_STREAMS) {
    const value = given[name];
    const isGiven = Array.isArray(value)
      ? value.length > 0
      : value !== undefined && value !== false;
    if (!isGiven) continue;
    throw new UsageError(
      `${shownName(name)} does not go with ${flag}: a stream is read once, from beginning to end`,
    );
  }
}

/** @throws {@link UsageError} if no file can have it. */
function nameOf(text: string): RawName {
  const name = rawFromText(text);
  const isSingle = name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
  if (isSingle && name.length <= MAX_NAME_BYTES) return name;
  throw new UsageError(
    `--stdin takes a file's name, without slashes and of ${MAX_NAME_BYTES} bytes at most, not "${text}"`,
  );
}
