/**
 * What a failed system call means to the user: which of our errors, which
 * path, and what to do about it.
 */
import { AccessError, UnavailableError, UsageError } from "../errors.ts";

/** The `errno` name of a failed system call, or undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("errno" in error)) return undefined;
  return (error as NodeJS.ErrnoException).code;
}

/**
 * @param doing - what was tried, with the path: "store /backup/runs/a/1/end".
 * @returns the error to throw: `error` itself unless a system call failed.
 */
export function fileFailure(error: unknown, doing: string): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const options = { cause: error };
  switch (code) {
    case "EACCES":
    case "EPERM":
      return new AccessError(
        `cannot ${doing}: not permitted (${code}). Run as the owner, or give this user access.`,
        options,
      );
    case "EROFS":
      return new AccessError(
        `cannot ${doing}: the file system is read-only (${code}). Mount it writable.`,
        options,
      );
    case "ENOSPC":
    case "EDQUOT":
      return new UnavailableError(
        `cannot ${doing}: no space is left (${code}). Make room there, then run again.`,
        options,
      );
    case "EIO":
      return new UnavailableError(
        `cannot ${doing}: the disk reports an error (${code}). Check it before you trust it.`,
        options,
      );
    case "EXDEV":
      return new UsageError(
        `cannot ${doing}: a part of the target lies on another file system (${code}). Keep it on one.`,
        options,
      );
    default:
      return new UnavailableError(`cannot ${doing}: ${code}. Try again.`, options);
  }
}
