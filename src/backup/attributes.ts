/** The extended attributes of what is backed up, as far as they can be read and stored. */
import type { Thing } from "../disk/libc.ts";
import { readXattrs } from "../disk/xattrs.ts";
import type { Xattr } from "../format/xattrs.ts";
import { isXattr, MAX_XATTRS_BYTES, xattrBytes } from "../format/xattrs.ts";

export interface Attributes {
  readonly xattrs: readonly Xattr[];
  /** Why they are not all there. */
  readonly problem?: string;
}

/** Never throws: what is in a file is worth more than what is around it. */
export function attributesOf(of: Thing, read: (of: Thing) => Xattr[] = readXattrs): Attributes {
  let all: Xattr[];
  try {
    all = read(of);
  } catch (error) {
    const message = (error as Error).message;
    return { xattrs: [], problem: `stored without its extended attributes: ${message}` };
  }
  let bytes = 0;
  const xattrs = all.filter((xattr) => {
    if (!isXattr(xattr) || bytes + xattrBytes(xattr) > MAX_XATTRS_BYTES) return false;
    bytes += xattrBytes(xattr);
    return true;
  });
  if (xattrs.length === all.length) return { xattrs };
  const lost = all.length - xattrs.length;
  return {
    xattrs,
    problem: `stored without ${lost} of its extended attributes: they are too long`,
  };
}
