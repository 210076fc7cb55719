/**
 * Ends a process at a chosen call of it, as a power cut, a person or the
 * system would: strace counts, and sends a signal as the call begins, which is
 * then not done if the signal kills.
 *
 * Counts are by thread, and what other threads do at that moment is chance: a
 * moment names about the same one each time, and any is as good as another.
 */
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Ended, Machine } from "./command.ts";
import { ended } from "./command.ts";
import { scratchDirectory } from "./scratch.ts";

/** The calls by which a program changes files, and those that read names and content. */
const CALLS = [
  ...["openat", "mkdir", "link", "rename", "renameat2", "unlink", "ftruncate"],
  ...["write", "pwrite64", "pwritev", "fsync", "fdatasync"],
];

/** One call of a process. */
export interface Moment {
  readonly call: string;
  /** From 1, among the calls of this name on its thread. */
  readonly number: number;
  /** As strace shows it. */
  readonly line: string;
}

export type EndSignal = "KILL" | "INT" | "TERM";

/** One thread besides the main one, so that counts mean the same each time. */
const VARIABLES = { UV_THREADPOOL_SIZE: "1" };

/** A traced run: how it ended, and its calls on files of the machine, in order. */
export interface Traced {
  readonly ended: Ended & { readonly signal: NodeJS.Signals | null };
  readonly moments: readonly Moment[];
}

/** Runs a command undisturbed. */
export function traced(machine: Machine, args: readonly string[]): Promise<Traced> {
  return trace(machine, args, { calls: CALLS });
}

/** Runs a command up to a moment. With status null, the signal killed it. */
export function runUpTo(
  machine: Machine,
  args: readonly string[],
  { call, number, signal }: Pick<Moment, "call" | "number"> & { readonly signal: EndSignal },
): Promise<Traced> {
  const inject = `inject=${call}:signal=${signal}:when=${number}`;
  const calls = [...new Set([call, "openat"])];
  return trace(machine, args, { calls, more: ["-e", inject] });
}

async function trace(
  machine: Machine,
  args: readonly string[],
  { calls, more = [] }: { readonly calls: readonly string[]; readonly more?: readonly string[] },
): Promise<Traced> {
  const file = join(scratchDirectory(), "trace");
  const options = ["-f", "-y", "-s", "256", "-o", file, "-e", `trace=${calls.join(",")}`, ...more];
  const child = spawn("strace", [...options, ...machine.commandLine(...args)], {
    cwd: machine.home,
    env: { ...machine.variables, ...VARIABLES },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = await ended(child);
  const moments = momentsIn(readFileSync(file, "utf8")).filter(({ line }) =>
    line.includes(`${machine.home}/`),
  );
  rmSync(file);
  return { ended: { ...end, signal: child.signalCode }, moments };
}

/** The files below a directory that were opened, each once, by their names there. */
export function openedBelow(directory: string, { moments }: Traced): string[] {
  const names = new Set<string>();
  for (const { call, line } of moments) {
    const [, path = ""] = /^[^"]*"([^"]*)"/.exec(line) ?? [];
    if (call === "openat" && path.startsWith(`${directory}/`) && !line.includes("O_DIRECTORY")) {
      names.add(path.slice(directory.length + 1));
    }
  }
  return [...names];
}

/** `count` of them, from the first to the last. */
export function spread<T>(all: readonly T[], count: number): T[] {
  return Array.from({ length: Math.min(count, all.length) }, (_, at) => {
    const index = Math.round((at * (all.length - 1)) / Math.max(1, count - 1));
    return all[index] as T;
  });
}

function momentsIn(trace: string): Moment[] {
  const counts = new Map<string, number>();
  const moments: Moment[] = [];
  for (const line of trace.split("\n")) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (thread === undefined || call === undefined) continue;
    const number = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, number);
    moments.push({ call, number, line });
  }
  return moments;
}
