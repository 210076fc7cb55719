/**
 * From an address, as the user writes it, to a target. A path is a directory;
 * anything with a scheme (`s3://`) is for another kind of target.
 */
import { UsageError } from "../errors.ts";
import { DirectoryTarget } from "./directory.ts";
import type { PrunableTarget } from "./target.ts";

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/**
 * Opens the target at `address`.
 *
 * @throws {@link NotFoundError} if there is nothing.
 * @throws {@link UsageError} if it is no address of a target.
 */
export async function openTarget(address: string): Promise<PrunableTarget> {
  return DirectoryTarget.open(toPath(address));
}

/** Opens the target at `address`, and makes it if need be. Throws as {@link openTarget}. */
export async function createTarget(address: string): Promise<PrunableTarget> {
  return DirectoryTarget.create(toPath(address));
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
