/**
 * What a program prints, as a stream. It counts only if the program ends well.
 *
 * Its arguments may be secret: nothing that is said of it has more than its name.
 */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { NotFoundError, UnavailableError, UsageError } from "../errors.ts";
import { libc } from "./libc.ts";
import type { Stream, StreamSource } from "./stream.ts";

/**
 * The standard output of a program, which has our standard input and standard error.
 *
 * @throws {@link UsageError} where this system has no pipes for it.
 */
export function outputOf(program: string, args: readonly string[]): StreamSource {
  const system = libc();
  if (system === undefined) {
    throw new UsageError(
      `this system gives no access to pipes: let a shell pipe the output of ${program} in`,
    );
  }
  return {
    open() {
      const [reading, writing] = system.pipe();
      try {
        const child = spawn(program, args, { stdio: ["inherit", writing, "inherit"] });
        return new Output(child, program, reading);
      } catch (error) {
        closeSync(reading);
        throw new UsageError(`cannot run ${program}: ${(error as NodeJS.ErrnoException).code}`);
      } finally {
        // Else the output would never end: we could still write to it.
        closeSync(writing);
      }
    },
  };
}

class Output implements Stream {
  readonly descriptor: number;
  readonly #child: ChildProcess;
  readonly #outcome: Promise<Error | undefined>;
  readonly #kill = (): void => {
    this.#child.kill();
  };

  constructor(child: ChildProcess, program: string, descriptor: number) {
    this.descriptor = descriptor;
    this.#child = child;
    this.#outcome = new Promise((resolve) => {
      child.once("error", (error) => resolve(notRun(program, error)));
      child.once("exit", (status, signal) => resolve(failureOf(program, status, signal)));
    });
    // However this process ends, unless it is by a signal that nobody can catch: then writing fails.
    process.once("exit", this.#kill);
  }

  async ended(): Promise<void> {
    const failure = await this.#outcome;
    if (failure !== undefined) throw failure;
  }

  close(): void {
    process.off("exit", this.#kill);
    this.#kill();
    // It may take its time to end, or not be willing to: nobody waits.
    this.#child.unref();
    closeSync(this.descriptor);
  }
}

function notRun(program: string, error: NodeJS.ErrnoException): Error {
  return error.code === "ENOENT"
    ? new NotFoundError(`there is no program ${program}: nothing was committed`)
    : new UsageError(`cannot run ${program}: ${error.code}; nothing was committed`);
}

function failureOf(
  program: string,
  status: number | null,
  signal: NodeJS.Signals | null,
): Error | undefined {
  if (status === 0) return undefined;
  const how = signal === null ? `exit status ${status}` : signal;
  return new UnavailableError(`${program} failed (${how}): nothing was committed`);
}
