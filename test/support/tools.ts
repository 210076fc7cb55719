/** The system's own programs, as tests run them to look at things from outside. */
import { spawnSync } from "node:child_process";

/** For `skip`: false where all of these programs are, or which of them is not. */
export function missingTool(...programs: readonly string[]): string | false {
  const missing = programs.find((program) => spawnSync("which", [program]).status !== 0);
  return missing === undefined ? false : `${missing} is not there`;
}

/**
 * What a program says; a byte is a character.
 *
 * @param input - of bytes as characters, too.
 * @throws Error with what it complains of, if it fails.
 */
export function told(
  [program = "", ...args]: readonly string[],
  { cwd, input = "" }: { readonly cwd?: string; readonly input?: string } = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    ...(cwd === undefined ? {} : { cwd }),
    input: Buffer.from(input, "latin1"),
    encoding: "latin1",
    env: { ...process.env, LC_ALL: "C" },
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
  return stdout;
}
