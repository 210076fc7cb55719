/**
 * How much of an entry's metadata comes back. What gives rights that not
 * everybody has (setuid, devices, capabilities, labels and whatever else the
 * system keeps for itself) only does on request: a snapshot may be somebody
 * else's. What is left out is counted.
 */
import type { Metadata } from "../disk/metadata.ts";
import { idsOf } from "../disk/owners.ts";
import { CAPABILITY } from "../disk/xattrs.ts";
import type { RawName } from "../format/raw-name.ts";
import type { Entry } from "../format/tree.ts";

/** Whose things become: their owners' by name where this system knows it, by number, or ours. */
export type Ownership = "by name" | "by number" | "ours";

/** What is restored on request only. */
export interface LeftOut {
  /** Files with setuid or setgid. */
  setuid: number;
  capabilities: number;
  /** Entries with other attributes that are the system's. */
  labels: number;
  devices: number;
}

const SETUID = 0o4000;
const SETGID = 0o2000;
const PERMISSIONS = 0o1777;

export class Policy {
  readonly leftOut: LeftOut = { setuid: 0, capabilities: 0, labels: 0, devices: 0 };
  readonly #ownership: Ownership;
  readonly #special: "restored" | "left out";

  constructor(ownership: Ownership, special: "restored" | "left out") {
    this.#ownership = ownership;
    this.#special = special;
  }

  /** Whether anything is made of such an entry: a socket is nothing without its server. */
  makes(type: Entry["type"]): boolean {
    if (type === "character" || type === "block") return this.#special === "restored";
    return type !== "socket";
  }

  /** @param attributes - `exactly`: also takes off what it was given as a new thing. */
  metadataOf(entry: Entry, attributes: "if any" | "exactly"): Metadata {
    const { mtime } = entry;
    const xattrs = this.#xattrsOf(entry);
    return {
      mode: this.#modeOf(entry),
      owner: this.#ownerOf(entry),
      xattrs: attributes === "exactly" ? (xattrs ?? []) : xattrs,
      mtime,
    };
  }

  /** Counts what is not put back on an entry that is restored. */
  note({ type, mode, xattrs = [] }: Entry): void {
    if (this.#special === "restored") return;
    if (type === "file" && (mode & (SETUID | SETGID)) !== 0) this.leftOut.setuid += 1;
    if (xattrs.some(({ name }) => name === CAPABILITY)) this.leftOut.capabilities += 1;
    if (xattrs.some(({ name }) => isSystems(name) && name !== CAPABILITY)) this.leftOut.labels += 1;
  }

  /** On a directory setgid gives no rights: what is made in it gets its group. */
  #modeOf({ type, mode }: Entry): number {
    if (this.#special === "restored") return mode;
    return mode & (type === "directory" ? PERMISSIONS | SETGID : PERMISSIONS);
  }

  #ownerOf(entry: Entry): Metadata["owner"] {
    if (this.#ownership === "ours") return undefined;
    return this.#ownership === "by name" ? idsOf(entry) : { uid: entry.uid, gid: entry.gid };
  }

  #xattrsOf({ xattrs }: Entry): Entry["xattrs"] {
    if (xattrs === undefined || this.#special === "restored") return xattrs;
    return xattrs.filter(({ name }) => !isSystems(name));
  }
}

/** Labels of SELinux, seals of IMA and EVM, what overlayfs believes: root alone sets them. */
function isSystems(name: RawName): boolean {
  return name.startsWith("security.") || name.startsWith("trusted.");
}
