/** How objects refer to each other: by name and by the SHA-256 of all their bytes. */
import { createHash } from "node:crypto";
import type { Fields } from "./fields.ts";
import type { ObjectKind } from "./names.ts";
import { parseObjectName } from "./names.ts";

/** SHA-256, in hex. */
export const HASH_DIGITS = 64;

/** An object and the SHA-256 of its bytes, in hex. */
export interface ObjectHash {
  readonly object: string;
  readonly hash: string;
}

/** SHA-256 of a whole object, in hex. */
export function objectHashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** @throws {@link CorruptError} unless the fields refer to an object of this kind. */
export function decodeObjectHash(fields: Fields, kind: ObjectKind): ObjectHash {
  return {
    object: parseObjectName(fields.name, kind, fields.value("object")),
    hash: fields.hex("hash", HASH_DIGITS),
  };
}
