/**
 * Passphrases: from the environment, a file, a command, or the terminal. Never
 * from the command line, which every user of the machine can see.
 */
import { execFile } from "node:child_process";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { promisify } from "node:util";
import { UsageError } from "../errors.ts";
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
    return firstLine(await readPrivate(file), `VARVE_PASSPHRASE_FILE ${file}`);
  const command = variables["VARVE_PASSPHRASE_COMMAND"];
  return command === undefined ? undefined : runCommand(command);
}

/** Whether somebody can be asked. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks on the terminal; what is typed is not shown. */
export async function askPassphrase(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await terminal.question("");
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}

async function runCommand(command: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", command]);
    return firstLine(stdout, "VARVE_PASSPHRASE_COMMAND");
  } catch {
    // What it printed is left out: it may be the passphrase.
    throw new UsageError("VARVE_PASSPHRASE_COMMAND failed, or printed nothing");
  }
}

function firstLine(text: string | undefined, source: string): string {
  const line = text?.split("\n")[0]?.replace(/\r$/, "");
  if (line === undefined || line === "") throw new UsageError(`${source} holds no passphrase`);
  return line;
}
