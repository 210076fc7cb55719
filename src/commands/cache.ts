/** `cache`: what this machine keeps of repositories, none of which is needed. */
import { join } from "node:path";
import type { Argv, CommandModule } from "yargs";
import { Cache } from "../cache/cache.ts";
import type { CacheFacts, FoundCache, Known } from "../cache/survey.ts";
import { findCaches, sizeOnDisk, surveyCache } from "../cache/survey.ts";
import { CorruptError } from "../errors.ts";
import { readOutline } from "../repository/settings.ts";
import { refreshView } from "../repository/view.ts";
import type { Environment } from "./environment.ts";
import { reachTarget, readEnvironment } from "./environment.ts";
import type { OutputFlags } from "./output.ts";
import { count, formatBytes, formatDuration, formatTime, Output } from "./output.ts";
import { openAsMember } from "./session.ts";

interface CacheFlags extends OutputFlags {
  target: string | undefined;
}

const info: CommandModule<OutputFlags, CacheFlags> = {
  command: "info [target]",
  describe: "Say what caches there are, and what is in them",
  builder: withTarget,
  handler: async (flags) => {
    const output = new Output(flags);
    let shown = 0;
    for (const cache of await cachesOf(flags, await readEnvironment(process.env, output))) {
      const facts = await surveyCache(cache.directory);
      if (facts === undefined) continue;
      const { bytes, lastUsed, known } = facts;
      output.result({ ...cache, bytes, lastUsed, ...known }, describe(cache, facts));
      shown += 1;
    }
    if (shown === 0) output.note("no caches");
  },
};

const clear: CommandModule<OutputFlags, CacheFlags> = {
  command: "clear [target]",
  describe: "Throw caches away: the next run fills them again",
  builder: withTarget,
  handler: async (flags) => {
    const output = new Output(flags);
    let cleared = 0;
    for (const { directory } of await cachesOf(flags, await readEnvironment(process.env, output))) {
      const before = await sizeOnDisk(directory);
      // Cleared before: what is left only keeps its number from being used again.
      if (before === 0) continue;
      await Cache.discard(directory);
      const bytes = before - (await sizeOnDisk(directory));
      output.result(
        { event: "cleared", directory, bytes },
        `cleared ${directory}: ${formatBytes(bytes)} freed`,
      );
      cleared += 1;
    }
    if (cleared === 0) output.note("no caches");
  },
};

const rebuild: CommandModule<OutputFlags, CacheFlags> = {
  command: "rebuild [target]",
  describe: "Throw a repository's cache away, and fill it from the index",
  builder: withTarget,
  handler: async (flags) => {
    const output = new Output(flags);
    const environment = await readEnvironment(process.env, output);
    const target = await reachTarget(flags.target, environment);
    const { repository, host } = await openAsMember(target, environment);
    const begun = Date.now();
    const directory = join(environment.places.cache, repository.id, host);
    await Cache.discard(directory);
    const segmentSize = repository.settings.sizes.segment;
    // No temporary one where this fails, as other commands have it: that would be for nothing.
    const cache = await Cache.open(directory, { repository: repository.id, host, segmentSize });
    try {
      for (const damage of await refreshView(repository, cache, host)) output.damage(damage);
    } finally {
      await cache.close();
    }
    const milliseconds = Date.now() - begun;
    const { known } = (await surveyCache(directory)) ?? {};
    output.result(
      { event: "rebuilt", directory, ...known, milliseconds },
      `rebuilt ${directory}: ${knownText(known)}, ${formatDuration(milliseconds)}`,
    );
    if (output.damages > 0) {
      throw new CorruptError(target.location, `${count(output.damages, "object")} told above`);
    }
  },
};

export const cache: CommandModule<OutputFlags, OutputFlags> = {
  command: "cache",
  describe: "About the cache: info, rebuild, clear",
  builder: (cli) =>
    cli
      .command(info)
      .command(rebuild)
      .command(clear)
      .demandCommand(1, "say what to do: varve cache info, rebuild or clear"),
  handler: () => {},
};

function withTarget(cli: Argv<OutputFlags>): Argv<CacheFlags> {
  return cli.positional("target", { type: "string", describe: "The repository's target" });
}

/** The caches of one repository, whichever hosts they are of, or all. */
async function cachesOf({ target }: CacheFlags, environment: Environment): Promise<FoundCache[]> {
  const place = environment.places.cache;
  if (target === undefined) return findCaches(place);
  const { settings } = await readOutline(await reachTarget(target, environment));
  return findCaches(place, settings.repository);
}

function describe({ directory }: FoundCache, { bytes, lastUsed, known }: CacheFacts): string {
  const used = `last used ${formatTime(lastUsed)}`;
  return [directory, formatBytes(bytes), knownText(known), used].join("  ");
}

function knownText(known: Known | undefined): string {
  if (known === undefined) return "in doubt: it is read through when it is opened next";
  const { chunks, packs, indexes } = known;
  return `${count(chunks, "chunk")}, ${count(packs, "pack")}, ${count(indexes, "index object")}`;
}
