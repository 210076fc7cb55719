/** Whole processes, timed from outside: wall, CPU with all children, and the peak of one process's memory. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Measured {
  /** Seconds. */
  readonly wall: number;
  /** Seconds, user and system, of the process and all that it waited for. */
  readonly cpu: number;
  /** MB, of the largest process seen. */
  readonly memory: number;
}

const SAMPLE_MS = 20;

/**
 * Runs a shell command to its end.
 *
 * @throws Error with what it printed, if it fails.
 */
export async function measure(
  command: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Measured> {
  const timed = `TIMEFORMAT='%R %U %S'; time { ${command}; }`;
  const child = spawn("bash", ["-c", timed], { env: { ...process.env, ...variables } });
  let memory = 0;
  const sampler = setInterval(() => {
    memory = Math.max(memory, largest(child.pid ?? 0));
  }, SAMPLE_MS);
  let errors = "";
  child.stdout.resume();
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(sampler);
  if (status !== 0) throw new Error(`${command}: status ${status}\n${errors}`);
  const [wall = 0, user = 0, system = 0] = (errors.trim().split("\n").at(-1) ?? "")
    .split(" ")
    .map(Number);
  return { wall, cpu: user + system, memory };
}

/** The peak so far, in MB, of the largest process in the tree below `pid`. */
function largest(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const own = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return Math.max(own, ...children.filter(Boolean).map((child) => largest(Number(child))));
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

/** `median (least..most)`. */
export function spread(values: readonly number[], digits = 1): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [least, most] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const show = (value: number): string => value.toFixed(digits);
  return `${show(median(values))} (${show(least)}..${show(most)})`;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
