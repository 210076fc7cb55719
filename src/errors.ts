/**
 * The failures a user can meet, one class for each thing to do about them.
 *
 * The exit status lives on the class (README.md, "Exit status"). Anything that
 * is thrown and is not a {@link VarveError} is a fault of varve's own: exit 1.
 */
export abstract class VarveError extends Error {
  abstract readonly exitCode: number;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The command or the configuration is wrong: change it. */
export class UsageError extends VarveError {
  readonly exitCode = 2;
}

/** Done, but for the files that were named on the way. */
export class PartialError extends VarveError {
  readonly exitCode = 3;
}

/** The target is out of reach or full: worth trying again. */
export class UnavailableError extends VarveError {
  readonly exitCode = 4;
}

/** The wrong key, or not permitted. */
export class AccessError extends VarveError {
  readonly exitCode = 5;
}

/** What was asked for is not there. */
export class NotFoundError extends VarveError {
  readonly exitCode = 6;
}

/** Stored bytes are not what their name promises. Trying again will not help. */
export class CorruptError extends VarveError {
  readonly exitCode = 7;
  /** Name of the damaged object. */
  readonly object: string;

  constructor(object: string, problem: string, options?: ErrorOptions) {
    super(`${object} is damaged: ${problem}`, options);
    this.object = object;
  }
}

/** The user stopped the run. */
export class InterruptedError extends VarveError {
  readonly exitCode = 130;
}

/** What of an error can be sent to another thread, where it would lose its class. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of a {@link CorruptError}. */
  readonly object?: string;
}

const CLASSES = {
  UsageError,
  PartialError,
  UnavailableError,
  AccessError,
  NotFoundError,
  InterruptedError,
};

export function sendable(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: undefined };
  const { name, message, stack } = error;
  return { name, message, stack, ...(error instanceof CorruptError && { object: error.object }) };
}

/** The inverse of {@link sendable}: of one of varve's classes, if it was one. */
export function receivedError({ name, message, stack, object }: SentError): Error {
  const error = object === undefined ? plainError(name, message) : corruptError(object, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function plainError(name: string, message: string): Error {
  if (!Object.hasOwn(CLASSES, name)) return new Error(message);
  return new CLASSES[name as keyof typeof CLASSES](message);
}

function corruptError(object: string, message: string): CorruptError {
  const error = new CorruptError(object, "");
  error.message = message;
  return error;
}
