/**
 * Owners' names. Numbers are what the file system has; names are what people
 * mean, and on another machine they may have other numbers. Each is looked up
 * once: the system may ask a server for it.
 */
import { libc } from "./libc.ts";

export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

export interface OwnerNames {
  readonly user?: string;
  readonly group?: string;
}

const users = new Map<number, string | undefined>();
const groups = new Map<number, string | undefined>();
const userIds = new Map<string, number | undefined>();
const groupIds = new Map<string, number | undefined>();

/** The names that this system has for an owner and a group. */
export function namesOf({ uid, gid }: Ids): OwnerNames {
  const user = once(users, uid, () => libc()?.userName(uid));
  const group = once(groups, gid, () => libc()?.groupName(gid));
  return { ...(user ? { user } : {}), ...(group ? { group } : {}) };
}

/** Whose numbers count on this system: those that the names have here, else the numbers themselves. */
export function idsOf({ uid, gid, user, group }: Ids & OwnerNames): Ids {
  return {
    uid: (user ? once(userIds, user, () => libc()?.userId(user)) : undefined) ?? uid,
    gid: (group ? once(groupIds, group, () => libc()?.groupId(group)) : undefined) ?? gid,
  };
}

function once<K, V>(known: Map<K, V>, key: K, look: () => V): V {
  const there = known.get(key);
  if (there !== undefined || known.has(key)) return there as V;
  const found = look();
  known.set(key, found);
  return found;
}
