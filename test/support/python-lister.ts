/**
 * What is on disk, by Python's own calls: nothing of varve's is asked. It goes
 * down by descriptors, so that no path is too long.
 */
import { execFileSync, spawnSync } from "node:child_process";

/** Why tests that need it are skipped; `false` if they need not be. */
export const NO_LISTER: string | false =
  process.platform === "linux" && spawnSync("python3", ["--version"]).status === 0
    ? false
    : "this needs Linux and python3";

/** An entry; names and values are latin1, one character a byte. */
export interface Listed {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: string | null;
  readonly group: string | null;
  readonly mtime: string;
  readonly names: number;
  readonly inode: string;
  readonly size: number;
  readonly device: readonly [number, number];
  readonly target: string | null;
  readonly sha1: string | null;
  readonly xattrs: readonly (readonly [string, string])[];
}

const SCRIPT = `
import grp, hashlib, json, os, pwd, stat, sys
TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo",
         stat.S_IFSOCK: "socket", stat.S_IFCHR: "character", stat.S_IFBLK: "block"}
def text(name): return os.fsencode(name).decode("latin1")
def known(ask, number):
    try: return ask(number)[0]
    except KeyError: return None
def attributes(path):
    return sorted([text(name), os.getxattr(path, name, follow_symlinks=False).decode("latin1")]
                  for name in os.listxattr(path, follow_symlinks=False))
def show(shown, place, s):
    sha1 = None
    if stat.S_ISREG(s.st_mode):
        with open(place, "rb") as file: sha1 = hashlib.file_digest(file, "sha1").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha1(file.read()).hexdigest()
    print(json.dumps([text(shown), dict(type=TYPES[stat.S_IFMT(s.st_mode)], mode=stat.S_IMODE(s.st_mode), uid=s.st_uid, gid=s.st_gid,
        user=known(pwd.getpwuid, s.st_uid), group=known(grp.getgrgid, s.st_gid), mtime=str(s.st_mtime_ns), names=s.st_nlink,
        inode="%d:%d" % (s.st_dev, s.st_ino), size=s.st_size, device=[os.major(s.st_rdev), os.minor(s.st_rdev)],
        target=text(os.readlink(place)) if stat.S_ISLNK(s.st_mode) else None, sha1=sha1, xattrs=attributes(place))]))
def walk(directory, shown):
    show(shown, b"/proc/self/fd/%d/." % directory, os.fstat(directory))
    for name in sorted(os.listdir(b"/proc/self/fd/%d" % directory)):
        below = shown + b"/" + name if shown else name
        s = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISDIR(s.st_mode):
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=directory)
            walk(inner, below)
            os.close(inner)
        else: show(below, b"/proc/self/fd/%d/%s" % (directory, name), s)
walk(os.open(sys.argv[1], os.O_RDONLY), b"")
`;

/** Everything at and below a directory, by its path from there; its own is empty. */
export function list(directory: string): Map<string, Listed> {
  const out = execFileSync("python3", ["-c", SCRIPT, directory], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const lines = out.split("\n").slice(0, -1);
  return new Map(lines.map((line) => JSON.parse(line) as [string, Listed]));
}
