/** Durations as users write them: `90s`, `30m`, `1h`, `2d`. */
import { UsageError } from "../errors.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * @param flag - for the error message.
 * @returns milliseconds.
 * @throws {@link UsageError} if it is no duration.
 */
export function parseDuration(flag: string, text: string): number {
  const [, digits, unit = ""] = /^(\d{1,6})([smhd])$/i.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  if (digits === undefined || factor === undefined) {
    throw new UsageError(`${flag} should be a duration such as 90s, 30m, 1h or 2d, not "${text}"`);
  }
  return Number(digits) * factor;
}

/** The same of something that may never come: `none` and `0` are `Infinity`. */
export function parseInterval(flag: string, text: string): number {
  if (text === "none" || text === "0") return Number.POSITIVE_INFINITY;
  return parseDuration(flag, text) || Number.POSITIVE_INFINITY;
}
