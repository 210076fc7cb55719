/**
 * A target in a local directory: object `packs/a/1` is the file `packs/a/1`.
 *
 * A create writes a temporary file in the same file system, fsyncs it, links
 * it to its name and fsyncs the directory. `link` is the one atomic step: it
 * fails where the name is taken (`rename` would replace it), and before it
 * nothing is visible. A process that dies leaves at most a temporary behind.
 *
 * Every directory above an object was fsynced into its parent by this process
 * before the first create in it, whoever made it: one that merely exists may
 * still be lost with the power. Empty directories are left where they are.
 */
import { randomBytes } from "node:crypto";
import { constants, promises as fs } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CorruptError, NotFoundError, UnavailableError, UsageError } from "../errors.ts";
import { listTree } from "./directory-list.ts";
import { linkIfFree, makeDirectory, syncDirectory, writeDurably } from "./durable.ts";
import { fileFailure, systemCode } from "./file-failure.ts";
import { checkName, checkPrefix, checkRange } from "./name.ts";
import type { Creation, ObjectInfo, PrunableTarget } from "./target.ts";

/** Holds the temporaries. No object name can spell it (name.ts). */
const TEMPORARIES = "tmp~";
/** A temporary this old belongs to a dead process. Were it alive, its create would fail, whole. */
const STALE_MS = 24 * 3600 * 1000;
/** Never through a link, and never waiting for the other end of a named pipe. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** What the system says of a name under which there is no regular file. */
const NOT_AN_OBJECT = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ESPIPE", "ENXIO"]);

export class DirectoryTarget implements PrunableTarget {
  readonly location: string;
  readonly #root: string;
  /** Where the root was when it was opened: a disk that is gone leaves an empty directory. */
  readonly #device: number;
  /** Directories that are there and durable, or about to be. */
  readonly #ready = new Map<string, Promise<void>>();

  private constructor(location: string, device: number) {
    this.location = location;
    this.#root = resolve(location);
    this.#device = device;
  }

  /**
   * Opens a directory that is there.
   *
   * @throws {@link NotFoundError} if it is not.
   * @throws {@link UsageError} if it is something else.
   */
  static async open(path: string): Promise<DirectoryTarget> {
    try {
      const stats = await fs.stat(path);
      if (!stats.isDirectory()) throw new UsageError(`${path} is not a directory`);
      return new DirectoryTarget(path, stats.dev);
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw fileFailure(error, `open ${path}`);
      throw new NotFoundError(
        `there is no directory ${path}. If it is on another disk, mount that; if it is new, run init.`,
        { cause: error },
      );
    }
  }

  /**
   * Opens a directory, and makes it if need be, but none above it: those that
   * lack are more likely mistyped or unmounted than wanted.
   *
   * @throws {@link NotFoundError} if the directory to make it in is not there.
   * @throws {@link UsageError} if it is something else.
   */
  static async create(path: string): Promise<DirectoryTarget> {
    const parent = dirname(resolve(path));
    try {
      await fs.mkdir(path, { mode: 0o700 });
      await syncDirectory(parent);
    } catch (error) {
      const code = systemCode(error);
      if (code === "ENOENT") {
        throw new NotFoundError(`there is no directory ${parent} to make ${path} in.`);
      }
      if (code !== "EEXIST") throw fileFailure(error, `make ${path}`);
    }
    return DirectoryTarget.open(path);
  }

  async read(name: string, limit: number): Promise<Uint8Array> {
    return this.#withFile(name, async (file) => {
      const stats = await file.stat();
      if (!stats.isFile()) throw this.#notFound(name);
      if (stats.size > limit) {
        throw new CorruptError(name, `${stats.size} bytes where at most ${limit} belong`);
      }
      return readFully(file, name, { offset: 0, length: stats.size });
    });
  }

  async readRange(name: string, offset: number, length: number): Promise<Uint8Array> {
    checkName(name);
    checkRange(offset, length);
    if (length === 0) return new Uint8Array(0);
    return this.#withFile(name, (file) => readFully(file, name, { offset, length }));
  }

  async *list(prefix: string, after = ""): AsyncGenerator<ObjectInfo> {
    checkPrefix(prefix);
    try {
      yield* listTree(this.#root, prefix, after);
      // What was not there has only been left out if it was not for the whole disk.
      await this.#checkRoot();
    } catch (error) {
      throw fileFailure(error, `list ${join(this.#root, prefix)}`);
    }
  }

  async create(name: string, bytes: Uint8Array): Promise<Creation> {
    checkName(name);
    const path = join(this.#root, name);
    const temporary = join(this.#root, TEMPORARIES, randomBytes(16).toString("hex"));
    try {
      await this.#prepare(dirname(temporary));
      await this.#prepare(dirname(path));
      await writeDurably(temporary, bytes);
      const creation = await linkIfFree(temporary, path);
      // Also for "exists": whoever made it may not have come this far, and our caller acts on it.
      await syncDirectory(dirname(path));
      return creation;
    } catch (error) {
      if (systemCode(error) === "ENOENT") this.#ready.clear();
      throw fileFailure(error, `store ${path}`);
    } finally {
      // What stays is swept later; it must not hide what happened.
      await fs.rm(temporary, { force: true }).catch(() => {});
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) checkName(name);
    for (const name of names) {
      const path = join(this.#root, name);
      try {
        await fs.unlink(path);
      } catch (error) {
        if (!isNoObject(error)) throw fileFailure(error, `delete ${path}`);
      }
    }
    await this.#checkRoot();
  }

  async #withFile<T>(name: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
    checkName(name);
    const path = join(this.#root, name);
    try {
      const file = await fs.open(path, READ_FLAGS);
      try {
        return await work(file);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!isNoObject(error)) throw fileFailure(error, `read ${path}`);
      await this.#checkRoot();
      throw this.#notFound(name, { cause: error });
    }
  }

  #notFound(name: string, options?: ErrorOptions): NotFoundError {
    return new NotFoundError(`no object ${name} in ${this.location}`, options);
  }

  /** Sees to it, once, that a directory and all above it are there and durable. */
  #prepare(directory: string): Promise<void> {
    let ready = this.#ready.get(directory);
    if (ready === undefined) {
      ready = this.#makeReady(directory);
      this.#ready.set(directory, ready);
      ready.catch(() => this.#ready.delete(directory));
    }
    return ready;
  }

  async #makeReady(directory: string): Promise<void> {
    if (directory === this.#root) return this.#checkRoot();
    await this.#prepare(dirname(directory));
    await makeDirectory(directory);
    await syncDirectory(dirname(directory));
    if (directory === join(this.#root, TEMPORARIES)) await sweep(directory);
  }

  /** Tells a missing object from a missing disk, before anyone mourns the object. */
  async #checkRoot(): Promise<void> {
    const stats = await fs.stat(this.#root).catch(() => undefined);
    if (stats?.dev === this.#device) return;
    throw new UnavailableError(
      `${this.location} is no longer there. Was its disk unmounted? Mount it, then run again.`,
    );
  }
}

function isNoObject(error: unknown): boolean {
  return NOT_AN_OBJECT.has(systemCode(error) ?? "");
}

async function readFully(
  file: FileHandle,
  name: string,
  { offset, length }: { offset: number; length: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) throw new CorruptError(name, `it ends before byte ${offset + length}`);
    filled += bytesRead;
  }
  return bytes;
}

/** Deletes what dead processes left behind. It may fail; then it is left to the next one. */
async function sweep(directory: string): Promise<void> {
  const oldest = Date.now() - STALE_MS;
  for (const name of await fs.readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const stats = await fs.lstat(path).catch(() => undefined);
    if (stats !== undefined && stats.mtimeMs < oldest) await fs.rm(path).catch(() => {});
  }
}
