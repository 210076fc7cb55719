/**
 * Where objects live. An object is written once, under a name that was free,
 * and never changed; a name that was ever used is never used again for other
 * bytes. Names are ASCII components joined by `/` (name.ts); no name is also
 * the directory of another. src/format/README.md lists them.
 *
 * The interfaces widen by ability: a command asks for the least it needs.
 * Every implementation passes test/contract/target.ts. A name or a range that
 * cannot be one is the caller's fault: RangeError, from every method.
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
   * @returns bytes that belong to the caller.
   * @throws {@link NotFoundError} if there is no such object.
   * @throws {@link CorruptError} if it is longer than `limit`.
   * @throws {@link AccessError} if it may not be read.
   * @throws {@link UnavailableError} if the target does not answer.
   */
  read(name: string, limit: number): Promise<Uint8Array>;

  /**
   * Reads exactly `length` bytes from `offset` on. For none at all it does not
   * look, not even whether the object is there.
   *
   * @throws {@link CorruptError} if the object ends before that; otherwise as {@link read}.
   */
  readRange(name: string, offset: number, length: number): Promise<Uint8Array>;

  /**
   * Lists the objects whose names begin with `prefix`, sorted by the bytes of
   * their names, from the first one behind `after` on. What is created or
   * removed meanwhile may or may not appear; everything else does, or it throws.
   *
   * @param prefix - may end within a component.
   * @param after - any string; need not be a name that exists.
   * @throws as {@link read}, at any point of the list.
   */
  list(prefix: string, after?: string): AsyncIterable<ObjectInfo>;
}

/**
 * What came of a create. `exists`: the name was taken, by whatever content.
 * It is the answer that the commit protocol turns on, so it is no error.
 * Writers that race for a name must write different bytes: behind a lost reply
 * nobody can tell equal ones apart, and both may hear `created` (retry.ts).
 */
export type Creation = "created" | "exists";

export interface WritableTarget extends Target {
  /**
   * Stores an object if its name is free: atomic, durable before it returns,
   * never visible in part.
   *
   * @param bytes - lent until the promise settles: not to be changed or
   * transferred before, free for anything after.
   * @throws {@link AccessError} if it may not be written.
   * @throws {@link UnavailableError} if it did not happen, or nobody knows:
   * a reply may be lost behind a create that was done (see retry.ts).
   */
  create(name: string, bytes: Uint8Array): Promise<Creation>;
}

export interface PrunableTarget extends WritableTarget {
  /** Deletes objects; names that are not there are no error. */
  remove(names: readonly string[]): Promise<void>;
}
