/**
 * What a backup leaves out, by glob patterns.
 *
 * A pattern without a slash matches a name at any depth; one with a slash
 * matches the path from the source's root, with `**` for any depth. A slash at
 * its end restricts it to directories. A directory that is left out is not
 * looked into. Patterns that never matched can be asked for afterwards: they
 * are mistakes more often than not.
 */
import type { BigIntStats } from "node:fs";
import picomatch from "picomatch";
import { UsageError } from "../errors.ts";
import type { RawName } from "../format/raw-name.ts";
import { rawText } from "../format/raw-name.ts";
import type { Found } from "./walk.ts";

interface Rule {
  readonly pattern: string;
  readonly directoriesOnly: boolean;
  readonly matches: (text: string) => boolean;
  readonly byName: boolean;
  hits: number;
}

export class Filter {
  readonly #rules: readonly Rule[];
  /** Directories that are left out whatever their names, as `device:inode`. */
  readonly #directories = new Set<string>();

  /** @throws {@link UsageError} for an empty pattern, or one that leaves out everything. */
  constructor(patterns: readonly string[]) {
    this.#rules = patterns.map(ruleOf);
  }

  /** Leaves out a directory, wherever the walk meets it below its root. */
  leaveOut(directory: BigIntStats): void {
    this.#directories.add(identityOf(directory));
  }

  /** Whether an entry is left out. */
  excludes(entry: Found): boolean {
    const { stats } = entry;
    if (stats.isDirectory() && this.#directories.has(identityOf(stats))) return true;
    return this.#rules.some((rule) => hits(rule, entry));
  }

  /** The patterns that have matched nothing so far. */
  get unused(): string[] {
    return this.#rules.filter((rule) => rule.hits === 0).map((rule) => rule.pattern);
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function ruleOf(pattern: string): Rule {
  const path = pattern.replace(/\/+$/, "");
  const anchored = path.replace(/^\.?\/+/, "");
  if (["", ".", "**"].includes(anchored)) {
    throw new UsageError(`--exclude "${pattern}" would leave out everything, or nothing`);
  }
  return {
    pattern,
    directoriesOnly: path !== pattern,
    byName: !path.includes("/"),
    matches: picomatch(anchored, { dot: true, nonegate: true }),
    hits: 0,
  };
}

function hits(rule: Rule, { name, path, stats }: Found): boolean {
  if (rule.directoriesOnly && !stats.isDirectory()) return false;
  if (!rule.matches(textOf(rule.byName ? name : path))) return false;
  rule.hits += 1;
  return true;
}

/** Names that are no text are matched byte by byte. */
function textOf(name: RawName): string {
  return rawText(name) ?? name;
}
