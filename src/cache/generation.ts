/**
 * Which environment in a cache's directory to open, and whether to believe it.
 *
 * LMDB trusts its file, and reading a damaged one kills the process: SIGBUS
 * where it is too short, SIGSEGV where a page is not what it should be. So an
 * environment is opened only if one of these vouches for it:
 * - the file `clean`, which a close leaves behind: a digest of the data file's
 *   size, time, inode and head (LMDB's roots). Any write since, by anybody,
 *   makes it wrong, so nothing has to be undone when an environment is opened;
 * - a `user-*` file of a live process, which has it open and asked before.
 *
 * Any other is salvaged (salvage.ts): a child process copies it, record by
 * record, into a new generation. If the child dies or meets anything odd, the
 * new generation is empty.
 *
 * Generations are numbered subdirectories; the highest counts. A number is
 * never used again, so no process can pair one generation's lock with the data
 * of another, and whoever still has an older one open keeps a working cache, of
 * which the others know nothing: that costs time, as losing a cache does.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DATA_FILE, SUSPECT_FILE } from "./environment.ts";
import { salvage } from "./salvage.ts";

const CLEAN_FILE = "clean";
const USER_PREFIX = "user-";
const SALVAGE_PREFIX = "salvage-";
const NUMBER = /^[1-9]\d{0,8}$/;
/** Holds both of LMDB's roots, with pages of 4 KiB; with larger ones, the first. */
const HEAD_BYTES = 8192;
/** Of a process's line in `/proc/<pid>/stat`, behind its name: when it began. */
const START_TIME_FIELD = 19;
const ZOMBIE = "Z";

/** Finds the generation to open, makes the first, salvages one in doubt. */
export async function soundGeneration(directory: string): Promise<number> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (;;) {
    const number = await newestGeneration(directory);
    if (number === 0) {
      await advance(directory, 0);
    } else if (await isTrusted(generationPath(directory, number))) {
      return number;
    } else {
      await salvageInto(directory, number);
    }
  }
}

/** The highest number in use; 0 if there is none. */
export async function newestGeneration(directory: string): Promise<number> {
  const numbers = (await readdir(directory)).filter((name) => NUMBER.test(name)).map(Number);
  return Math.max(0, ...numbers);
}

export function generationPath(directory: string, number: number): string {
  return join(directory, String(number));
}

/** Begins an empty generation behind number `number`, unless somebody has. */
export async function advance(directory: string, number: number): Promise<void> {
  try {
    await mkdir(generationPath(directory, number + 1), { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** Removes the generations below `number`, and what dead processes were salvaging. */
export async function removeOlder(directory: string, number: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const stale = name.startsWith(SALVAGE_PREFIX)
      ? !isAlive(Number(name.split("-")[1]))
      : NUMBER.test(name) && Number(name) < number;
    // What cannot be removed is in nobody's way.
    if (stale) await rm(join(directory, name), { recursive: true, force: true }).catch(() => {});
  }
}

/** Says that this process has the generation open, in a file; nothing if it is gone meanwhile. */
export async function enter(path: string): Promise<string | undefined> {
  const name = `${USER_PREFIX}${process.pid}-${randomBytes(4).toString("hex")}`;
  const file = join(path, name);
  try {
    await writeFile(file, processKey(process.pid) ?? "", { mode: 0o600 });
    return file;
  } catch (error) {
    return ignoreMissing(error);
  }
}

/** Takes back {@link enter}, once the environment is closed. */
export async function leave(path: string, file: string): Promise<void> {
  if (!existsSync(join(path, SUSPECT_FILE))) await markClean(path);
  await rm(file, { force: true });
}

/** Vouches for the data file as it is now. */
async function markClean(path: string): Promise<void> {
  const digest = await fingerprint(join(path, DATA_FILE)).catch(() => undefined);
  if (digest === undefined) return;
  await writeFile(join(path, CLEAN_FILE), digest, { mode: 0o600 }).catch(() => {
    // Without it the next opening salvages.
  });
}

/** Whether somebody vouches for a generation, or nothing is in it yet. */
export async function isTrusted(path: string): Promise<boolean> {
  const digest = await fingerprint(join(path, DATA_FILE)).catch(ignoreMissing);
  if (digest === undefined) return true;
  const names = await readdir(path);
  if (names.includes(SUSPECT_FILE)) return false;
  const clean = await readFile(join(path, CLEAN_FILE), "utf8").catch(ignoreMissing);
  if (clean === digest) return true;
  for (const name of names.filter((name) => name.startsWith(USER_PREFIX))) {
    if (await isUser(path, name)) return true;
  }
  return false;
}

/** Whether the process that left this file is still the one of that number. */
async function isUser(path: string, name: string): Promise<boolean> {
  const key = await readFile(join(path, name), "utf8").catch(ignoreMissing);
  return key !== undefined && key === processKey(Number(name.split("-")[1]));
}

async function salvageInto(directory: string, number: number): Promise<void> {
  const from = generationPath(directory, number);
  const to = join(directory, `${SALVAGE_PREFIX}${process.pid}-${randomBytes(4).toString("hex")}`);
  await mkdir(to, { mode: 0o700 });
  try {
    if (await salvage(from, to)) {
      await markClean(to);
      await rename(to, generationPath(directory, number + 1));
      return;
    }
  } catch (error) {
    if (!isTaken(error)) throw error;
  } finally {
    await rm(to, { recursive: true, force: true });
  }
  await advance(directory, number);
}

/** A digest of what changes with any write to the data file. */
async function fingerprint(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size, mtimeNs, ino } = await handle.stat({ bigint: true });
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return createHash("sha256")
      .update(`${size} ${mtimeNs} ${ino}\n`)
      .update(buffer.subarray(0, bytesRead))
      .digest("hex");
  } finally {
    await handle.close();
  }
}

/**
 * What tells a live process from an older one of the same number: the boot and
 * the time at which it began. Nothing if there is no such process. Without
 * `/proc` the number has to do.
 */
function processKey(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Killed, but nobody has asked for its exit status yet.
    if (fields[0] === ZOMBIE) return undefined;
    return `${boot} ${fields[START_TIME_FIELD]}`;
  } catch {
    return "alive";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function isTaken(error: unknown): boolean {
  return codeOf(error) === "ENOTEMPTY" || codeOf(error) === "EEXIST";
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
