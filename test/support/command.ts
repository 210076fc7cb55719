/** The built program, run as a process on a machine of its own: a home directory that nobody else uses. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "./scratch.ts";

export const PROGRAM: string = fileURLToPath(new URL("../../src/cli.js", import.meta.url));

export type Variables = Readonly<Record<string, string>>;

/** What a process said, and how it ended. */
export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly variables?: Variables;
  readonly cwd?: string;
  /** Put in front: `strace -f`, say. */
  readonly under?: readonly string[];
}

/** A thread costs a process about a third of a second to begin with: most tests do without. */
export type Threads = "none" | "by default";

export class Machine {
  readonly home: string;
  readonly variables: Variables;
  readonly #threads: Threads;

  constructor(variables: Variables = {}, threads: Threads = "none") {
    this.home = scratchDirectory();
    this.#threads = threads;
    this.variables = {
      PATH: process.env["PATH"] ?? "",
      HOME: this.home,
      NO_COLOR: "1",
      // CI runs some of these tests once more on hash-wasm alone.
      VARVE_DIGESTS: process.env["VARVE_DIGESTS"] ?? "fastest",
      ...variables,
    };
  }

  /** Where the embedded default repository is. */
  get repository(): string {
    return `${this.home}/.local/share/varve/default`;
  }

  /** Runs the program without a terminal. */
  varve(...args: string[]): Promise<Ended> {
    return this.run(args);
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const { under = [], cwd = this.home, variables = {} } = options;
    const program = this.commandLine(...args);
    const [command = process.execPath, ...rest] = [...under, ...program];
    return ended(spawn(command, rest, this.#spawning(cwd, variables)));
  }

  /** The program and its arguments, for whoever runs it in a way of his own. */
  commandLine(...args: string[]): string[] {
    return [process.execPath, PROGRAM, ...this.#withThreads(args)];
  }

  /** Starts the program; the caller ends it. */
  start(args: readonly string[]): ReturnType<typeof spawn> {
    return spawn(process.execPath, [PROGRAM, ...args], this.#spawning(this.home, {}));
  }

  #withThreads(args: readonly string[]): readonly string[] {
    const [command = "", ...rest] = args;
    const isOpen = ["backup", "restore"].includes(command) && !args.includes("--workers");
    return isOpen && this.#threads === "none" ? [command, "--workers", "0", ...rest] : args;
  }

  #spawning(cwd: string, variables: Variables): Parameters<typeof spawn>[2] & object {
    return { cwd, env: { ...this.variables, ...variables }, stdio: ["ignore", "pipe", "pipe"] };
  }
}

/** Waits for a process and all it says. */
export async function ended(child: ReturnType<typeof spawn>): Promise<Ended> {
  if (child.stdout === null || child.stderr === null) throw new Error("its output is not piped");
  const [out, err, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { status, out, err };
}

/** The objects that `--json` printed; throws if anything else stands between them. */
export function objectsOf({ out }: Ended): Record<string, unknown>[] {
  const lines = out.split("\n");
  if (lines.pop() !== "") throw new Error("the last line has no end");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
