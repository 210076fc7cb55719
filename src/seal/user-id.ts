/** The user ids of the keys that varve makes. */
import { UsageError } from "../errors.ts";

const USER_ID = /^\P{Cc}{1,200}$/u;

/** @throws {@link UsageError} if it is empty, long, or would spoil a line of output. */
export function checkUserId(userId: string): void {
  if (!USER_ID.test(userId)) {
    throw new UsageError("a user id has 1 to 200 characters, none of them control characters");
  }
}
