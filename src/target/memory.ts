/**
 * A target in memory, for tests and simulations: the shortest honest reading
 * of the contract. Every method takes effect at the moment it is called, and
 * what is stored never shares memory with a caller's bytes.
 */
import { CorruptError, NotFoundError } from "../errors.ts";
import { checkName, checkPrefix, checkRange } from "./name.ts";
import type { Creation, ObjectInfo, PrunableTarget } from "./target.ts";

export class MemoryTarget implements PrunableTarget {
  readonly location = "memory:";
  readonly #objects = new Map<string, Uint8Array>();

  async read(name: string, limit: number): Promise<Uint8Array> {
    const bytes = this.#find(name);
    if (bytes.length > limit) {
      throw new CorruptError(name, `${bytes.length} bytes where at most ${limit} belong`);
    }
    return bytes.slice();
  }

  async readRange(name: string, offset: number, length: number): Promise<Uint8Array> {
    checkName(name);
    checkRange(offset, length);
    if (length === 0) return new Uint8Array(0);
    const bytes = this.#find(name);
    if (offset + length > bytes.length) {
      throw new CorruptError(name, `it ends before byte ${offset + length}`);
    }
    return bytes.slice(offset, offset + length);
  }

  async *list(prefix: string, after = ""): AsyncGenerator<ObjectInfo> {
    checkPrefix(prefix);
    const names = [...this.#objects.keys()].filter(
      (name) => name.startsWith(prefix) && name > after,
    );
    for (const name of names.sort()) {
      const bytes = this.#objects.get(name);
      if (bytes !== undefined) yield { name, size: bytes.length };
    }
  }

  async create(name: string, bytes: Uint8Array): Promise<Creation> {
    checkName(name);
    if (this.#objects.has(name)) return "exists";
    // Not bytes.slice(): on a Buffer that is a view of the caller's memory.
    this.#objects.set(name, new Uint8Array(bytes));
    return "created";
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) checkName(name);
    for (const name of names) this.#objects.delete(name);
  }

  #find(name: string): Uint8Array {
    checkName(name);
    const bytes = this.#objects.get(name);
    if (bytes === undefined) throw new NotFoundError(`no object ${name} in ${this.location}`);
    return bytes;
  }
}
