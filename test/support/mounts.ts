/** File systems of a chosen size, in a mount namespace of their own: nobody else sees them. */
import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { scratchDirectory } from "./scratch.ts";

/** For `skip`: false, or why not. */
export const NO_MOUNTS: string | false =
  spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", scratchDirectory()]).status === 0
    ? false
    : "only root can mount, and not everywhere";

/** A mount namespace. It goes with all that is mounted in it when it is closed. */
export class Mounts {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async open(): Promise<Mounts> {
    const holder = spawn("unshare", ["-m", "sh", "-c", "echo there; exec sleep 600"]);
    await once(holder.stdout, "data");
    return new Mounts(holder);
  }

  /** To be put in front of a command that should see what is mounted. */
  get under(): readonly string[] {
    return ["nsenter", "-m", "-t", String(this.#holder.pid), "--"];
  }

  /** Mounts an empty file system in memory, or gives one that is there another size. */
  mount(path: string, size: string, how: "new" | "again" = "new"): void {
    const options = how === "new" ? `size=${size}` : `remount,size=${size}`;
    this.#run("mount", "-t", "tmpfs", "-o", options, "none", path);
  }

  /** Nothing can be written there any more. */
  shut(path: string): void {
    this.#run("mount", "-o", "remount,ro", path);
  }

  close(): void {
    this.#holder.kill("SIGKILL");
  }

  #run(...command: string[]): void {
    const [first = "", ...rest] = [...this.under, ...command];
    const { status, stderr } = spawnSync(first, rest);
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  }
}
