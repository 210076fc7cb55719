/**
 * Passphrases: from the environment, a file, a command, or the terminal. Never
 * from the command line, which every user of the machine can see.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { InterruptedError, UsageError } from "../errors.ts";
import type { Variables } from "./places.ts";
import { readPrivate } from "./private-file.ts";

/**
 * The passphrase that was given beforehand; nothing if none was.
 *
 * @throws {@link UsageError} if the file is not there or the command fails.
 */
export async function givenPassphrase(variables: Variables): Promise<string | undefined> {
  const given = variables["VARVE_PASSPHRASE"];
  if (given !== undefined) return given;
  const file = variables["VARVE_PASSPHRASE_FILE"];
  if (file !== undefined)
    return firstLine(await readPrivate(file), `the file of VARVE_PASSPHRASE_FILE, ${file},`);
  const command = variables["VARVE_PASSPHRASE_COMMAND"];
  return command === undefined ? undefined : runCommand(command);
}

/** Whether somebody can be asked. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks on the terminal for what is no secret. */
export async function question(text: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise((answered, refused) => {
      terminal.question(text, answered);
      terminal.once("close", () => refused(new InterruptedError("no answer was given")));
    });
  } finally {
    terminal.close();
  }
}

/** Asks on the terminal; what is typed is not shown. */
export async function askPassphrase(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  // First of all: it stops the terminal's echo, and who types ahead is not shown either.
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  try {
    return await new Promise((answered, refused) => {
      terminal.once("line", answered);
      // Ctrl-C and Ctrl-D close it, and no line comes.
      terminal.once("close", () => refused(new InterruptedError("no passphrase was given")));
    });
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}

/** The command may use the terminal; only its standard output is taken. */
async function runCommand(command: string): Promise<string> {
  const child = spawn("/bin/sh", ["-c", command], { stdio: ["inherit", "pipe", "inherit"] });
  const [printed, [status]] = await Promise.all([text(child.stdout), once(child, "close")]);
  // What it printed is left out: it may be the passphrase.
  if (status !== 0) throw new UsageError("VARVE_PASSPHRASE_COMMAND failed");
  return firstLine(printed, "VARVE_PASSPHRASE_COMMAND");
}

function firstLine(given: string | undefined, source: string): string {
  const line = given?.split("\n")[0]?.replace(/\r$/, "");
  if (line === undefined || line === "") throw new UsageError(`${source} gives no passphrase`);
  return line;
}
