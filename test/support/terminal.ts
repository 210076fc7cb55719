/** A terminal for a program under test: Python's, since Node has none. */
import { spawn, spawnSync } from "node:child_process";
import type { Ended, Machine, Variables } from "./command.ts";
import { ended, PROGRAM } from "./command.ts";

/** Why a test that needs a terminal is skipped; false where there is one. */
export const NO_TERMINAL: string | false =
  spawnSync("python3", ["-c", "import pty"]).status === 0 ? false : "python3 is not there";

/** What to wait for, and what to type then. */
export type Exchange = readonly (readonly [expected: string, typed: string])[];

const DRIVER = `
import json, os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b""
def read():
    global seen
    try:
        more = os.read(fd, 65536)
    except OSError:
        return False
    seen += more
    return len(more) > 0
for expected, typed in json.loads(sys.argv[1]):
    start = len(seen)
    while expected.encode() not in seen[start:] and read():
        pass
    os.write(fd, typed.encode())
while read():
    pass
sys.stdout.buffer.write(seen)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Runs the program on a terminal; `out` is all that it showed. */
export function onTerminal(
  machine: Machine,
  args: readonly string[],
  exchange: Exchange = [],
): Promise<Ended> {
  const place = { cwd: machine.home, env: machine.variables };
  return driven([PROGRAM, ...args], place, exchange);
}

/** Runs another script, with its arguments, in the same way. */
export function scriptOnTerminal(
  script: readonly string[],
  variables: Variables,
  exchange: Exchange,
): Promise<Ended> {
  return driven(script, { cwd: "/", env: variables }, exchange);
}

function driven(
  script: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Variables },
  exchange: Exchange,
): Promise<Ended> {
  const command = [JSON.stringify(exchange), process.execPath, ...script];
  return ended(
    spawn("python3", ["-c", DRIVER, ...command], {
      cwd,
      env: { ...env, TERM: "xterm" },
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
}
