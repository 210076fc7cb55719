/** Sizes as users write them: `64k`, `16m`, `1.5g`, or bytes. */
import { UsageError } from "../errors.ts";

const FACTORS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/**
 * @param flag - for the error message.
 * @throws {@link UsageError} if it is no size.
 */
export function parseSize(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const [, digits, unit] = /^(\d{1,12}(?:\.\d{1,3}(?=[kmg]))?)([kmg]?)(?:i?b)?$/i.exec(text) ?? [];
  const factor = FACTORS[unit?.toLowerCase() ?? "?"];
  if (digits === undefined || factor === undefined) {
    throw new UsageError(`${flag} should be a size such as 64k or 16m, not "${text}"`);
  }
  return Math.round(Number(digits) * factor);
}
