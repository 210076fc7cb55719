/**
 * From an address, as the user writes it, to a target. A path is a directory;
 * anything with a scheme (`s3://`) is for another kind of target.
 */
import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { DirectoryTarget } from "./directory.ts";
import { SettledTarget } from "./retry.ts";
import type { PrunableTarget } from "./target.ts";

/** Milliseconds before each further attempt at what a target did not answer. */
const RETRY_DELAYS = [50, 500];

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/**
 * Opens the target at `address`, with replies that got lost settled.
 *
 * @throws {@link NotFoundError} if there is nothing.
 * @throws {@link UsageError} if it is no address of a target.
 */
export async function openTarget(address: string): Promise<PrunableTarget> {
  return new SettledTarget(await DirectoryTarget.open(toPath(address)), RETRY_DELAYS);
}

/** Opens the target at `address`, and makes it if need be. Throws as {@link openTarget}. */
export async function createTarget(address: string): Promise<PrunableTarget> {
  return new SettledTarget(await DirectoryTarget.create(toPath(address)), RETRY_DELAYS);
}

/** An address in the one form that it is remembered by, wherever it is said. */
export function canonicalLocation(address: string): string {
  return SCHEME.test(address) ? address : resolve(address);
}

function toPath(address: string): string {
  const scheme = SCHEME.exec(address)?.[1]?.toLowerCase();
  if (scheme === "s3") {
    throw new UsageError(`${address}: S3 is not supported yet. Give a directory.`);
  }
  if (scheme !== undefined) {
    throw new UsageError(`${address}: no target is reached by ${scheme}. Give a directory.`);
  }
  if (address === "") throw new UsageError("the address of the target is empty. Give a directory.");
  return address;
}
