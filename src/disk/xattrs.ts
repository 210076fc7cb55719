/**
 * Extended attributes, with the ACLs, labels and capabilities that are among
 * them: opaque bytes under a name.
 */
import type { RawName } from "../format/raw-name.ts";
import type { Xattr } from "../format/xattrs.ts";
import type { Thing } from "./libc.ts";
import { libc } from "./libc.ts";

/** Gives a program rights that its user does not have. */
export const CAPABILITY = "security.capability";
/** What a directory's default ACL puts on all that is made in it. */
const DEFAULT_ACL = "system.posix_acl_default";
const INHERITED = ["system.posix_acl_access", DEFAULT_ACL];
const NONE = new Uint8Array();
const NOT_SUPPORTED = ["ENOTSUP", "ENOSYS"];

/**
 * All attributes that this process may read, sorted by name. None where the file system or this
 * system has none.
 *
 * @throws the system's error.
 */
export function readXattrs(of: Thing): Xattr[] {
  const attributes: Xattr[] = [];
  for (const name of namesOf(of)) {
    const value = attributeOf(of, name);
    if (value !== undefined) attributes.push({ name, value });
  }
  return attributes;
}

/**
 * Sets attributes, and removes what others it has, but for labels: those are the system's.
 *
 * @returns what the system refused.
 */
export function writeXattrs(of: Thing, attributes: readonly Xattr[]): Refusal[] {
  const system = libc();
  if (system === undefined) return attributes.map(({ name }) => ({ name, code: "ENOSYS" }));
  const refusals: Refusal[] = [];
  const kept = new Set<RawName>(attributes.map(({ name }) => name));
  const attempt = (name: RawName, action: () => void) => {
    try {
      action();
    } catch (error) {
      refusals.push({ name, code: codeOf(error) });
    }
  };
  for (const name of namesOf(of)) {
    if (!kept.has(name) && isOurs(name)) attempt(name, () => system.removeXattr(of, name));
  }
  for (const { name, value } of attributes) attempt(name, () => system.setXattr(of, name, value));
  return refusals;
}

/** Whether {@link writeXattrs} would change nothing. @throws the system's error. */
export function hasXattrs(of: Thing, attributes: readonly Xattr[]): boolean {
  const wanted = new Map(attributes.map(({ name, value }) => [name, value]));
  const there = readXattrs(of).filter(({ name }) => wanted.has(name) || isOurs(name));
  if (there.length !== wanted.size) return false;
  return there.every(({ name, value }) => Buffer.compare(value, wanted.get(name) ?? NONE) === 0);
}

/** Whether a directory gives an ACL to what is made in it. */
export function hasDefaultAcl(directory: Thing): boolean {
  return namesOf(directory).some((name) => name === DEFAULT_ACL);
}

/** An attribute that could not be set or removed, and the system's reason. */
export interface Refusal {
  readonly name: RawName;
  readonly code: string;
}

/** What a label or another owner's attribute says is the system's to decide. */
function isOurs(name: RawName): boolean {
  return name.startsWith("user.") || INHERITED.includes(name) || name === CAPABILITY;
}

function namesOf(of: Thing): RawName[] {
  try {
    const list = libc()?.listXattrs(of).toString("latin1") ?? "";
    return list === "" ? [] : (list.slice(0, -1).split("\0").sort() as RawName[]);
  } catch (error) {
    if (NOT_SUPPORTED.includes(codeOf(error))) return [];
    throw error;
  }
}

/** A name may be listed to those who may not read its value. */
function attributeOf(of: Thing, name: RawName): Uint8Array | undefined {
  try {
    return libc()?.getXattr(of, name);
  } catch (error) {
    if (["EPERM", ...NOT_SUPPORTED].includes(codeOf(error))) return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return code;
}
