/**
 * What holds for the flags and arguments of every command, and yargs lets
 * pass: nothing is empty, a number is a number, and what can be given once was
 * given once. An empty argument is an unset variable more often than not, and
 * would be taken for the current directory.
 */
import { UsageError } from "../errors.ts";

/** As yargs hands them over; `_` is the command's name and what stood behind `--`. */
export interface GivenFlags {
  readonly _: readonly (string | number)[];
  readonly [name: string]: unknown;
}

/** Flags and arguments that may be given several times. */
const REPEATABLE: readonly string[] = [
  ...["source", "path", "from", "tag", "exclude", "key", "recipient"],
];
/** Commands whose arguments are a list, and may stand behind `--`. */
const LISTS: readonly unknown[] = ["backup", "restore"];

/** Commands that are made of commands. */
const GROUPS: readonly unknown[] = ["key"];

/** @throws {@link UsageError} for a value that no flag takes. */
export function checkFlags(flags: GivenFlags): void {
  const [command, ...behind] = GROUPS.includes(flags._[0]) ? flags._.slice(1) : flags._;
  if (behind.length > 0 && !LISTS.includes(command)) {
    throw new UsageError(`${command} takes no such argument: ${behind.join(" ")}`);
  }
  for (const [name, value] of Object.entries(flags)) checkFlag(name, value);
  if (behind.includes("")) throw new UsageError("an argument is empty");
}

/** A list of arguments, with those behind `--`: their names may begin with a dash. */
export function listOf(named: readonly string[] | undefined, flags: object): string[] {
  const { _ } = flags as GivenFlags;
  return [...(named ?? []), ..._.slice(1).map(String)];
}

function checkFlag(name: string, value: unknown): void {
  const shown = ["source", "path", "key"].includes(name) ? name.toUpperCase() : `--${name}`;
  if (value === "") throw new UsageError(`${shown} is empty`);
  if (Number.isNaN(value)) throw new UsageError(`${shown} should be a number`);
  if (!Array.isArray(value) || name === "_") return;
  if (value.includes("")) throw new UsageError(`${shown} is empty`);
  if (!REPEATABLE.includes(name)) throw new UsageError(`${shown} was given more than once`);
}

const MAX_WORKERS = 64;

/** @throws {@link UsageError} if it is no number of threads. */
export function checkWorkers(count: number): number {
  if (Number.isInteger(count) && count >= 0 && count <= MAX_WORKERS) return count;
  throw new UsageError(`--workers should be a whole number from 0 to ${MAX_WORKERS}`);
}
