/**
 * What holds for the flags and arguments of every command, and yargs lets
 * pass: nothing is empty, a number is a number, and what can be given once was
 * given once. An empty argument is an unset variable more often than not, and
 * would be taken for the current directory.
 */
import type { Variables } from "../config/places.ts";
import { UsageError } from "../errors.ts";

/** As yargs hands them over; `_` is the command's name and what stood behind `--`. */
export interface GivenFlags {
  readonly _: readonly (string | number)[];
  readonly [name: string]: unknown;
}

/** Flags and arguments that may be given several times, by command. */
const REPEATABLE: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["backup", ["source", "from", "tag", "exclude", "exclude-file", "exclude-if-present"]],
  ["restore", ["path"]],
  ["ls", ["path"]],
  ["find", ["pattern"]],
  ["diff", ["path"]],
  ["init", ["recipient"]],
  ["add-recipient", ["key"]],
  ["remove-recipient", ["key"]],
]);
/** Commands whose arguments are a list, and may stand behind `--`. */
const LISTS: readonly unknown[] = ["backup", "restore", "ls", "cat", "find", "diff"];
/** Arguments, as messages name them in capitals. */
const ARGUMENTS: readonly string[] = ["source", "path", "key", "pattern", "first", "second"];
/** Commands that are made of commands. */
const GROUPS: readonly unknown[] = ["cache", "config", "key"];

/** @throws {@link UsageError} for a value that no flag takes. */
export function checkFlags(flags: GivenFlags): void {
  const [command, ...behind] = GROUPS.includes(flags._[0]) ? flags._.slice(1) : flags._;
  if (behind.length > 0 && !LISTS.includes(command)) {
    throw new UsageError(`${command} takes no such argument: ${behind.join(" ")}`);
  }
  const repeatable = REPEATABLE.get(command) ?? [];
  for (const [name, value] of Object.entries(flags)) {
    checkFlag(name, value);
    if (Array.isArray(value) && name !== "_" && !repeatable.includes(dashed(name))) {
      throw new UsageError(`${shownName(name)} was given more than once`);
    }
  }
  // An empty argument may mean much to a program that is run.
  if (behind.includes("") && flags["stdin-command"] === undefined)
    throw new UsageError("an argument is empty");
}

/**
 * Config files come later. Until then nobody may take one for read.
 *
 * @throws {@link UsageError} if one is named to a command that is not about config files.
 */
export function refuseConfig(flags: GivenFlags, variables: Variables): void {
  if (flags._[0] === "config") return;
  const named = flags["config"] === undefined ? "VARVE_CONFIG" : "--config";
  if (named === "--config" || variables[named]) {
    throw new UsageError(`${named}: config files are not read by this version yet`);
  }
}

/** A list of arguments, with those behind `--`: their names may begin with a dash. */
export function listOf(named: readonly string[] | undefined, flags: object): string[] {
  const { _ } = flags as GivenFlags;
  return [...(named ?? []), ..._.slice(1).map(String)];
}

function checkFlag(name: string, value: unknown): void {
  if (Number.isNaN(value)) throw new UsageError(`${shownName(name)} should be a number`);
  const isEmpty = value === "" || (Array.isArray(value) && name !== "_" && value.includes(""));
  if (isEmpty) throw new UsageError(`${shownName(name)} is empty`);
}

/** yargs hands each flag over in camel case as well. */
function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A flag or argument as users know it. */
export function shownName(name: string): string {
  return ARGUMENTS.includes(name) ? name.toUpperCase() : `--${name}`;
}

const MAX_WORKERS = 64;

/** @throws {@link UsageError} if it is no number of threads. */
export function checkWorkers(count: number): number {
  if (Number.isInteger(count) && count >= 0 && count <= MAX_WORKERS) return count;
  throw new UsageError(`--workers should be a whole number from 0 to ${MAX_WORKERS}`);
}
