/** An entry of a snapshot as a line of text: for programs, or as `ls -l` shows it. */
import { fileSize } from "../format/holes.ts";
import { displayName } from "../format/raw-name.ts";
import type { Entry } from "../format/tree.ts";
import { encodeEntry } from "../format/tree.ts";
import type { Resolved, TreeStep } from "../restore/resolve.ts";
import { formatTime } from "./output.ts";

const LETTERS: Readonly<Record<Entry["type"], string>> = {
  file: "-",
  directory: "d",
  symlink: "l",
  fifo: "p",
  socket: "s",
  character: "c",
  block: "b",
};
/** The bits, from the left, that show in the place of each `x`. */
const SPECIAL = ["s", "s", "t"];
const NANOSECONDS = 1_000_000_000n;

/** The lines of a walk, without the steps that have none. */
export async function* lines<T>(
  steps: AsyncIterable<TreeStep>,
  lineOf: (step: TreeStep) => T | undefined,
): AsyncGenerator<T> {
  for await (const step of steps) {
    const line = lineOf(step);
    if (line !== undefined) yield line;
  }
}

/** How the flags say to show an entry. */
export function lineMaker(flags: {
  readonly json: boolean;
  readonly long: boolean;
}): (entry: Resolved) => string {
  return flags.json ? jsonLine : flags.long ? longLine : shortLine;
}

/** The path alone. */
function shortLine({ path }: Resolved): string {
  return `${displayName(path)}\n`;
}

/** One object: the path, and all that is known. */
export function jsonLine({ path, entry }: Resolved): string {
  return `${JSON.stringify({ path: displayName(path), ...encodeEntry(entry) })}\n`;
}

/** Type and mode, owner, group, size, time in UTC, path. */
export function longLine({ path, entry }: Resolved): string {
  const columns = [
    modeText(entry),
    String(entry.uid).padStart(5),
    String(entry.gid).padStart(5),
    sizeText(entry).padStart(12),
    timeText(entry.mtime),
    displayName(path),
  ];
  const target = entry.type === "symlink" ? ` -> ${displayName(entry.target)}` : "";
  return `${columns.join(" ")}${target}\n`;
}

/** `drwxr-xr-x`. */
function modeText({ type, mode }: Entry): string {
  const triads = SPECIAL.map((letter, at) => {
    const bits = mode >> (6 - 3 * at);
    const isSpecial = mode & (0o4000 >> at);
    const executes = bits & 1 ? "x" : "-";
    const special = bits & 1 ? letter : letter.toUpperCase();
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${isSpecial ? special : executes}`;
  });
  return LETTERS[type] + triads.join("");
}

/** The bytes of a file or of a link's target, the numbers of a device. */
function sizeText(entry: Entry): string {
  switch (entry.type) {
    case "file":
      return String(fileSize(entry));
    case "symlink":
      return String(entry.target.length);
    case "character":
    case "block":
      return entry.device?.join(", ") ?? "0";
    default:
      return "0";
  }
}

/** To the second, rounded down. */
function timeText(nanoseconds: bigint): string {
  const before = nanoseconds % NANOSECONDS < 0n ? 1n : 0n;
  return formatTime(1000 * Number(nanoseconds / NANOSECONDS - before));
}
