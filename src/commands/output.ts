/**
 * What commands print. Results go to standard output, for people or as one
 * JSON object a line; problems and progress go to standard error.
 */
import type { Problem } from "../disk/walk.ts";
import type { CorruptError } from "../errors.ts";
import { displayName } from "../format/raw-name.ts";

/** The flags that every command takes. */
export interface OutputFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly "no-progress": boolean;
}

/** What a `Date` holds, in milliseconds before or after 1970. */
const MAX_DATE = 8.64e15;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export class Output {
  readonly flags: OutputFlags;
  /** Problems that were told. */
  problems = 0;
  /** What was told to be wrong with the repository. */
  damages = 0;

  constructor(flags: OutputFlags) {
    this.flags = flags;
  }

  /** A result, in either form; `text` may be left out if it is for programs only. */
  result(object: object, text?: string): void {
    if (this.flags.json) console.log(JSON.stringify(object));
    else if (text !== undefined && !this.flags.quiet) console.log(printable(text));
  }

  /** What a person should know, and a program need not. */
  note(text: string): void {
    if (!this.flags.quiet) console.error(printable(text));
  }

  /** What must be known even by those who want to hear of problems only. */
  warn(text: string): void {
    console.error(printable(text));
  }

  detail(text: string): void {
    if (this.flags.verbose) console.error(printable(text));
  }

  /** Something that is wrong with the repository. */
  damage({ object, message }: CorruptError): void {
    this.damages += 1;
    if (this.flags.json) console.log(JSON.stringify({ event: "damage", object, message }));
    console.error(printable(message));
  }

  /** A problem with one file. */
  problem({ path, message }: Problem): void {
    this.problems += 1;
    const shown = displayName(path) || ".";
    if (this.flags.json) {
      console.log(JSON.stringify({ event: "problem", path: shown, message }));
    }
    console.error(printable(`${shown}: ${message}`));
  }
}

/** Escapes what a terminal would obey: the system's messages have names as they are. */
export function printable(text: string): string {
  return text.replaceAll(
    /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`;
}

/**
 * `2026-11-25 13:12:25` in UTC; from milliseconds since 1970. Times that no
 * calendar has come as seconds: `@8640000000001`.
 */
export function formatTime(milliseconds: number): string {
  if (Math.abs(milliseconds) > MAX_DATE) return `@${Math.floor(milliseconds / 1000)}`;
  return new Date(milliseconds).toISOString().replace("T", " ").replace(/\..*/, "");
}

/** `1.2 s`, `3 min 20 s`, `2 h 5 min`; from milliseconds. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 file`, `2 files`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
