/**
 * Extended attributes: opaque bytes under a name. The bounds of one are those
 * of Linux (<linux/limits.h>); it has none for all of an entry together.
 */
import type { Fields } from "./fields.ts";
import { encodeBase64 } from "./fields.ts";
import type { RawName } from "./raw-name.ts";
import { decodeRaw, encodeRaw } from "./raw-name.ts";

export interface Xattr {
  readonly name: RawName;
  readonly value: Uint8Array;
}

/** XATTR_NAME_MAX. */
const MAX_NAME_BYTES = 255;
/** XATTR_SIZE_MAX. */
const MAX_VALUE_BYTES = 65536;
/** Names and values of one entry. ext4 has room for less; some others for more, and nobody uses it. */
export const MAX_XATTRS_BYTES: number = 2 ** 20;

/** What counts of an attribute. */
export function xattrBytes({ name, value }: Xattr): number {
  return name.length + value.length;
}

/** Whether a stored entry may have such an attribute. */
export function isXattr({ name, value }: Xattr): boolean {
  const isName = name !== "" && name.length <= MAX_NAME_BYTES && !name.includes("\0");
  return isName && value.length <= MAX_VALUE_BYTES;
}

export function encodeXattrs(xattrs: readonly Xattr[]): object[] {
  return xattrs.map(({ name, value }) => ({
    ...encodeRaw("name", name),
    value: encodeBase64(value),
  }));
}

/** The inverse of {@link encodeXattrs}. @throws {@link CorruptError} if no entry may have them. */
export function decodeXattrs(line: Fields): Xattr[] {
  let bytes = 0;
  let last = "";
  return line.objects("xattrs").map((fields) => {
    const xattr = { name: decodeRaw(fields, "name"), value: fields.bytes("value") };
    if (!isXattr(xattr)) fields.fail("name", "an attribute's, with a value that it may have");
    if (xattr.name <= last) line.fail("xattrs", "sorted by name, no name twice");
    last = xattr.name;
    bytes += xattrBytes(xattr);
    if (bytes > MAX_XATTRS_BYTES) line.fail("xattrs", `${MAX_XATTRS_BYTES} bytes at most`);
    return xattr;
  });
}
