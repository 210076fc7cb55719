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
