/**
 * Targets with a vice, for tests and simulations.
 *
 * A {@link Fault} spoils one call: before it is done, on its bytes, or behind
 * it. A {@link Schedule} says which call meets which fault, and a
 * {@link FaultyTarget} asks it at every call, counts, and keeps a log. Wrap one
 * in another to have several vices.
 */
import { UnavailableError } from "../../src/errors.ts";
import type { Creation, ObjectInfo, PrunableTarget } from "../../src/target/target.ts";

export type Operation = "read" | "readRange" | "list" | "create" | "remove";

export interface Call {
  readonly operation: Operation;
  /** The object; for a list the prefix, for a remove the names, joined by spaces. */
  readonly name: string;
  /** From 1, over all calls of the target. */
  readonly number: number;
  /** Bytes to be stored; 0 for everything but a create. */
  readonly size: number;
}

export interface Fault {
  /** Throws: the call is not done. Waits: it is late. */
  readonly before?: (call: Call) => void | Promise<void>;
  /** What is stored by a create, or returned by a read, instead of `bytes`, which it leaves alone. */
  readonly damage?: (bytes: Uint8Array) => Uint8Array;
  /** Throws: the call is done, and nobody hears of it. A list breaks off half way. */
  readonly behind?: (call: Call) => void | Promise<void>;
}

/** Which fault a call meets, if any. */
export type Schedule = (call: Call) => Fault | undefined;

/** The process died here. No code may catch it and go on. */
export class CrashError extends Error {
  override readonly name = "CrashError";
}

/** It was done; the reply got lost. */
export const lostReply: Fault = {
  behind: (call) => {
    throw new UnavailableError(`reply lost: ${call.operation} ${call.name}`);
  },
};

/** It was not done, and the caller cannot know. */
export const notDone: Fault = {
  before: (call) => {
    throw new UnavailableError(`not done: ${call.operation} ${call.name}`);
  },
};

/** Half of an object: what is read is too short. */
export const truncated: Fault = { damage: (bytes) => bytes.slice(0, bytes.length >> 1) };

/** Half of an object is stored under its name: no target may do that, and one day one will. */
export const tornWrite: Fault = { ...truncated, ...lostReply };

/** One bit in the middle turns over. An empty object has none. */
export const bitFlip: Fault = {
  damage: (bytes) => {
    const damaged = new Uint8Array(bytes);
    const middle = bytes.length >> 1;
    if (bytes.length > 0) damaged[middle] = (damaged[middle] ?? 0) ^ 1;
    return damaged;
  },
};

const crash = (call: Call): never => {
  throw new CrashError(`crashed at call ${call.number}: ${call.operation} ${call.name}`);
};

/** The process dies at call `number`, which is not done; all later ones find it dead. */
export function crashAt(number: number): Schedule {
  return (call) => (call.number >= number ? { before: crash } : undefined);
}

/** The process dies behind call `number`, which is done. */
export function crashBehind(number: number): Schedule {
  return (call) => {
    if (call.number === number) return { behind: crash };
    return call.number > number ? { before: crash } : undefined;
  };
}

/** Call number -> fault. */
export function faultsAt(faults: Readonly<Record<number, Fault>>): Schedule {
  return (call) => faults[call.number];
}

/** Every call of one kind meets `fault`. */
export function always(operation: Operation, fault: Fault): Schedule {
  return (call) => (call.operation === operation ? fault : undefined);
}

/** Has room for `capacity` bytes in all; a create that does not fit is not done. */
export function fullDisk(capacity: number): Schedule {
  let free = capacity;
  return (call) => {
    if (call.size <= free) {
      free -= call.size;
      return undefined;
    }
    return {
      before: () => {
        throw new UnavailableError(`disk full: ${call.name}`);
      },
    };
  };
}

/** A fault that keeps calls waiting until somebody opens it. */
export class Gate implements Fault {
  readonly before: () => Promise<void>;
  readonly open: () => void;
  /** Calls that came to it. */
  waiting = 0;

  constructor() {
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.open = open;
    this.before = () => {
      this.waiting += 1;
      return opened;
    };
  }
}

/** Without a schedule it only counts and keeps the log. */
export class FaultyTarget implements PrunableTarget {
  /** Every call, in the order they began. */
  readonly log: Call[] = [];
  readonly #inner: PrunableTarget;
  readonly #schedule: Schedule;

  constructor(inner: PrunableTarget, schedule: Schedule = () => undefined) {
    this.#inner = inner;
    this.#schedule = schedule;
  }

  get location(): string {
    return this.#inner.location;
  }

  /** How many calls of one kind there were. */
  count(operation: Operation): number {
    return this.log.filter((call) => call.operation === operation).length;
  }

  read(name: string, limit: number): Promise<Uint8Array> {
    return this.#run({ operation: "read", name, size: 0 }, async (damage) =>
      damage(await this.#inner.read(name, limit)),
    );
  }

  readRange(name: string, offset: number, length: number): Promise<Uint8Array> {
    return this.#run({ operation: "readRange", name, size: 0 }, async (damage) =>
      damage(await this.#inner.readRange(name, offset, length)),
    );
  }

  async *list(prefix: string, after?: string): AsyncGenerator<ObjectInfo> {
    const { call, fault } = this.#begin({ operation: "list", name: prefix, size: 0 });
    await fault.before?.(call);
    const all: ObjectInfo[] = [];
    for await (const info of this.#inner.list(prefix, after)) all.push(info);
    yield* all.slice(0, all.length >> 1);
    await fault.behind?.(call);
    yield* all.slice(all.length >> 1);
  }

  create(name: string, bytes: Uint8Array): Promise<Creation> {
    return this.#run({ operation: "create", name, size: bytes.length }, (damage) =>
      this.#inner.create(name, damage(bytes)),
    );
  }

  remove(names: readonly string[]): Promise<void> {
    return this.#run({ operation: "remove", name: names.join(" "), size: 0 }, () =>
      this.#inner.remove(names),
    );
  }

  async #run<T>(
    what: Omit<Call, "number">,
    perform: (damage: (bytes: Uint8Array) => Uint8Array) => Promise<T>,
  ): Promise<T> {
    const { call, fault } = this.#begin(what);
    await fault.before?.(call);
    const result = await perform(fault.damage ?? ((bytes) => bytes));
    await fault.behind?.(call);
    return result;
  }

  #begin(what: Omit<Call, "number">): { call: Call; fault: Fault } {
    const call = { ...what, number: this.log.length + 1 };
    this.log.push(call);
    return { call, fault: this.#schedule(call) ?? {} };
  }
}
