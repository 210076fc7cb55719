/**
 * The system calls that Node does not have, through koffi: nothing else uses
 * it. On Linux only; elsewhere, or where koffi cannot be loaded, there is none
 * of this, and a backup keeps less: that is said once, and is not fatal.
 *
 * Paths are raw bytes, and never followed behind their last slash. What fails
 * throws as Node's own calls do, with `code` and `errno`.
 */
import { createRequire } from "node:module";
import { getSystemErrorMap } from "node:util";
import type { RawName } from "../format/raw-name.ts";
import type { DeviceNumbers } from "./device.ts";
import { packDevice } from "./device.ts";

/** Something open, by its descriptor; or what a path leads to, itself. */
export type Thing = number | RawName;

/** Where a file goes on with data, or with a hole, from an offset on. */
export type Extent = "data" | "hole";

export interface Libc {
  /** The next offset of an extent's kind; nothing if there is none up to the file's end. */
  seek(descriptor: number, offset: number, extent: Extent): number | undefined;
  /** Names, each ended by a zero byte. */
  listXattrs(of: Thing): Buffer;
  /** Nothing, if it has none of that name (any more). */
  getXattr(of: Thing, name: RawName): Buffer | undefined;
  setXattr(of: Thing, name: RawName, value: Uint8Array): void;
  removeXattr(of: Thing, name: RawName): void;
  /** The time of the last access stays as it is. */
  setMtime(of: Thing, nanoseconds: bigint): void;
  /** A FIFO or device, by stat's type and permission bits. */
  makeNode(path: RawName, mode: number, device: DeviceNumbers): void;
  /** Renames, and throws EEXIST if the name is taken. */
  renameNew(from: RawName, to: RawName): void;
  /** The descriptors to read and to write; no program that is run inherits them. */
  pipe(): [reading: number, writing: number];
  /** Waits so long at most; whether there is something to be read by then, or an end. */
  awaitInput(descriptor: number, milliseconds: number): boolean;
  userName(id: number): string | undefined;
  groupName(id: number): string | undefined;
  userId(name: string): number | undefined;
  groupId(name: string): number | undefined;
}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const RENAME_NOREPLACE = 1;
const O_CLOEXEC = 0o2000000;
const UTIME_OMIT = 0x3ffffffen;
const SEEK: Record<Extent, number> = { data: 3, hole: 4 };
const POLLIN = 1;
const EINTR = 4;
const ENXIO = 6;
const ERANGE = 34;
const ENODATA = 61;
const TIMESPEC_BYTES = 16;
const NANOSECONDS = 1_000_000_000n;
/** Most lists and values fit; what does not is asked for its size. */
const SCRATCH_BYTES = 4096;

let loaded: { readonly libc: Libc | undefined } | undefined;

/** Nothing, where this system has none. Loading it takes some 10 ms, once a thread. */
export function libc(): Libc | undefined {
  loaded ??= { libc: load() };
  return loaded.libc;
}

/** What a backup has to do without; nothing, if that is nothing. */
export function lackOf(system: Libc | undefined): string | undefined {
  return system === undefined
    ? "this system gives no access to extended attributes, holes and owners' names: they are not kept"
    : undefined;
}

function load(): Libc | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    // Not imported: it has to be there for synchronous callers, and to be missing without harm.
    const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi").default;
    return bind(koffi);
  } catch {
    return undefined;
  }
}

function bind(koffi: typeof import("koffi").default): Libc {
  const library = koffi.load(null);
  const bound = (definition: string): ((...args: unknown[]) => number) => {
    const call = library.func(definition);
    const name = call.info.name;
    return (...args) => {
      const result: number = call(...args);
      return result === -1 ? fail(koffi.errno(), name) : result;
    };
  };
  return {
    ...bindXattrs(bound),
    ...bindFiles(bound),
    ...bindStreams(bound),
    ...bindOwners(koffi, library),
  };
}

type Bind = (definition: string) => (...args: unknown[]) => number;

function bindXattrs(
  bound: Bind,
): Pick<Libc, "listXattrs" | "getXattr" | "setXattr" | "removeXattr"> {
  const list = {
    path: bound("intptr_t llistxattr(const void *path, void *list, size_t size)"),
    open: bound("intptr_t flistxattr(int fd, void *list, size_t size)"),
  };
  const get = {
    path: bound("intptr_t lgetxattr(const void *path, const void *name, void *value, size_t size)"),
    open: bound("intptr_t fgetxattr(int fd, const void *name, void *value, size_t size)"),
  };
  const set = {
    path: bound(
      "int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)",
    ),
    open: bound(
      "int fsetxattr(int fd, const void *name, const void *value, size_t size, int flags)",
    ),
  };
  const remove = {
    path: bound("int lremovexattr(const void *path, const void *name)"),
    open: bound("int fremovexattr(int fd, const void *name)"),
  };
  const scratch = Buffer.alloc(SCRATCH_BYTES);
  return {
    listXattrs: (of) =>
      filled(scratch, (into) => list[kindOf(of)](argument(of), into, into.length)),
    getXattr: (of, name) => {
      try {
        const text = ended(name);
        return filled(scratch, (into) => get[kindOf(of)](argument(of), text, into, into.length));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).errno === -ENODATA) return undefined;
        throw error;
      }
    },
    setXattr: (of, name, value) => {
      set[kindOf(of)](argument(of), ended(name), value, value.length, 0);
    },
    removeXattr: (of, name) => {
      remove[kindOf(of)](argument(of), ended(name));
    },
  };
}

function bindFiles(bound: Bind): Pick<Libc, "seek" | "setMtime" | "makeNode" | "renameNew"> {
  const lseek = bound("int64_t lseek(int fd, int64_t offset, int whence)");
  const futimens = bound("int futimens(int fd, const void *times)");
  const utimensat = bound("int utimensat(int at, const void *path, const void *times, int flags)");
  const mknod = bound("int mknod(const void *path, uint32_t mode, uint64_t device)");
  const renameat2 = bound(
    "int renameat2(int at, const void *from, int to_at, const void *to, unsigned int flags)",
  );
  return {
    seek(descriptor, offset, extent) {
      try {
        return Number(lseek(descriptor, offset, SEEK[extent]));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).errno === -ENXIO) return undefined;
        throw error;
      }
    },
    setMtime(of, nanoseconds) {
      const times = timesOf(nanoseconds);
      if (typeof of === "number") futimens(of, times);
      else utimensat(AT_FDCWD, ended(of), times, AT_SYMLINK_NOFOLLOW);
    },
    makeNode(path, mode, device) {
      mknod(ended(path), mode, packDevice(device));
    },
    renameNew(from, to) {
      renameat2(AT_FDCWD, ended(from), AT_FDCWD, ended(to), RENAME_NOREPLACE);
    },
  };
}

function bindStreams(bound: Bind): Pick<Libc, "pipe" | "awaitInput"> {
  const pipe2 = bound("int pipe2(void *descriptors, int flags)");
  const poll = bound("int poll(void *descriptors, unsigned long count, int timeout)");
  return {
    pipe() {
      const descriptors = Buffer.alloc(8);
      pipe2(descriptors, O_CLOEXEC);
      return [descriptors.readInt32LE(0), descriptors.readInt32LE(4)];
    },
    awaitInput(descriptor, milliseconds) {
      const asked = Buffer.alloc(8);
      asked.writeInt32LE(descriptor, 0);
      asked.writeInt16LE(POLLIN, 4);
      try {
        return poll(asked, 1, milliseconds) > 0;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).errno === -EINTR) return false;
        throw error;
      }
    },
  };
}

/** Names as the system's own databases have them: passwd, LDAP, whatever nsswitch says. */
function bindOwners(
  koffi: typeof import("koffi").default,
  library: import("koffi").LibraryHandle,
): Pick<Libc, "userName" | "groupName" | "userId" | "groupId"> {
  // Both records begin with name, password and number.
  const record = koffi.struct({ name: "const char *", password: "const char *", id: "uint32_t" });
  const asked = (definition: string) => {
    const call = library.func(definition);
    return (what: unknown): { name: string; id: number } | undefined => {
      const found: unknown = call(what);
      return found === null ? undefined : koffi.decode(found, record);
    };
  };
  const user = asked("void *getpwuid(uint32_t id)");
  const group = asked("void *getgrgid(uint32_t id)");
  const userNamed = asked("void *getpwnam(const char *name)");
  const groupNamed = asked("void *getgrnam(const char *name)");
  return {
    userName: (id) => user(id)?.name,
    groupName: (id) => group(id)?.name,
    userId: (name) => userNamed(name)?.id,
    groupId: (name) => groupNamed(name)?.id,
  };
}

function fail(errno: number, call: string): never {
  const [code = "EUNKNOWN", text = "unknown"] = getSystemErrorMap().get(-errno) ?? [];
  throw Object.assign(new Error(`${code}: ${text}, ${call}`), {
    code,
    errno: -errno,
    syscall: call,
  });
}

function kindOf(of: Thing): "path" | "open" {
  return typeof of === "number" ? "open" : "path";
}

function argument(of: Thing): number | Buffer {
  return typeof of === "number" ? of : ended(of);
}

/** As C takes it. Whatever has a zero byte inside is no name: it must not pass for a shorter one. */
function ended(name: RawName): Buffer {
  if (name.includes("\0")) throw new RangeError("a name has a zero byte in it");
  return Buffer.from(`${name}\0`, "latin1");
}

/** What a call puts into a buffer, of whatever size: it may grow between two calls. */
function filled(scratch: Buffer, call: (into: Buffer) => number): Buffer {
  for (let into = scratch; ; ) {
    try {
      return Buffer.from(into.subarray(0, call(into)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).errno !== -ERANGE) throw error;
      into = Buffer.alloc(2 * call(Buffer.alloc(0)) + 1);
    }
  }
}

/** Two of C's timespec: the time of access is left alone. */
function timesOf(nanoseconds: bigint): Buffer {
  const times = Buffer.alloc(2 * TIMESPEC_BYTES);
  const below = ((nanoseconds % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  times.writeBigInt64LE(UTIME_OMIT, 8);
  times.writeBigInt64LE(BigInt.asIntN(64, (nanoseconds - below) / NANOSECONDS), 16);
  times.writeBigInt64LE(below, 24);
  return times;
}
