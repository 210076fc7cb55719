/**
 * Where objects live. An object is written once, under a name that was free,
 * and never changed; names are `/`-separated ASCII, as src/format/README.md
 * lists them.
 *
 * The interfaces widen by ability: a command asks for the least it needs.
 * Every implementation passes test/contract/target.ts.
 */

/** An object's name and size, as listings give them. */
export interface ObjectInfo {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

export interface Target {
  /** The address as the user would write it, for messages. */
  readonly location: string;

  /**
   * Reads a whole object.
   *
   * @param limit - the most bytes the caller is ready to hold.
   * @throws {@link NotFoundError} if there is no such object.
   * @throws {@link CorruptError} if it is longer than `limit`.
   * @throws {@link UnavailableError} if the target does not answer.
   */
  read(name: string, limit: number): Promise<Uint8Array>;

  /**
   * Reads exactly `length` bytes from `offset` on.
   *
   * @throws {@link CorruptError} if the object ends before that; otherwise as {@link read}.
   */
  readRange(name: string, offset: number, length: number): Promise<Uint8Array>;

  /**
   * Lists the objects whose names begin with `prefix`, sorted by name, from
   * the first one behind `after` on. What is created meanwhile may or may not
   * appear.
   */
  list(prefix: string, after?: string): AsyncIterable<ObjectInfo>;
}

/**
 * What came of a create. `exists`: the name was taken, by whatever content.
 * It is the answer that the commit protocol turns on, so it is no error.
 */
export type Creation = "created" | "exists";

export interface WritableTarget extends Target {
  /**
   * Stores an object if its name is free: atomic, durable before it returns,
   * never visible in part.
   *
   * @throws {@link UnavailableError} if it did not happen, or nobody knows:
   * a reply may be lost behind a create that was done (see settle.ts).
   */
  create(name: string, bytes: Uint8Array): Promise<Creation>;
}

export interface PrunableTarget extends WritableTarget {
  /** Deletes objects; names that are not there are no error. */
  remove(names: readonly string[]): Promise<void>;
}
