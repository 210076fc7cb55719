/** Times as users type them: ISO 8601, its looser forms, and seconds since 1970. */
import { UsageError } from "../errors.ts";

const SECONDS = /^@(\d{1,12})$/;
const TEXT =
  /^([1-9]\d{3})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;
/** The last second that has four digits of a year. */
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const MINUTE = 60_000;

/**
 * Reads a time: `2026-11-25`, `2026-11-25 13:12:25`, `2026-11-25T13:12Z`, `…+01:00`, `@1795612345`.
 * Without a zone it is local; a day begins at midnight.
 *
 * @param flag - for the error message.
 * @returns milliseconds since 1970.
 * @throws {@link UsageError} if it is none, or before 1970.
 */
export function parseTime(flag: string, text: string): number {
  const time = secondsIn(text) ?? timeIn(text);
  if (time === undefined || Number.isNaN(time)) {
    throw new UsageError(
      `${flag} takes a time, not "${text}": 2026-11-25, 2026-11-25 13:12:25, with a zone ` +
        "2026-11-25T13:12:25Z or …+01:00, or seconds since 1970, @1795612345",
    );
  }
  if (time < 0 || time > LAST_TIME) {
    throw new UsageError(`${flag} takes a time from 1970 to 9999, not "${text}"`);
  }
  return time;
}

function secondsIn(text: string): number | undefined {
  const [, seconds] = SECONDS.exec(text) ?? [];
  return seconds === undefined ? undefined : 1000 * Number(seconds);
}

function timeIn(text: string): number | undefined {
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((field) => Number(field ?? 0));
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // `Date` takes what it is given, and makes 1 March of 30 February.
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const milliseconds = Number((match[7] ?? "").padEnd(3, "0").slice(0, 3));
  const fields = [year, month - 1, day, hour, minute, second, milliseconds] as const;
  const zone = match[8];
  return zone === undefined ? local(fields) : Date.UTC(...fields) - offsetOf(zone);
}

function local(fields: readonly [number, number, number, ...number[]]): number {
  const [year, month, day, ...rest] = fields;
  return new Date(year, month, day, ...rest).getTime();
}

/** Milliseconds that a zone is ahead of UTC; not a number if there can be none. */
function offsetOf(zone: string): number {
  if (zone.toUpperCase() === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", ""));
  if (hours > 23 || minutes > 59) return Number.NaN;
  return (zone.startsWith("-") ? -1 : 1) * (60 * hours + minutes) * MINUTE;
}
